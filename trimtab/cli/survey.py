"""A file that nobody described, looked at: its format, its encoding, a sample of its rows from end to end.

Text is read through twice, once as bytes for the encoding and once by the reader that ingest uses, since lines and
repeated ids can only be told that way; both in bounded memory. What is kept is every nth row, a few thousand in all.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

from trimtab.cli.sniff import Sniffed
from trimtab.conversion import strings
from trimtab.errors import UnreadableFile
from trimtab.proposing.names import named
from trimtab.proposing.profile import URL, nested
from trimtab.reading import chunks, columns

SAMPLE_ROWS = 4_000  # at most, and at least half of it of a file that has so many
SAMPLE_BYTES = 64 << 20
CHUNK_ROWS = 20_000
COUNTED_ROWS = 10_000_000  # of which repeated ids are counted: 8 bytes each
COUNTED_COLUMNS = 4
LONG_HEADER = 100  # characters
NUMBER_OR_TIME = re.compile(r"[+-]?\d[\d.,]*|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b.*")

Progress = Callable[[int], None]  # rows read


@dataclass(frozen=True)
class Survey:
    """`every`: the sample is each nth row. `repeated`: rows whose value came before, of columns that may be ids."""

    frame: DataFrame
    rows: int
    every: int
    malformed: int
    why_malformed: str
    repeated: dict[str, int]


@dataclass
class Sample:
    """Every nth row of a stream of unknown length; n doubles whenever the rows grow too many."""

    every: int = 1
    seen: int = 0
    parts: list[DataFrame] = field(default_factory=list)
    rows: int = 0  # in the parts
    bytes: int = 0

    def add(self, frame: DataFrame) -> None:
        self._keep(frame.iloc[-self.seen % self.every :: self.every])
        self.seen += len(frame)
        while self.rows > SAMPLE_ROWS or (self.rows > 1 and self.bytes > SAMPLE_BYTES):
            self.every *= 2
            half = self.frame().iloc[::2]
            self.parts, self.rows, self.bytes = [], 0, 0
            self._keep(half)

    def frame(self) -> DataFrame:
        return pd.concat(self.parts, ignore_index=True)

    def _keep(self, part: DataFrame) -> None:
        self.parts.append(part)
        self.rows += len(part)
        self.bytes += int(part.memory_usage(deep=True).sum())


@dataclass
class Repeats:
    """How many rows have a value that came before, exactly, for a few columns."""

    hashes: dict[str, list[np.ndarray]] = field(default_factory=dict)
    rows: int = 0

    def add(self, frame: DataFrame) -> None:
        if not self.rows:
            self.hashes = {name: [] for name in _candidates(frame)}
        self.rows += len(frame)
        if self.rows > COUNTED_ROWS:
            return
        for name, found in self.hashes.items():
            found.append(pd.util.hash_array(strings(frame[name]).dropna().astype(str).to_numpy(object)))

    def counted(self) -> dict[str, int]:
        if self.rows > COUNTED_ROWS:
            return {}
        whole = {name: np.concatenate(found) for name, found in self.hashes.items() if found}
        return {name: len(values) - len(np.unique(values)) for name, values in whole.items()}


def survey(path: Path, sniffed: Sniffed, progress: Progress) -> Survey:
    """Raises UnreadableFile with one sentence on whatever is no table of posts."""
    names = _names(path, sniffed)
    sample, repeats, malformed, why = Sample(), Repeats(), 0, ""
    for chunk in chunks(path, names, sniffed.form, sniffed.encoding, CHUNK_ROWS):
        sample.add(chunk.frame)
        repeats.add(chunk.frame)
        malformed += len(chunk.malformed)
        why = why or next((line.why for line in chunk.malformed), "")
        progress(sample.seen)
    frame = sample.frame()
    if sniffed.form not in ("jsonl", "parquet"):
        _refuse_rows_as_header(path, frame)
    return Survey(frame, sample.seen, sample.every, malformed, why, repeats.counted())


def _names(path: Path, sniffed: Sniffed) -> list[str]:
    found = columns(path, sniffed.form, sniffed.encoding)
    broken = next((name for name in found if "\n" in name or "\r" in name), None)
    if broken is not None:
        raise UnreadableFile(f"{path.name}: the column name {broken!r} runs over several lines; put it on one.")
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise UnreadableFile(f"{path.name} has two columns called '{twice[0]}'; rename one of them.")
    filled = [name for name in found if name.strip()]
    if len(filled) < 2:
        raise UnreadableFile(
            f"{path.name} has {'one column' if filled else 'no header'}; a post needs an id, a text and a time, "
            "each in a column of its own under a first line of names."
        )
    return filled


def _refuse_rows_as_header(path: Path, frame: DataFrame) -> None:
    """A first line that reads like the others is a row, not a header."""
    for name in frame.columns:
        telling = NUMBER_OR_TIME.fullmatch(name.strip()) is not None
        values = strings(frame[name]).dropna().astype(str)
        alike = float(values.str.strip().str.fullmatch(NUMBER_OR_TIME).mean()) if len(values) else 0.0
        if (telling and alike > 0.5) or URL.fullmatch(name.strip()) or len(name) > LONG_HEADER:
            shown = f" ('{name}')" if telling else ""
            raise UnreadableFile(
                f"{path.name} has no header: its first line reads like a row{shown}; put a line of column names on top."
            )


def _candidates(frame: DataFrame) -> list[str]:
    """Columns that may be ids, those called so first."""
    found = []
    for name in frame.columns:
        if nested(frame[name]):
            continue
        called = named(name, "id")
        if called >= 0.5 or _distinct(frame[name]) > 0.95:
            found.append((-called, name))
    return [name for _, name in sorted(found)[:COUNTED_COLUMNS]]


def _distinct(values: Series) -> float:
    filled = values.dropna()
    return float(filled.nunique() / len(filled)) if len(filled) else 0.0
