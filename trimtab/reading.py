"""Source files as chunks of rows, in bounded memory whatever their length.

Text formats come back as they stand in the file (CSV cells are strings, an empty cell is null), so that what
a value means is decided in one place, trimtab.conversion. What cannot be read raises UnreadableFile.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from pandas import DataFrame

from trimtab.errors import UnreadableFile
from trimtab.files import opened, readable, seekable
from trimtab.mapping import Format

BLOCK_BYTES = 16 << 20  # of CSV read at a time; no single row may be longer
DELIMITERS = {"csv": ",", "csv_semicolon": ";", "tsv": "\t"}
CHUNK_CHARS = 64 << 20  # of JSON lines held at a time, however few rows that is


@dataclass(frozen=True)
class Malformed:
    """A line that holds no row: its text and why."""

    text: str
    why: str
    number: int | None = None  # counted from 1 in the file


@dataclass(frozen=True)
class Chunk:
    """Rows of one file; `frame` has the columns asked for and a plain 0..n-1 index."""

    number: int
    frame: DataFrame
    malformed: tuple[Malformed, ...] = ()


def columns(path: Path, form: Format, encoding: str) -> list[str]:
    """Names of the columns that a file has; for JSON lines, of its first 1,000 objects."""
    with readable(path):
        if form == "parquet":
            with seekable(path) as stream:
                return list(pq.ParquetFile(stream).schema_arrow.names)
        if form == "jsonl":
            for rows, _ in _objects(path, encoding, 1_000):
                return list(dict.fromkeys(key for row in rows for key in row))
            raise UnreadableFile(f"{path.name} is empty; nothing was taken from it.")
        return _header(path, form, encoding)


def chunks(path: Path, names: list[str], form: Format, encoding: str, rows: int) -> Iterator[Chunk]:
    """The file in chunks of up to `rows` rows; a file without rows raises UnreadableFile."""
    readers = {**dict.fromkeys(DELIMITERS, _csv), "jsonl": _jsonl, "parquet": _parquet}
    number = -1
    with readable(path):
        for number, chunk in enumerate(readers[form](path, names, form, encoding, rows)):
            yield Chunk(number, chunk.frame.reset_index(drop=True), chunk.malformed)
        if number < 0:
            raise UnreadableFile(f"{path.name} has no rows; nothing was taken from it.")


def _csv(path: Path, names: list[str], form: Format, encoding: str, rows: int) -> Iterator[Chunk]:
    header, bad = _header(path, form, encoding), list[Malformed]()

    def keep(row: Any) -> str:
        bad.append(
            Malformed(
                row.text, f"the line has {row.actual_columns} cells, the header {row.expected_columns}", row.number
            )
        )
        return "skip"

    with opened(path) as stream:
        reader = pacsv.open_csv(
            stream,
            pacsv.ReadOptions(block_size=BLOCK_BYTES, encoding=encoding, column_names=header, skip_rows=1),
            pacsv.ParseOptions(delimiter=DELIMITERS[form], newlines_in_values=True, invalid_row_handler=keep),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), include_columns=names, null_values=[""],
                strings_can_be_null=True, quoted_strings_can_be_null=True,
            ),
        )  # fmt: skip
        for table in _of_size(reader, rows):
            yield Chunk(0, table.to_pandas(), tuple(bad))
            bad.clear()


def _of_size(batches: Any, rows: int) -> Iterator[pa.Table]:
    """Record batches of any length, put together and cut to `rows` rows."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        while sum(part.num_rows for part in held) >= rows:
            table = pa.Table.from_batches(held)
            yield table.slice(0, rows)
            held = table.slice(rows).to_batches()
    if any(part.num_rows for part in held):
        yield pa.Table.from_batches(held)


def _jsonl(path: Path, names: list[str], form: Format, encoding: str, rows: int) -> Iterator[Chunk]:
    for objects, malformed in _objects(path, encoding, rows):
        frame = DataFrame({name: pd.Series([row.get(name) for row in objects], dtype=object) for name in names})
        yield Chunk(0, frame, malformed)


def _objects(path: Path, encoding: str, rows: int) -> Iterator[tuple[list[dict], tuple[Malformed, ...]]]:
    found, bad, chars = list[dict](), list[Malformed](), 0
    with opened(path) as stream, io.TextIOWrapper(stream, encoding=_signed(encoding)) as text:
        for number, line in enumerate(text, 1):
            if not line.strip():
                continue
            try:
                found.append(_object(line))
            except ValueError:
                bad.append(Malformed(line.rstrip("\n"), "the line is not a JSON object", number))
                if not found and (len(bad) >= 100 or (number == 1 and line.startswith("["))):
                    raise UnreadableFile(f"{path.name} is not JSON lines: write one object a line.") from None
            chars += len(line)
            if len(found) >= rows or chars > CHUNK_CHARS:
                yield found, tuple(bad)
                found, bad, chars = [], [], 0
    if bad and not found:
        raise UnreadableFile(f"{path.name} is not JSON lines: write one object a line.")
    if found:
        yield found, tuple(bad)


def _object(line: str) -> dict:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError("not an object")
    if "\\ud" in line or "\\uD" in line:  # half of a surrogate pair is no character and cannot be stored
        row = json.loads(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace"))
    return cast(dict, row)


def _parquet(path: Path, names: list[str], form: Format, encoding: str, rows: int) -> Iterator[Chunk]:
    with seekable(path) as stream:
        for table in _of_size(_row_groups(pq.ParquetFile(stream), names, rows), rows):
            frame = table.to_pandas(integer_object_nulls=True)
            for name in frame.select_dtypes("category"):
                frame[name] = frame[name].astype(object)
            yield Chunk(0, frame)


def _row_groups(file: pq.ParquetFile, names: list[str], rows: int) -> Iterator[pa.RecordBatch]:
    """One row group after the other: read in one go, pyarrow keeps the pages of all that it has passed."""
    for number in range(file.num_row_groups):
        yield from file.iter_batches(batch_size=rows, row_groups=[number], columns=names)


def _header(path: Path, form: Format, encoding: str) -> list[str]:
    with opened(path) as stream:
        start = stream.read(4096)
        if not start:
            raise UnreadableFile(f"{path.name} is empty; nothing was taken from it.")
        if b"\0" in start and not encoding.lower().startswith(("utf-16", "utf-32", "utf16", "utf32")):
            raise UnreadableFile(f"{path.name} is binary, not {form}; correct `files` or `format`.")
    with opened(path) as stream, io.TextIOWrapper(stream, encoding=_signed(encoding), newline="") as text:
        names = next(csv.reader(text, delimiter=DELIMITERS[form]), [])
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UnreadableFile(f"{path.name} has two columns called '{twice}'; rename one of them.")
    return names


def _signed(encoding: str) -> str:
    return "utf-8-sig" if encoding.lower().replace("-", "").replace("_", "") == "utf8" else encoding
