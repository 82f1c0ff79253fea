"""The door: source files in, checked posts, engagement and labels out, the rest held in quarantine.

Everything here can be run again: what came in before adds nothing, a run that was killed is completed by the
next. Each group of batches writes posts, snapshots, labels, then quarantine, and last the table of batches,
which is what says that a batch is in.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa
from pandas import DataFrame, Series

from monitoring.batches import Batch, Past, batches, check_mapping, groups, together
from monitoring.history import Profile
from monitoring.judgement import bad_rows, profiled, refusals
from monitoring.quarantine import Quarantine, batch_entries, note_entry, row_entries
from monitoring.summary import IngestSummary
from trimtab.authors import Authors
from trimtab.conversion import convert, mask_of
from trimtab.errors import SourceError
from trimtab.incoming import add_rows, waiting
from trimtab.lake import Lake
from trimtab.posts import BATCHES
from trimtab.settings import Ingest
from trimtab.source import Feed, Source

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


@dataclass(frozen=True)
class Judged:
    """A group of batches after the checks. Frames share one index; `places` says which batch a row is of."""

    source: str
    feed: Feed
    group: list[Batch]
    profiles: list[Profile]
    raw: DataFrame
    mapped: DataFrame
    places: np.ndarray
    bad: Series  # for each row the reason that it is refused, or null
    refused: dict[int, tuple[str, ...]]  # place of a batch -> reasons that it is refused whole

    @property
    def inside(self) -> DataFrame:
        """Mapped rows that may come in."""
        return self.mapped[self.bad.isna().to_numpy() & ~np.isin(self.places, list(self.refused))]

    @property
    def problems(self) -> list[str]:
        return [f"{self.group[n].file}: {'; '.join(reasons)}" for n, reasons in sorted(self.refused.items())]


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
            problems += _take_in(door, source.name, feed, group, past, tally)
            broken = broken or next((batch.broken for batch in group if batch.broken), None)
            if progress is not None:
                progress(feed.name, sum(batch.profile.rows for batch in group))
    for table in ("posts", "snapshots", "labels", "batches", "quarantine"):
        door.lake.tidy(table)
    if broken is not None and not tally["rows_read"] and not tally["batches_unchanged"] + tally["batches_held"]:
        raise broken
    return IngestSummary.of(source.name, tally, problems)


def _take_in(door: Door, source: str, feed: Feed, group: list[Batch], past: Past, tally: Counter[str]) -> list[str]:
    """One group through the door; its frames are gone before the next is read."""
    judged = judge(door, source, feed, group, past)
    let_in(door, judged, tally)
    hold(door, judged, tally)
    record(door, judged, past)
    return judged.problems


def judge(
    door: Door, source: str, feed: Feed, group: list[Batch], past: Past, replayed: bool = False, whole: bool = True
) -> Judged:
    """Map and check a group; `replayed` rows carry hashed authors, `whole` says whether batches are judged too."""
    raw, places = together(group)
    mapped = convert(feed, raw, door.authors, hashed=replayed) if len(raw) else DataFrame()
    if len(mapped):
        later = waiting(mapped, door.until)
        raw, places, mapped = raw[~later], places[~later.to_numpy()], mapped[~later].assign(source=source)
    bad = bad_rows(mapped, feed, door.settings, door.as_of)
    good = mapped[bad.isna().to_numpy()]
    good_places = places[bad.isna().to_numpy()]
    profiles = [profiled(batch, feed, good[good_places == n], bad[places == n]) for n, batch in enumerate(group)]
    refused = refusals(profiles, list(past.accepted.values()), door.settings) if whole else {}
    refused |= {n: (str(batch.broken),) for n, batch in enumerate(group) if batch.broken is not None}
    return Judged(source, feed, group, profiles, raw, mapped, places, bad, refused)


def let_in(door: Door, judged: Judged, tally: Counter[str], held: bool = False) -> None:
    """Write the good rows of accepted batches; `held` ones come from quarantine."""
    inside = judged.inside
    for table in judged.feed.tables:
        tally.update(add_rows(door.lake, table, inside, judged.feed, door.as_of, door.settings, held))
    tally["rows_read"] += len(judged.mapped) + sum(len(batch.malformed) for batch in judged.group)
    tally["batches_quarantined"] += len(judged.refused)


def hold(door: Door, judged: Judged, tally: Counter[str]) -> None:
    """Quarantine refused batches whole, and bad rows and malformed lines of the others."""
    entries, mask = list[dict](), mask_of(judged.feed)
    hashes = judged.mapped["author"] if mask is not None and len(judged.mapped) else None
    for n, batch in enumerate(judged.group):
        named = (judged.source, batch.batch_id)
        mine, wrong = judged.raw[judged.places == n], judged.bad[judged.places == n].dropna()
        if batch.broken is not None:
            entries.append(note_entry(*named, "batch", str(batch.broken), {"file": batch.file}, door.as_of))
        elif n in judged.refused:
            entries += batch_entries(*named, mine, "; ".join(judged.refused[n]), mask, hashes, door.as_of)
        else:
            entries += row_entries(*named, mine.loc[wrong.index], wrong, mask, hashes, door.as_of)
            tally["rows_quarantined"] += len(wrong) + len(batch.malformed)
        for line in batch.malformed:
            # In a line whose cells cannot be told apart, neither can the author: the text stays in the file.
            raw = {"line": line.text if mask is None else None, "file": batch.file, "number": line.number}
            entries.append(note_entry(*named, "row", line.why, raw, door.as_of))
    if entries:
        door.quarantine.hold(entries)


def record(door: Door, judged: Judged, past: Past, forced: bool = False) -> None:
    """Say which batches are in and which are not: the last write of a group."""
    rows = []
    for n, (batch, profile) in enumerate(zip(judged.group, judged.profiles, strict=True)):
        verdict = "quarantined" if n in judged.refused else "accepted"
        kept = replace(profile, forced=forced, reasons=judged.refused.get(n, ()))
        past.remember(batch.batch_id, batch.file, kept, verdict)
        rows.append(
            {
                "source": judged.source,
                "batch_id": batch.batch_id,
                "file": batch.file,
                "rows": kept.rows,
                "at": door.as_of,
                "verdict": verdict,
                "profile": kept.to_json(),
            }
        )
    door.lake.append("batches", pa.Table.from_pylist(rows, schema=BATCHES))


def _unseen(stream: Iterable[Batch | str], tally: Counter[str]) -> Iterator[Batch]:
    for batch in stream:
        if isinstance(batch, str):
            tally[f"batches_{batch}"] += 1
        else:
            yield batch
