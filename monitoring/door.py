"""The door: source files in, checked posts, engagement and labels out, the rest held in quarantine.

Everything here can be run again: what came in before adds nothing, a run that was killed is completed by the
next. Each group of batches writes posts, snapshots, labels, then quarantine, and last the table of batches,
which is what says that a batch is in.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas import DataFrame, Series

from monitoring.batches import Batch, Past, batches, check_mapping, groups, together
from monitoring.contract import batch_checks, nullable, row_checks
from monitoring.expectations import findings
from monitoring.history import Measured, Profile, measure, profile
from monitoring.quarantine import Held, Quarantine, batch_entries, note_entry, row_entries
from monitoring.summary import IngestSummary
from trimtab.authors import Authors
from trimtab.conversion import convert, mask_of
from trimtab.errors import SourceError
from trimtab.incoming import add_rows, waiting
from trimtab.lake import Lake
from trimtab.posts import BATCHES, COUNTS
from trimtab.settings import Ingest
from trimtab.source import Feed, Source

TIMES = {"posts": "published_at", "engagement": "measured_at", "labels": "labelled_at"}
Progress = Callable[[str, int], None]  # feed and rows done


@dataclass(frozen=True)
class Door:
    """What every step of one run needs. `until` leaves later rows for a later run."""

    lake: Lake
    authors: Authors
    settings: Ingest
    as_of: datetime
    until: datetime | None = None

    @property
    def quarantine(self) -> Quarantine:
        return Quarantine(self.lake)


def ingest(door: Door, source: Source, progress: Progress | None = None) -> IngestSummary:
    """Let in what the files of a source hold; raises SourceError if not one of them could be read."""
    tally: Counter[str] = Counter()
    problems: list[str] = []
    broken: SourceError | None = None
    matched = {feed.name: check_mapping(source, feed) for feed in source.feeds}
    for feed in source.feeds:
        tally["files"] += len(matched[feed.name])
        past = Past.read(door.lake, source.name, feed.name)
        limit, until = door.settings.chunk_rows, door.until.isoformat() if door.until else ""
        stream = batches(source, feed, matched[feed.name], past, limit, until)
        for group in groups(_unseen(stream, tally), limit):
            problems += _admit(door, source.name, feed, group, past, tally)
            broken = broken or next((batch.broken for batch in group if batch.broken), None)
            if progress is not None:
                progress(feed.name, sum(batch.profile.rows for batch in group))
    for table in ("posts", "snapshots", "labels", "batches", "quarantine"):
        door.lake.tidy(table)
    if broken is not None and not tally["rows_read"] and not tally["batches_unchanged"] + tally["batches_held"]:
        raise broken
    return IngestSummary.of(source.name, tally, problems)


def replay(door: Door, source: Source, ids: Iterable[str], force: bool = False) -> IngestSummary:
    """Take quarantined rows or batches through the door again, after the mapping or the settings were changed.

    `force` lets in a batch that a person judged to be fine; its bad rows stay out all the same.
    """
    tally: Counter[str] = Counter()
    problems: list[str] = []
    entries = [held for held in door.quarantine.find(ids) if held.state == "held"]
    for batch_id in dict.fromkeys(held.batch_id for held in entries):
        mine = tuple(held for held in entries if held.batch_id == batch_id)
        feed, batch = _remade(door.lake, source, batch_id, mine)
        past = Past.read(door.lake, source.name, feed.name)
        problems += _admit(door, source.name, feed, [batch], past, tally, again=mine, force=force)
    return IngestSummary.of(source.name, tally, problems)


def _unseen(stream: Iterable[Batch | str], tally: Counter[str]) -> Iterator[Batch]:
    for batch in stream:
        if isinstance(batch, str):
            tally[f"batches_{batch}"] += 1
        else:
            yield batch


def _admit(
    door: Door, source: str, feed: Feed, group: list[Batch], past: Past, tally: Counter[str],
    again: Sequence[Held] = (), force: bool = False,
) -> list[str]:  # fmt: skip
    """Check a group, write what is good, hold what is not; returns a sentence for each batch that was refused."""
    raw, places = together(group)
    mapped = convert(feed, raw, door.authors, hashed=bool(again)) if len(raw) else DataFrame()
    if len(mapped):
        later = waiting(mapped, door.until)
        raw, places, mapped = raw[~later], places[~later.to_numpy()], mapped[~later]
        mapped["source"] = source
    bad = bad_rows(mapped, feed, door.settings, door.as_of)
    good = pd.Series(True, index=mapped.index) & bad.isna()
    profiles = [_profiled(batch, feed, mapped[good & (places == n)], bad[places == n]) for n, batch in enumerate(group)]
    rowwise = bool(again) and all(held.scope == "row" for held in again)
    refused = {} if force or rowwise else refusals(profiles, list(past.accepted.values()), door.settings)
    refused |= {n: (str(batch.broken),) for n, batch in enumerate(group) if batch.broken is not None}
    inside = good & ~np.isin(places, list(refused))
    for table in feed.tables:
        tally.update(add_rows(door.lake, table, mapped[inside], feed, door.as_of, door.settings))
    entries = _entries(door, source, feed, group, refused, raw, mapped, bad, places)
    if not again:
        tally["rows_quarantined"] += int((bad.notna() & ~np.isin(places, list(refused))).sum())
        tally["rows_quarantined"] += sum(len(batch.malformed) for n, batch in enumerate(group) if n not in refused)
        door.quarantine.hold(entries)
    else:
        _settle_replay(door, again, bad, bool(refused), entries)
    tally["rows_read"] += len(mapped) + sum(len(batch.malformed) for batch in group)
    tally["batches_quarantined"] += len(refused)
    if not rowwise:
        _record(door, source, [replace(p, forced=force) for p in profiles], group, refused, past)
    return [f"{group[n].file}: {'; '.join(reasons)}" for n, reasons in refused.items()]


def bad_rows(mapped: DataFrame, feed: Feed, settings: Ingest, as_of: datetime) -> Series:
    """For each mapped row the first reason that it breaks the contract, or null."""
    reasons = pd.Series(None, index=mapped.index, dtype=object)
    if mapped.empty:
        return reasons
    judged = mapped
    if feed.post is not None:
        for due in ("measured_at", "labelled_at"):
            if due in mapped:
                judged = judged.assign(**{f"{due}_age": (mapped[due] - mapped["published_at"]).dt.total_seconds()})
    for finding in findings(judged, row_checks(feed, settings, as_of)):
        for position in finding.rows:
            if pd.isna(reasons.iat[position]):
                value = judged[finding.check.column].iat[position]
                shown = f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
                reasons.iat[position] = finding.check.reason.replace("{value}", shown)
    return reasons


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


def _profiled(batch: Batch, feed: Feed, good: DataFrame, bad: Series) -> Profile:
    malformed = len(batch.malformed)
    base = replace(batch.profile, rows=len(bad) + malformed, bad=int(bad.notna().sum()) + malformed)
    counts = [count for count in COUNTS if feed.engagement is not None and count in feed.engagement.counts.mapped]
    return profile(base, good, TIMES[feed.name], nullable(feed), counts)


def _entries(
    door: Door, source: str, feed: Feed, group: list[Batch], refused: dict[int, tuple[str, ...]],
    raw: DataFrame, mapped: DataFrame, bad: Series, places: np.ndarray,
) -> list[dict]:  # fmt: skip
    """Quarantine entries of a group: refused batches whole, bad rows and malformed lines of the others."""
    mask, entries = mask_of(feed), list[dict]()
    hashes = mapped["author"] if mask is not None else None
    for n, batch in enumerate(group):
        mine = raw[places == n]
        if batch.broken is not None:
            entries.append(
                note_entry(source, batch.batch_id, "batch", str(batch.broken), {"file": batch.file}, door.as_of)
            )
        elif n in refused:
            reason = "; ".join(refused[n])
            entries += batch_entries(source, batch.batch_id, mine, reason, mask, hashes, door.as_of)
        else:
            wrong = bad[places == n].dropna()
            entries += row_entries(source, batch.batch_id, mine.loc[wrong.index], wrong, mask, hashes, door.as_of)
        for line in batch.malformed:
            # In a line whose cells cannot be told apart, neither can the author: the text stays in the file.
            held = {"line": line.text if mask is None else None, "file": batch.file}
            entries.append(note_entry(source, batch.batch_id, "row", line.why, held, door.as_of))
    return entries


def _record(
    door: Door,
    source: str,
    profiles: list[Profile],
    group: list[Batch],
    refused: dict[int, tuple[str, ...]],
    past: Past,
) -> None:
    rows = []
    for n, (batch, told) in enumerate(zip(group, profiles, strict=True)):
        verdict = "quarantined" if n in refused else "accepted"
        kept = told.told(refused.get(n, ()))
        past.remember(batch.batch_id, batch.file, kept, verdict)
        rows.append({"source": source, "batch_id": batch.batch_id, "file": batch.file, "rows": kept.rows,
                     "at": door.as_of, "verdict": verdict, "profile": kept.to_json()})  # fmt: skip
    door.lake.append("batches", pa.Table.from_pylist(rows, schema=BATCHES))


def _remade(lake: Lake, source: Source, batch_id: str, entries: Sequence[Held]) -> tuple[Feed, Batch]:
    """A batch of quarantined rows, in the feed that they came by."""
    rows = lake.matching("batches", BATCHES.names, "batch_id", pa.array([batch_id])).to_pylist()
    if not rows or entries[0].source != source.name:
        raise SourceError(
            f"Batch {batch_id} came from source '{entries[0].source}'; replay it with that source's YAML."
        )
    told = Profile.from_json(rows[-1]["profile"])
    feed, file = source.feed(told.feed), rows[-1]["file"]
    raws = [row for held in entries for row in held.rows]
    if any("file" in row and set(row) <= {"file", "line"} for row in raws):
        raise SourceError(f"{file} was never read as rows; repair the file or its YAML and ingest it again.")
    lacking = [column for column in feed.columns if column not in raws[0]]
    if lacking:
        raise SourceError(
            f"The quarantined rows of {file} hold no column '{lacking[0]}'; ingest the file again instead."
        )
    frame = DataFrame({name: pd.Series([row.get(name) for row in raws], dtype=object) for name in feed.columns})
    return feed, Batch(batch_id, file, replace(told, rows=len(frame), bad=0, reasons=(), mapping=told.mapping), frame)


def _settle_replay(door: Door, entries: Sequence[Held], bad: Series, refused: bool, again: list[dict]) -> None:
    """Mark what came through as replayed; bad rows of a batch that came through are held one by one."""
    if refused:
        return
    if entries[0].scope == "batch":
        door.quarantine.hold(again)
        door.quarantine.settle(entries, door.as_of)
    else:
        door.quarantine.settle([held for held, reason in zip(entries, bad, strict=True) if pd.isna(reason)], door.as_of)
