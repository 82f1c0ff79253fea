"""The status as a page: the same values that `trimtab status --json` prints, in words first and figures below."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from monitoring.headline import day
from monitoring.links import safe
from monitoring.page import charts

FOLDER = Path(__file__).parent
STATES = {"good": "Fine", "watch": "Worth a look", "act": "Needs a person", "none": "Nothing to judge yet"}
QUIET_DATA = timedelta(days=2)  # without a post, after which the page says so first
Draw = Callable[..., str]


class Drawings:
    """Charts by what they show: a chart is drawn anew only when its figures change."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], tuple[str, str]] = {}

    def get(self, draw: Draw, *about: Any) -> Markup:
        name = (draw.__name__, str(about[0]) if isinstance(about[0], str) else "")
        figures = repr(about)
        if self._kept.get(name, ("", ""))[0] != figures:
            self._kept[name] = figures, draw(*about)
        return Markup(self._kept[name][1])


def render(found: dict[str, Any], now: datetime, drawings: Drawings) -> str:
    """The page of a status, as of `now`."""
    page = _environment().get_template("page.html")
    chart = partial(_chart, drawings)
    made = page.render(found=found, now=now, summary=summary(found, now), states=STATES, chart=chart)
    return made.replace(" %", "\u00a0%")  # a number and its sign stay on one line


def _chart(drawings: Drawings, name: str, *about: Any) -> Markup:
    return drawings.get(getattr(charts, name), *about)


def refused(sentence: str, now: datetime) -> str:
    """The page where there is no status: why, in a sentence."""
    return _environment().get_template("refused.html").render(sentence=sentence, now=now)


def summary(found: dict[str, Any], now: datetime) -> list[dict[str, str]]:
    """What everybody should read, worst first: sentences with their state."""
    said = [{"state": m["headline"]["state"], "sentence": _full(m["headline"]), "model": name}
            for name, m in found["models"].items()]  # fmt: skip
    said += [
        {
            "state": "act",
            "sentence": f"The flow {run['flow']} of {run['subject']} fails since {day(run['at'])}.",
            "model": "",
        }
        for run in found["failing"]
    ]
    last = found["data"]["last"]
    if last is None:
        said.append(
            {"state": "none", "sentence": "No post has come in yet. First: trimtab ingest SOURCE.yaml", "model": ""}
        )
    elif now - last > QUIET_DATA:
        said.append({"state": "watch", "sentence": f"No new post has come in since {day(last)}.", "model": ""})
    order = ("act", "watch", "none", "good")
    return sorted(said, key=lambda each: order.index(each["state"]))


def _full(headline: dict[str, str]) -> str:
    return " ".join(part for part in (headline["sentence"], headline["serves"]) if part)


@cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    found.filters |= {
        "day": day, "short_day": short_day, "moment": moment, "figure": figure, "share": share_of, "told": told,
        "capital": capital,
    }  # fmt: skip
    found.tests["safe_url"] = _linkable
    found.globals["style"] = Markup((FOLDER / "page.css").read_text(encoding="utf-8"))
    return found


def _linkable(url: object) -> bool:
    """A page of ours, or http: never a script."""
    return safe(url) or (isinstance(url, str) and url.startswith("reports/"))


def capital(sentence: str) -> str:
    """With a capital and a full stop; the name of a column at its beginning stays as it is."""
    said = sentence.strip()
    begin = said[:1] if "_" in said.split(" ", 1)[0] else said[:1].upper()
    return begin + said[1:] + ("" if said.endswith((".", "!", "?", "`")) else ".")


def short_day(moment: date) -> str:
    return f"{moment.day} {moment:%b} {moment.year % 100:02}"


def moment(at: datetime) -> str:
    return f"{day(at)}, {at:%H:%M} UTC"


def figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def share_of(value: float | None) -> str:
    """Of a limit; what is far beyond is not counted out."""
    return "–" if value is None else "> 999 %" if value > 9.99 else f"{100 * value:.0f} %"


def told(sentence: str) -> Markup:
    """Escaped, with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(sentence))))
