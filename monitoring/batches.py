"""Files as batches at the door: which there are, which were let in before, and groups of them.

A batch is a file, or a chunk of a file that is longer than `ingest.chunk_rows`. Small ones are checked and
written together, so that a year of daily files costs a few commits rather than a thousand.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pandas as pd
from pandas import DataFrame

from monitoring.history import Profile
from trimtab.errors import MappingError, SourceError, UnreadableFile
from trimtab.files import expand, fingerprint, format_of
from trimtab.lake import Lake
from trimtab.reading import Chunk, Malformed, chunks, columns
from trimtab.source import Feed, Source, missing


@dataclass(frozen=True)
class Batch:
    """Raw rows of one file or chunk, or the sentence that says why there are none."""

    batch_id: str
    file: str
    profile: Profile
    raw: DataFrame = field(default_factory=DataFrame, repr=False)
    malformed: tuple[Malformed, ...] = ()
    broken: SourceError | None = None


@dataclass
class Past:
    """What the table of batches says about one feed."""

    accepted: dict[str, Profile]
    refused: set[str]
    newest: dict[str, str]  # file -> fingerprint and mapping of the last time that any of it came in

    @classmethod
    def read(cls, lake: Lake, source: str, feed: str) -> "Past":
        rows = lake.read("batches").to_pandas()
        past = cls({}, set(), {})
        for row in rows[rows["source"] == source].sort_values("at", kind="stable").itertuples():
            profile = Profile.from_json(str(row.profile))
            if profile.feed == feed:
                past.remember(str(row.batch_id), str(row.file), profile, str(row.verdict))
        return past

    def remember(self, batch_id: str, file: str, profile: Profile, verdict: str) -> None:
        self.newest[file] = state_of(profile)
        if verdict == "accepted":
            self.accepted[batch_id] = profile
            self.refused.discard(batch_id)
        elif profile.fingerprint and profile.rows:
            self.refused.add(batch_id)

    def fate(self, batch: Batch) -> str | None:
        """`unchanged` or `held` if it came before and nothing else of its file since: it would add nothing."""
        if self.newest.get(batch.file) != state_of(batch.profile):
            return None
        if batch.batch_id in self.accepted:
            return "unchanged"
        return "held" if batch.batch_id in self.refused else None


def state_of(profile: Profile) -> str:
    return f"{profile.fingerprint}/{profile.mapping}"


def check_mapping(source: Source, feed: Feed) -> list[Path]:
    """The files of a feed; raises MappingError if not one of them has the columns that the YAML names."""
    files, first = expand(feed.files, source.yaml.parent), None
    for path in files:
        try:
            lacking = missing(feed, columns(path, format_of(path, feed.format), feed.encoding), path.name)
        except UnreadableFile:
            return files  # told again, with the file's name, when its turn comes
        if lacking is None:
            return files
        first = first or lacking
    raise first or MappingError(f"{source.yaml.name} matches no file.")


def batches(source: Source, feed: Feed, files: list[Path], past: Past, rows: int, until: str) -> Iterator[Batch | str]:
    """Every batch of a feed in order of file name; a word (see Past.fate) stands for one that came before."""
    for path in files:
        name = _relative(path, source.yaml.parent)
        base = Profile(feed.name, "", True, 0, 0, mapping=feed.mark + until)
        try:
            base = Profile(feed.name, fingerprint(path), True, 0, 0, mapping=feed.mark + until)
            form = format_of(path, feed.format)
            lacking = missing(feed, columns(path, form, feed.encoding), path.name)
            if lacking is not None:
                raise lacking
            for batch in _of_file(name, base, chunks(path, list(feed.columns), form, feed.encoding, rows), source.name):
                yield past.fate(batch) or batch
        except SourceError as error:
            yield Batch(_id(source.name, name, base, -1), name, base, broken=error)


def _of_file(name: str, base: Profile, parts: Iterator[Chunk], source: str) -> Iterator[Batch]:
    held = next(parts, None)
    whole = True
    while held is not None:
        following = next(parts, None)
        whole = whole and following is None
        size = len(held.frame) + len(held.malformed)
        profile = Profile(base.feed, base.fingerprint, whole, size, len(held.malformed), mapping=base.mapping)
        yield Batch(_id(source, name, base, held.number), name, profile, held.frame, held.malformed)
        held = following


def groups(stream: Iterator[Batch], rows: int) -> Iterator[list[Batch]]:
    """Consecutive batches, put together while they stay within `rows` rows."""
    group: list[Batch] = []
    for batch in stream:
        if group and sum(len(each.raw) for each in group) + len(batch.raw) > rows:
            yield group
            group = []
        group.append(batch)
    if group:
        yield group


def together(group: list[Batch]) -> tuple[DataFrame, np.ndarray]:
    """The raw rows of a group in one frame, and for each row the place of its batch."""
    frames = [batch.raw for batch in group]
    places = np.repeat(np.arange(len(group)), [len(frame) for frame in frames])
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return DataFrame(), places
    if any((frame.dtypes != filled[0].dtypes).any() for frame in filled):
        filled = [frame.astype(object) for frame in filled]
    return pd.concat(filled, ignore_index=True), places


def _id(source: str, file: str, base: Profile, number: int) -> str:
    words = "\0".join((source, base.feed, file, state_of(base), str(number)))
    return blake2b(words.encode(), digest_size=8).hexdigest()


def _relative(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
