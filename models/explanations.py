"""Why a version that is made again may differ: other rows, settings, libraries, code, or another machine."""

import json
from collections.abc import Mapping
from typing import Any

from models.differences import changed

MOST = 6  # things that are named one by one
ROWS = {"learned": "It learned from", "fresh": "It was scored on"}


def explanations(
    then: Mapping[str, Any], now: Mapping[str, Any], environment_then: bytes | None, environment_now: bytes
) -> list[str]:
    """Sentences; `then` and `now` are the contents of training.json."""
    said = [text for part, verb in ROWS.items() if (text := _rows(verb, then[part], now[part]))]
    asked = [path for part in ("settings", "fit") for path in changed(then[part], now[part], part)]
    said += [f"Settings are not what they were: {_few(asked)}."] if asked else []
    try:
        before = json.loads(environment_then or b"")
    except ValueError:
        return [*said, "It is not known with which libraries and code it was made."]
    return said + _environment(before, json.loads(environment_now))


def _rows(verb: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    columns = changed(then["columns"], now["columns"])
    if then["rows"] != now["rows"]:
        return f"{verb} {now['rows']:,} rows now and {then['rows']:,} then: data or the code that reads it changed."
    if columns:
        return f"{verb} the same number of rows with other values in {_few(columns)}."
    return None


def _environment(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    said = []
    for part, lead in (("libraries", "Other versions of libraries"), ("machine", "Another machine")):
        names = changed(then[part], now[part])
        pairs = [f"{name} {then[part].get(name)} then, {now[part].get(name)} now" for name in names]
        said += [f"{lead}: {_few(pairs, '; ')}."] if pairs else []
    modules = changed(then["code"], now["code"])
    return said + ([f"Our code has changed since: {_few(modules)}."] if modules else [])


def _few(names: list[str], between: str = ", ") -> str:
    more = f"{between}and {len(names) - MOST} more" if len(names) > MOST else ""
    return between.join(names[:MOST]) + more
