"""What training.json says of a version, read back into what was asked, of which data, with which settings."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models.about import SETTINGS
from models.history import Origin
from models.request import Base, Request
from trimtab.settings import Settings
from trimtab.windows import Window

Record = Mapping[str, Any]


def record_of(content: bytes) -> Record:
    return json.loads(content)


def origin_of(record: Record) -> Origin | None:
    """Where the rows came from; None where they were not those of a lake."""
    data = record["data"]
    if data is None:
        return None
    return Origin(
        period=_window(data["period"]),
        as_of=datetime.fromisoformat(data["as_of"]),
        lake=data["lake"],
        features_as_of=datetime.fromisoformat(data["features_as_of"]),
        features_lake=data["features_lake"],
        blocked=tuple(_window(ends) for ends in data["blocked"]),
    )


def base_of(record: Record) -> str | None:
    """The version whose booster is shared."""
    return record["base"] and str(record["base"]["version"])


def request_of(record: Record, base_files: Mapping[str, bytes]) -> Request:
    """`base_files` is the bundle of base_of(record), or nothing where it is None."""
    told = record["base"]
    base = Base(str(told["version"]), datetime.fromisoformat(told["as_of"]), base_files) if told else None
    as_of, since, cut = (_moment(record[name]) for name in ("as_of", "since", "cut"))
    assert as_of is not None
    return Request(as_of, since, cut, base)


def settings_of(record: Record, settings: Settings) -> Settings:
    """`settings` with all that decided this training as it was then; what is not a setting any more is left out."""
    kept = record["settings"]
    then = {name: _section(getattr(settings, name), kept[name]) for name in (*SETTINGS, "release")}
    return settings.model_copy(update={"seed": kept["seed"], **then})


def _section(section: Any, kept: Mapping[str, Any]) -> Any:
    known = {name: value for name, value in kept.items() if name in type(section).model_fields}
    return section.model_copy(update=known)  # as they were read, not validated anew: 48 stays 48


def _window(ends: list[str]) -> Window:
    return Window(*map(datetime.fromisoformat, ends))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
