"""Rows against the contract, batches against their history: Great Expectations decides, this words it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pandas as pd
from pandas import DataFrame, Series

from monitoring.batches import Batch
from monitoring.contract import Check, batch_checks, nullable, row_checks
from monitoring.expectations import findings
from monitoring.history import Measured, Profile, measure, profile
from trimtab.posts import COUNTS
from trimtab.settings import Ingest
from trimtab.source import Feed

TIMES = {"posts": "published_at", "engagement": "measured_at", "labels": "labelled_at"}


def bad_rows(mapped: DataFrame, feed: Feed, settings: Ingest, as_of: datetime) -> Series:
    """For each mapped row the first reason that it breaks the contract, or null."""
    reasons = pd.Series(None, index=mapped.index, dtype=object)
    judged = mapped
    for due in ("measured_at", "labelled_at"):
        if due in mapped and "published_at" in mapped:
            judged = judged.assign(**{f"{due}_age": (mapped[due] - mapped["published_at"]).dt.total_seconds()})
    for finding in findings(judged, row_checks(feed, settings, as_of)):
        for position in finding.rows:
            if pd.isna(reasons.iat[position]):
                reasons.iat[position] = _reason(finding.check, judged[finding.check.column].iat[position])
    return reasons


def _reason(check: Check, value: Any) -> str:
    dated = isinstance(value, datetime) and not pd.isna(value)  # NaT is a datetime that has no day to show
    shown = f"{value:%Y-%m-%d %H:%M}" if dated else str(value)
    words = check.above if check.above and value > check.high else check.reason
    return words.replace("{value}", shown)


def profiled(batch: Batch, feed: Feed, good: DataFrame, bad: Series) -> Profile:
    """The profile of a batch; `good` are its rows that may come in, `bad` the reason or null of every row."""
    malformed = len(batch.malformed)
    wrong = bad.dropna()
    first = str(wrong.iloc[0]) if len(wrong) else ""
    base = replace(batch.profile, rows=len(bad) + malformed, bad=len(wrong) + malformed, first_bad=first)
    counts = [count for count in COUNTS if feed.engagement is not None and count in feed.engagement.counts.mapped]
    return profile(base, good, TIMES[feed.name], nullable(feed), counts)


def refusals(profiles: list[Profile], accepted: list[Profile], settings: Ingest) -> dict[int, tuple[str, ...]]:
    """Which batches of a group break a check of whole batches, and why.

    Batches are judged in order, each against those accepted before it: all at once at first, as if none were
    refused; after the first one that is, the rest again without it.
    """
    refused: dict[int, tuple[str, ...]] = {}
    history, start = list(accepted), 0
    while start < len(profiles):
        ahead = profiles[start:]
        measured = [measure(batch, history + ahead[:n]) for n, batch in enumerate(ahead)]
        broken = _broken(measured, settings)
        stop = min(broken, default=len(ahead))
        if broken:
            refused[start + stop] = broken[stop]
        history, start = history + ahead[:stop], start + stop + 1
    return refused


def _broken(measured: list[Measured], settings: Ingest) -> dict[int, tuple[str, ...]]:
    frame = DataFrame([each.values for each in measured], dtype=float)
    found: dict[int, tuple[str, ...]] = {}
    for finding in findings(frame, batch_checks(list(frame), settings)):
        for row in finding.rows:
            found[row] = (*found.get(row, ()), measured[row].sentences[finding.check.column])
    return found
