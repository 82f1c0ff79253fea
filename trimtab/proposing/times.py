"""How a column writes times: the format that trimtab.moments reads it by, and what stays open."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from pandas import Series

from trimtab.mapping import Moment
from trimtab.moments import UNITS, to_utc

EARLIEST = pd.Timestamp(1990, 1, 1, tz="UTC")  # as at the door
LATEST = pd.Timestamp(2100, 1, 1, tz="UTC")
SHAPED_ROWS = 400  # whose shapes suggest the patterns that are then tried on all
LEAST_SHARE = 0.5  # of the values must be times before the column is one
COMPACT = 5  # a reading of days and months that spans so many times less is the one that was meant
TELLING_DATES, ROWS_A_DATE = 5, 3  # ... if there are so many dates; single posts could be a series, one a month

ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}(?::?\d{2}){0,2}(?:[.,]\d+)?\s?(?:[zZ]|[+-]\d{2}(?::?\d{2})?)?)?")
DATE = re.compile(r"(\d{1,4})([-/.]| )(\d{1,2})\2(\d{2,4})(.*)", re.DOTALL)
COMPACT_DATE = re.compile(r"(?:19|20)\d{6}(.*)", re.DOTALL)
MONTH = r"(?P<month>(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*)"
DAY_NAME = r"(?:(?P<weekday>(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*)(?P<after>,? ))?"
DAY_FIRST = re.compile(rf"{DAY_NAME}\d{{1,2}}(?P<one>[ -]){MONTH}(?P<two>,? |-)\d{{4}}(?P<rest>.*)", re.DOTALL)
MONTH_FIRST = re.compile(rf"{DAY_NAME}{MONTH} \d{{1,2}}(?P<two>,? )\d{{4}}(?P<rest>.*)", re.DOTALL)
CTIME = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2} "
    r"\d{2}:\d{2}:\d{2}(?: (?P<zone>[+-]\d{4}|[A-Z]{3,4}))? \d{4}"
)
REST = re.compile(
    r"(?P<glue>,? (?:at |um |- )?|T|_)(?P<hour>\d{1,2}):\d{2}(?P<second>:\d{2}(?P<fraction>\.\d{1,9})?)?"
    r"(?P<noon> ?[AaPp][Mm])?(?P<gap> ?)(?P<zone>Z|[+-]\d{2}:?\d{2}|[A-Z]{3,4})?"
)
# Abbreviations that a pattern can hold as letters, and the zone of the clock that they mean all year.
ABBREVIATIONS = {
    "UTC": "UTC", "GMT": "UTC", "EST": "Etc/GMT+5", "EDT": "Etc/GMT+4", "CST": "Etc/GMT+6", "CDT": "Etc/GMT+5",
    "PST": "Etc/GMT+8", "PDT": "Etc/GMT+7", "CET": "Etc/GMT-1", "CEST": "Etc/GMT-2", "MSK": "Etc/GMT-3",
    "JST": "Etc/GMT-9",
}  # fmt: skip


@dataclass(frozen=True)
class Clock:
    """How a column is read as times. `share` of its filled values are times between 1990 and 2100."""

    format: str
    share: float
    timezone: str = "UTC"
    naive: bool = False  # no value says in which zone its clock is
    midnight: bool = False  # dates without a time of day
    other: str | None = None  # a reading that fits as well: the days and months the other way round
    swapped: str = ""  # why this reading was taken and not `other`, where the values say it

    def moment(self, column: str, timezone: str | None = None) -> Moment:
        zone = timezone if timezone and self.naive else self.timezone
        return Moment.model_construct(
            column=column, format=self.format, timezone=zone
        )  # checking a zone reads the disk


def clock(values: Series, as_of: datetime) -> Clock | None:
    """The reading that makes times of most filled values, or None if no reading does so for half of them."""
    filled = values.dropna()
    if filled.empty or pd.api.types.is_bool_dtype(filled.dtype):
        return None
    if pd.api.types.is_datetime64_any_dtype(filled.dtype):
        naive = not isinstance(filled.dtype, pd.DatetimeTZDtype)
        return _judged(filled, Clock("iso8601", 0.0, naive=naive))
    epoch = _epoch(filled, as_of)
    if epoch is not None:
        return epoch
    text = filled.astype(str)
    found = [_judged(text, each) for each in _shapes(text)]
    usable = sorted((each for each in found if each is not None), key=lambda each: (-each.share, each.format))
    if not usable:
        return None
    return _of_two(text, usable[0], as_of)


def _judged(values: Series, guess: Clock) -> Clock | None:
    read = to_utc(values, guess.moment("t"))
    inside = read.between(EARLIEST, LATEST)
    share = float(inside.mean())
    if share < LEAST_SHARE:
        return None
    midnight = bool((read[inside] == read[inside].dt.normalize()).all())
    return Clock(guess.format, share, guess.timezone, guess.naive, midnight, guess.other)


def _epoch(values: Series, as_of: datetime) -> Clock | None:
    """Seconds, milliseconds or microseconds since 1970, none of them more than a year ahead of `as_of`."""
    numbers = pd.to_numeric(values, errors="coerce")
    if not np.issubdtype(numbers.dtype, np.number) or numbers.notna().mean() < LEAST_SHARE:
        return None
    latest = (as_of + timedelta(days=366)).timestamp() * 1_000_000
    for format, unit in UNITS.items():
        micros = numbers.astype(float) * unit
        share = float(micros.between(EARLIEST.timestamp() * 1_000_000, latest).mean())
        if share >= LEAST_SHARE:
            return Clock(format, share)
    return None


def _shapes(text: Series) -> list[Clock]:
    """The readings that the shapes of some values suggest, the most frequent first."""
    some = text.iloc[:: max(1, len(text) // SHAPED_ROWS)]
    counted = Counter(shape for value in some for shape in shapes_of(value.strip()))
    return [shape for shape, _ in sorted(counted.items(), key=lambda each: (-each[1], str(each[0])))[:8]]


def shapes_of(value: str) -> list[Clock]:
    """Every reading that one value could have; `share` is still 0."""
    if ISO.fullmatch(value):
        clocked = value[10:]
        return [Clock("iso8601", 0.0, naive=not re.search(r"(?:[zZ]|[+-]\d{2}(?::?\d{2})?)$", clocked))]
    if found := CTIME.fullmatch(value):
        return _ctime(found["zone"])
    for dates, rest in _dates(value):
        tail = _rest(rest)
        if tail is not None:
            return [
                Clock(date + tail.format, 0.0, tail.timezone, tail.naive, other=_other(date, tail)) for date in dates
            ]
    return []


def _ctime(zone: str | None) -> list[Clock]:
    if zone is None:
        return [Clock("%a %b %d %H:%M:%S %Y", 0.0, naive=True)]
    if zone[0] in "+-":
        return [Clock("%a %b %d %H:%M:%S %z %Y", 0.0)]
    return [Clock(f"%a %b %d %H:%M:%S {zone} %Y", 0.0, ABBREVIATIONS[zone])] if zone in ABBREVIATIONS else []


def _other(date: str, tail: Clock) -> str | None:
    parts = re.fullmatch(r"(%[dm])(.)(%[dm])(.%[Yy])", date)
    return f"{parts[3]}{parts[2]}{parts[1]}{parts[4]}{tail.format}" if parts else None


def _dates(value: str) -> list[tuple[list[str], str]]:
    """Patterns for the date that a value begins with, and what follows it."""
    if found := DATE.fullmatch(value):
        first, mark, _, last, rest = found.groups()
        if len(first) == 4 and len(last) == 2:
            return [([f"%Y{mark}%m{mark}%d"], rest)]
        if len(first) <= 2 and len(last) in (2, 4):
            year = "%Y" if len(last) == 4 else "%y"
            return [([f"%d{mark}%m{mark}{year}", f"%m{mark}%d{mark}{year}"], rest)]
    if found := COMPACT_DATE.fullmatch(value):
        return [(["%Y%m%d"], found[1])]
    for shape, day_first in ((DAY_FIRST, True), (MONTH_FIRST, False)):
        if found := shape.fullmatch(value):
            return [([_worded(found, day_first)], found["rest"])]
    return []


def _worded(found: re.Match[str], day_first: bool) -> str:
    weekday, month = found["weekday"], "%b" if len(found["month"]) == 3 else "%B"
    before = (("%a" if len(weekday) == 3 else "%A") + found["after"]) if weekday else ""
    if day_first:
        return f"{before}%d{found['one']}{month}{found['two']}%Y"
    return f"{before}{month} %d{found['two']}%Y"


def _rest(text: str) -> Clock | None:
    """The pattern of a time of day with its zone; None if it is not one."""
    if not text:
        return Clock("", 0.0, naive=True)
    found = REST.fullmatch(text)
    if found is None:
        return None
    noon = found["noon"] or ""
    pattern = found["glue"] + ("%I:%M" if noon else "%H:%M") + (":%S" if found["second"] else "")
    pattern += (".%f" if found["fraction"] else "") + noon[:-2] + ("%p" if noon else "") + found["gap"]
    zone = found["zone"]
    if zone is None:
        return Clock(pattern.rstrip(), 0.0, naive=True)
    if zone == "Z" or zone[0] in "+-":
        return Clock(pattern + "%z", 0.0)
    return Clock(pattern + zone, 0.0, ABBREVIATIONS[zone]) if zone in ABBREVIATIONS else None


def _of_two(text: Series, best: Clock, as_of: datetime) -> Clock:
    """Day or month first, where the values themselves can tell."""
    if best.other is None:
        return best
    rival = _judged(text, Clock(best.other, 0.0, best.timezone, best.naive))
    if rival is None or rival.share < best.share - 0.001:
        why = "a number above 12 stands where only a day can"
        return Clock(best.format, best.share, best.timezone, best.naive, best.midnight, None, why)
    mine, its = (to_utc(text, each.moment("t")).dropna() for each in (best, rival))
    (short, near), (long, _) = sorted(((_days(mine), best), (_days(its), rival)), key=lambda each: each[0])
    latest = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    ahead = {each.format: bool((read > latest).any()) for each, read in ((best, mine), (rival, its))}
    if ahead[best.format] != ahead[rival.format]:
        near, why = (rival if ahead[best.format] else best), "the other way round some would lie in the future"
    elif _telling(mine) and short and long >= COMPACT * short:
        why = f"so they span {short:,.0f} days, the other way round {long:,.0f}"
    else:
        near, why = _usual(best, rival), ""
    other = rival.format if near.format == best.format else best.format
    return Clock(near.format, near.share, near.timezone, near.naive, near.midnight, None if why else other, why)


def _days(moments: Series) -> float:
    return float((moments.max() - moments.min()) / pd.Timedelta(days=1)) if len(moments) > 1 else 0.0


def _telling(moments: Series) -> bool:
    dates = moments.dt.normalize().nunique()
    return dates >= TELLING_DATES and len(moments) >= ROWS_A_DATE * dates


def _usual(one: Clock, two: Clock) -> Clock:
    """Month first with slashes and AM or PM, day first otherwise."""
    american = "/" in one.format and "%p" in one.format
    return one if one.format.startswith("%m" if american else "%d") else two


def unreadable(values: Series) -> str:
    """Why a column that looks like times can be read by no format, or the empty string."""
    numbers = pd.to_numeric(values.dropna(), errors="coerce")
    if len(numbers) and np.issubdtype(numbers.dtype, np.number) and numbers.notna().mean() >= LEAST_SHARE:
        middle = float(numbers.median())
        if 30_000 <= middle <= 60_000:
            return "day numbers of a spreadsheet: format the cells as dates and save again"
        if middle > 1e17:
            return "nanoseconds: divide by 1,000,000,000 for seconds"
    return ""
