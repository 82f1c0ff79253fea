"""Quarantined rows and batches through the door again, after what was wrong with them was put right."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pandas as pd
import pyarrow as pa
from pandas import DataFrame

from monitoring.batches import Batch, Past
from monitoring.door import Door, Judged, hold, judge, let_in, record
from monitoring.history import Profile
from monitoring.quarantine import Held
from monitoring.summary import IngestSummary
from trimtab.errors import SourceError
from trimtab.lake import Lake
from trimtab.posts import BATCHES
from trimtab.source import Feed, Source


def replay(door: Door, source: Source, ids: Iterable[str], force: bool = False) -> IngestSummary:
    """Judge entries again under today's mapping and settings; what comes in is marked as replayed.

    ids: quarantine ids or batch ids. `force` lets in a batch that a person judged to be fine, and makes it a
    precedent for those after it; rows that break the contract stay out all the same.
    """
    tally: Counter[str] = Counter()
    problems: list[str] = []
    entries = [held for held in door.quarantine.find(ids) if held.state == "held"]
    for batch_id, scope in dict.fromkeys((held.batch_id, held.scope) for held in entries):
        mine = [held for held in entries if (held.batch_id, held.scope) == (batch_id, scope)]
        feed, batch = _remade(door.lake, source, batch_id, mine)
        past = Past.read(door.lake, source.name, feed.name)
        whole = scope == "batch"
        judged = judge(door, source.name, feed, [batch], past, replayed=True, whole=whole and not force)
        let_in(door, judged, tally, held=True)
        _mark(door, judged, mine, tally)
        if whole and not judged.refused:
            record(door, judged, past, forced=force)
        problems += judged.problems
    return IngestSummary.of(source.name, tally, problems)


def _remade(lake: Lake, source: Source, batch_id: str, entries: Sequence[Held]) -> tuple[Feed, Batch]:
    """A batch of quarantined rows, in the feed that they came by."""
    rows = lake.matching("batches", BATCHES.names, "batch_id", pa.array([batch_id])).to_pylist()
    if not rows or entries[0].source != source.name:
        raise SourceError(
            f"Batch {batch_id} came from source '{entries[0].source}'; replay it with that source's YAML."
        )
    newest = max(rows, key=lambda row: row["at"])
    profile = Profile.from_json(newest["profile"])
    feed, file = source.feed(profile.feed), newest["file"]
    raws = [row for held in entries for row in held.rows]
    if any("file" in row and set(row) <= {"file", "line", "number"} for row in raws):
        raise SourceError(f"{file} was never read as rows; repair the file or its YAML and ingest it again.")
    lacking = [column for column in feed.columns if column not in raws[0]]
    if lacking:
        raise SourceError(
            f"The quarantined rows of {file} hold no column '{lacking[0]}'; ingest the file again instead."
        )
    frame = DataFrame({name: pd.Series([row.get(name) for row in raws], dtype=object) for name in feed.columns})
    return feed, Batch(batch_id, file, replace(profile, rows=len(frame), bad=0, reasons=()), frame)


def _mark(door: Door, judged: Judged, entries: list[Held], tally: Counter[str]) -> None:
    """What came in is replayed; bad rows of a batch that came in are held one by one from now on."""
    if judged.refused:
        return
    if entries[0].scope == "batch":
        hold(door, judged, tally)
        door.quarantine.settle(entries, door.as_of)
        return
    passed = [held for held, reason in zip(entries, judged.bad, strict=True) if pd.isna(reason)]
    tally["rows_quarantined"] += len(entries) - len(passed)
    door.quarantine.settle(passed, door.as_of)
