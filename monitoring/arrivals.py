"""Data coming in: posts a day of the last weeks, the last arrival of each source, and what is held back."""

from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from monitoring.quarantine import Held
from trimtab.lake import Lake

DAYS = 42
SHOWN = 5  # reasons


def arrivals(lake: Lake, held: tuple[Held, ...]) -> dict[str, Any]:
    """Plain values. `days` ends with the day of the last arrival and has zeros where nothing came."""
    posts = lake.read("posts", ["source", "known_at"])
    last: datetime | None = pc.max(posts["known_at"]).as_py()
    return {
        "last": last,
        "days": _days(posts["known_at"], last) if last else [],
        "sources": _sources(posts, last) if last else [],
        "held": {"entries": len(held), "batches": len({each.batch_id for each in held}), "newest": _newest(held)},
    }


def _days(moments: pa.ChunkedArray, last: datetime) -> list[dict[str, Any]]:
    first = last.date() - timedelta(days=DAYS - 1)
    counted = pc.value_counts(pc.cast(pc.floor_temporal(moments, unit="day"), pa.timestamp("us")).combine_chunks())
    found: dict[date, int] = {row["values"].date(): row["counts"] for row in counted.to_pylist()}
    days = [first + timedelta(days=n) for n in range(DAYS)]
    return [{"day": day, "posts": found.get(day, 0)} for day in days]


def _sources(posts: pa.Table, last: datetime) -> list[dict[str, Any]]:
    """Each source with its last arrival and its posts of the week up to the last arrival of all."""
    week = pc.greater(posts["known_at"], pa.scalar(last - timedelta(days=7), posts["known_at"].type))
    table = posts.append_column("week", week.cast(pa.int64()))
    grouped = table.group_by("source").aggregate([("known_at", "max"), ("week", "sum"), ("known_at", "count")])
    rows = [
        {"source": r["source"], "last": r["known_at_max"], "week": r["week_sum"], "posts": r["known_at_count"]}
        for r in grouped.to_pylist()
    ]
    return sorted(rows, key=lambda row: str(row["source"]))


def _newest(held: tuple[Held, ...]) -> list[dict[str, Any]]:
    """The newest batches with something held, each with its first reason."""
    batches = {each.batch_id: each for each in reversed(held)}
    return [
        {"at": each.at, "source": each.source, "batch": each.batch_id, "reason": each.reason}
        for each in list(batches.values())[:SHOWN]
    ]
