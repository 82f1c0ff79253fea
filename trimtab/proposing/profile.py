"""What a column holds, read off a sample of its values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from trimtab.conversion import LARGEST_COUNT, NO, YES, strings
from trimtab.moments import to_utc
from trimtab.proposing.times import Clock, clock, unreadable

Kind = Literal["empty", "nested", "flag", "number", "text"]
FLAG_SHARE = 0.95  # of the values must be yes or no
COMMON = 24  # most frequent values that are kept
URL = re.compile(r"(?i)https?://\S+")
DOMAIN = re.compile(r"(?i)(?:[\w-]+\.)+[a-z][\w-]*(?::\d+)?")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
TAG = re.compile(r"</?[a-z][^>]*>")
SHORTENED = re.compile(r"(?:\d{1,3}(?:[., ' ]\d{3})+|\d+(?:[.,]\d+)?\s?[KkMmBb])")  # 1,234 and 1.2K
DAMAGED = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d+")  # an id that a spreadsheet took for a number
WIDE = re.compile(r"[぀-ヿ㐀-鿿가-힯฀-๿]")  # scripts that put no blanks between words


@dataclass(frozen=True)
class Profile:
    """Shares are of the filled values unless they say otherwise."""

    name: str
    kind: Kind
    filled: float = 0.0  # of all rows
    distinct: int = 0
    unique: float = 0.0  # different values over values
    numeric: float = 0.0
    whole: float = 0.0
    negative: float = 0.0
    low: float = 0.0
    high: float = 0.0
    skewed: bool = False  # the mean is above the median, as of every count of attention
    chars: float = 0.0  # median length
    spaced: float = 0.0  # of several words
    urls: float = 0.0
    domains: float = 0.0
    tagged: float = 0.0
    shortened: float = 0.0
    damaged: float = 0.0
    common: Mapping[str, int] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    clock: Clock | None = None
    unreadable: str = ""


@dataclass(frozen=True)
class Sight:
    """A sample of a file and what its columns hold. `repeated` is of the whole file where it was counted."""

    frame: DataFrame
    profiles: Mapping[str, Profile]
    rows: int
    as_of: datetime
    repeated: Mapping[str, int] = field(default_factory=dict)  # column -> rows whose value an earlier row has

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.profiles)


def look(
    frame: DataFrame, as_of: datetime, rows: int | None = None, repeated: Mapping[str, int] | None = None
) -> Sight:
    """Profile every column of a sample; `rows` is the length of the file that it is of."""
    profiles = {str(name): profile(str(name), frame[name], as_of) for name in frame.columns}
    return Sight(frame, profiles, len(frame) if rows is None else rows, as_of, repeated or {})


def profile(name: str, values: Series, as_of: datetime) -> Profile:
    if nested(values):
        return Profile(name, "nested", float(values.notna().mean()))
    text = strings(values)
    words = text.dropna().astype(str)
    if words.empty:
        return Profile(name, "empty")
    counted = words.value_counts(sort=False)
    ranked = sorted(counted.items(), key=lambda each: (-each[1], str(each[0])))
    numbers = pd.to_numeric(words, errors="coerce").astype(float)
    finite = numbers[np.isfinite(numbers)]
    return Profile(
        name,
        _kind(words, finite),
        filled=float(text.notna().mean()),
        distinct=len(counted),
        unique=len(counted) / len(words),
        numeric=len(finite) / len(words),
        whole=float(((finite == finite.round()) & (finite.abs() < LARGEST_COUNT)).sum()) / len(words),
        negative=float((finite < 0).sum()) / len(words),
        low=float(finite.min()) if len(finite) else 0.0,
        high=float(finite.max()) if len(finite) else 0.0,
        skewed=bool(len(finite) and finite.mean() > finite.median()),
        chars=float(words.str.len().median()),
        spaced=float((words.str.strip().str.contains(r"\S\s+\S") | words.str.contains(WIDE)).mean()),
        urls=_share(words, URL),
        domains=_share(words, DOMAIN),
        tagged=float(words.str.contains(TAG).mean()),
        shortened=_share(words, SHORTENED),
        damaged=_share(words, DAMAGED),
        common={str(value): int(count) for value, count in ranked[:COMMON]},
        shown=tuple(dict.fromkeys(words))[:3],
        clock=clock(values.where(text.notna(), None), as_of),
        unreadable=unreadable(words),
    )


def moments(sight: Sight, column: str) -> Series | None:
    """The times of a column in UTC, or None if it holds none."""
    clock = sight.profiles[column].clock
    return to_utc(sight.frame[column], clock.moment(column)) if clock is not None else None


def nested(values: Series) -> bool:
    """Whether cells hold lists or objects, which a source cannot look into."""
    return values.dtype == object and bool(
        values.map(lambda value: isinstance(value, dict | list | tuple | set | np.ndarray)).any()
    )


def _kind(words: Series, finite: Series) -> Kind:
    if words.str.lower().isin(YES | NO).mean() >= FLAG_SHARE:
        return "flag"
    return "number" if len(finite) == len(words) else "text"


def _share(words: Series, pattern: re.Pattern[str]) -> float:
    return float(words.str.fullmatch(pattern).mean())
