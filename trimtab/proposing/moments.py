"""Choices of times: when a post was published, when its counts were read."""

from collections.abc import Mapping
from typing import Any

from trimtab.proposing.choose import Pick, Sure
from trimtab.proposing.names import words
from trimtab.proposing.profile import Sight
from trimtab.proposing.proposal import About, Choice
from trimtab.proposing.settle import delays
from trimtab.proposing.times import Clock

BULK_DAYS = 30  # a file that was read in one go is older than this in the median: then its counts are final ones
ORDER: tuple[Sure, ...] = ("open", "guess", "likely", "sure", "given")


def time_choice(key: str, sight: Sight, pick: Pick, timezone: str | None) -> Choice:
    """A time column with its format and zone, as unsure as the least sure of the three."""
    clock = sight.profiles[pick.column].clock
    assert clock is not None
    reasons, sure, instead = [pick.why] if pick.why else [], pick.sure, list[Any](pick.rivals)
    if clock.other:
        sure = "open"
        reasons.append(
            f"days and months cannot be told apart: no number is above 12, and {_order(clock.format)} is assumed"
        )
        instead.insert(0, _moment(pick.column, clock, timezone) | {"format": clock.other})
    elif clock.swapped:
        reasons.append(f"{_order(clock.format)}: {clock.swapped}")
    if clock.naive and timezone is None and "utc" not in words(pick.column):
        sure = _least(sure, "likely")
        reasons.append("its clock states no zone; UTC is assumed")
        instead.append(_moment(pick.column, clock, "Europe/Berlin"))
    if clock.midnight:
        reasons.append("it has no time of day, so every post counts as published at midnight")
    return Choice(key, _moment(pick.column, clock, timezone), sure, "; ".join(reasons), tuple(instead))


def _moment(column: str, clock: Clock, timezone: str | None) -> dict[str, Any]:
    moment = clock.moment(column, timezone)
    found = {"column": column, "format": moment.format}
    return found if not clock.naive and moment.timezone == "UTC" else found | {"timezone": moment.timezone}


def _order(format: str) -> str:
    return "the day first" if format.find("%d") < format.find("%m") else "the month first"


def _least(one: Sure, two: Sure) -> Sure:
    return min(one, two, key=ORDER.index) if one != "given" else "given"


def due_choice(sight: Sight, about: About, picks: Mapping[str, Pick], timezone: str | None) -> Choice:
    """When the counts were read: a column, or the horizon after publication."""
    hours = about.horizon_hours
    assumed = (
        f"a post's outcome is its count {hours:g} h after publication, and these are taken for such: right for final "
        "counts, too low for posts that were younger when they were read"
    )
    key, pick = "engagement.measured", picks.get("measured")
    if pick is None:
        return after(key, hours, f"no column says when the counts were read; {assumed}")
    told = time_choice(key, sight, pick, timezone)
    waited = delays(sight, picks, "measured")
    if pick.sure != "given" and len(waited) and waited.median() > BULK_DAYS * 24:
        late = f"`{pick.column}` is {waited.median() / 24:,.0f} days after publication in the median"
        why = f"{late}, one late reading of all; {assumed}"
        return Choice(key, {"after_hours": hours}, "likely", why, (told.value,))
    young = float((waited < hours).mean()) if len(waited) else 0.0
    if young:
        why = f"{young:.0%} of the counts were read before {hours:g} h had passed and are no outcome"
        return Choice(key, told.value, told.sure, "; ".join(filter(None, (told.why, why))), told.instead)
    return told


def after(key: str, hours: float, why: str) -> Choice:
    return Choice(key, {"after_hours": hours}, "likely", why, ({"column": "COLUMN"},))
