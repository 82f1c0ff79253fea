"""A proposal tried on a sample: through the conversion and the contract that ingest holds rows to."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas import DataFrame, Series

from trimtab.authors import KEY_BYTES, Authors
from trimtab.conversion import convert
from trimtab.incoming import due_by
from trimtab.settings import Ingest
from trimtab.source import Feed

if TYPE_CHECKING:  # the command line knows the rooms above only inside its functions
    from monitoring.contract import Check

SHOWN_REASONS = 3
LONGEST_REASON = 160
VALUE = re.compile(r"'.*'", re.DOTALL)


@dataclass(frozen=True)
class Trial:
    """Of `rows` sampled rows: how many would come in, with counts, with labels, and why the others would be held."""

    rows: int
    taken: int
    counted: int
    labelled: int
    reasons: tuple[tuple[int, str], ...]  # how many, and the first of them in words
    first: pd.Timestamp | None
    last: pd.Timestamp | None  # of the moments by which an outcome was known, or else of publication

    @property
    def held_share(self) -> float:
        return 1 - self.taken / self.rows if self.rows else 0.0


def attempt(feed: Feed, frame: DataFrame, settings: Ingest, as_of: datetime) -> Trial:
    """What `trimtab ingest` would do with these raw rows; their authors are hashed with a key of nobody."""
    mapped = convert(feed, frame, Authors(bytes(KEY_BYTES)))
    reasons = held(mapped, feed, settings, as_of)
    good = mapped[reasons.isna()]
    latest = as_of + timedelta(hours=settings.future_tolerance_hours)
    due = {table: good[due_by(good, table, latest)] for table in feed.tables}
    outcomes = [
        due[table][column]
        for table, column in (("snapshots", "measured_at"), ("labels", "labelled_at"))
        if table in due
    ]
    moments = pd.concat([each for each in outcomes if len(each)] or [good["published_at"]])
    return Trial(
        len(mapped), len(good), len(due.get("snapshots", ())), len(due.get("labels", ())), _ranked(reasons),
        good["published_at"].min() if len(good) else None, moments.max() if len(moments) else None,
    )  # fmt: skip


def held(mapped: DataFrame, feed: Feed, settings: Ingest, as_of: datetime) -> Series:
    """For each row the reason that it would be held, or null: the door's contract without the door's machinery."""
    from monitoring.contract import row_checks

    ages = {
        f"{due}_age": (mapped[due] - mapped["published_at"]).dt.total_seconds()
        for due in ("measured_at", "labelled_at")
        if due in mapped
    }
    judged, reasons = mapped.assign(**ages), pd.Series(None, index=mapped.index, dtype=object)
    for check in row_checks(feed, settings, as_of):
        if check.column in judged:
            values = judged[check.column]
            broken = _broken(check, values) & reasons.isna()
            reasons[broken] = values[broken].map(lambda value, check=check: _reason(check, value))
    return reasons


def _broken(check: "Check", values: Series) -> Series:
    if check.rule == "not_null":
        return values.isna()
    if check.rule == "null":
        return values.notna()
    if check.rule == "in_set":
        return values.notna() & ~values.isin(check.allowed)
    wrong = pd.Series(False, index=values.index)
    if check.low is not None:
        wrong |= values < check.low
    if check.high is not None:
        wrong |= values > check.high
    return wrong


def _reason(check: "Check", value: Any) -> str:
    shown = f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) and value is not pd.NaT else str(value)
    words = check.above if check.above and value > check.high else check.reason
    return words.replace("{value}", shown)


def _ranked(reasons: Series) -> tuple[tuple[int, str], ...]:
    """The commonest kinds of reason, whatever values they quote."""
    found = reasons.dropna()
    kinds = found.map(lambda reason: VALUE.sub("", reason))
    first = dict(zip(kinds[::-1], found[::-1], strict=True))
    return tuple((count, first[kind][:LONGEST_REASON]) for kind, count in Counter(kinds).most_common(SHOWN_REASONS))
