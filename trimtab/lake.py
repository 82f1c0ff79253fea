"""The lake: Delta tables on a path. Inserts are idempotent MERGEs, reads can pin a version."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, Schema, write_deltalake
from deltalake.exceptions import DeltaError
from filelock import FileLock
from pyarrow.dataset import Dataset
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

from trimtab.errors import LakeError
from trimtab.posts import TABLES

LOCK_SECONDS = 600
TIDY_FILES, TIDY_BYTES = 64, 64 << 20
FOREVER = {"delta.logRetentionDuration": "interval 36500 days"}  # versions are what runs are reproduced from


class Lake:
    """Tables of `trimtab.posts.TABLES` below one folder; a table exists from its first row on."""

    def __init__(self, path: Path, pins: Mapping[str, int] | None = None) -> None:
        self.path, self._pins = path, dict(pins or {})

    def at(self, versions: Mapping[str, int]) -> "Lake":
        """For readers: each table of `versions` as it was at that Delta version, -1 for not there yet."""
        return Lake(self.path, versions)

    def exists(self, table: str) -> bool:
        pinned = self._pins.get(table)
        return DeltaTable.is_deltatable(str(self._location(table))) if pinned is None else pinned >= 0

    def version(self, table: str) -> int:
        """The Delta version that a reader sees now; -1 before the first write."""
        return self._open(table).version() if self.exists(table) else -1

    def read(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        filter: pc.Expression | None = None,
        version: int | None = None,
    ) -> pa.Table:
        """Rows of a table, at its newest version unless one is pinned; an absent table has no rows."""
        missing = not self.exists(table)
        names = list(columns) if columns else TABLES[table].names
        if missing:
            return TABLES[table].empty_table().select(names)
        pinned = self._pins.get(table) if version is None else version
        with self._still_there(table, pinned):
            return self._read(table, names, filter, pinned)

    def _read(self, table: str, names: list[str], filter: pc.Expression | None, version: int | None) -> pa.Table:
        dataset = self._dataset(table, version)
        if not set(TABLES[table].names) <= set(dataset.schema.names):  # written before a column was thought of
            found = _grown(table, dataset.to_table())
            return (found if filter is None else found.filter(filter)).select(names)
        try:
            found = dataset.to_table(columns=names, filter=filter)
        except pa.ArrowNotImplementedError:  # MERGE writes string views, which pyarrow cannot compare to a string
            parts = [_cast(table, part).filter(filter).select(names) for part in dataset.to_batches()]
            found = pa.concat_tables([TABLES[table].empty_table().select(names), *parts])
        return found.cast(pa.schema([TABLES[table].field(name) for name in names]))

    def matching(self, table: str, columns: Sequence[str], key: str, values: pa.Array) -> pa.Table:
        """Rows whose string column `key` is among `values`; a file whose range of keys lies elsewhere is not opened."""
        shape = pa.schema([TABLES[table].field(name) for name in columns])
        if not len(values) or not self.exists(table):
            return shape.empty_table()
        ends = pc.min_max(values).as_py()
        within = [(key, ">=", ends["min"]), (key, "<=", ends["max"])]
        dataset = self._dataset(table, file_pruning_predicate=within)
        large = pa.large_string()  # a cast keeps the comparison out of reach of the string views (see read)
        found = dataset.to_table(columns=list(columns), filter=pc.field(key).cast(large).isin(values.cast(large)))
        return found.cast(shape)

    def count(self, table: str) -> int:
        """Rows of the table now, from its statistics where Delta keeps them."""
        return self._dataset(table).count_rows() if self.exists(table) else 0

    def append(self, table: str, rows: pa.Table) -> int:
        """Add rows as they are, in one atomic commit; returns how many."""
        if not rows.num_rows:
            return 0
        with self.lock(table), self._whole(table):
            self._create(table)
            write_deltalake(str(self._location(table)), _shaped(table, rows), mode="append")
        return rows.num_rows

    def insert_new(self, table: str, rows: pa.Table, on: Sequence[str]) -> int:
        """MERGE in the rows whose `on` columns are not there yet; returns how many were new."""
        rows = _shaped(table, rows)
        if not rows.num_rows:
            return 0
        with self.lock(table), self._whole(table):
            self._create(table)
            merge = self._open(table).merge(
                source=rows,
                predicate=" AND ".join(f"kept.{column} = new.{column}" for column in on),
                source_alias="new",
                target_alias="kept",
                streamed_exec=False,
            )
            done = merge.when_not_matched_insert_all().execute()
        return int(done["num_target_rows_inserted"])

    def tidy(self, table: str, files: int = TIDY_FILES) -> None:
        """Put many small files together; older versions stay readable, since nothing is deleted."""
        if self.exists(table) and len(self._open(table).file_uris()) >= files:
            with self.lock(table), self._whole(table):
                self._open(table).optimize.compact(target_size=TIDY_BYTES)

    def lock(self, table: str) -> FileLock:
        """One writer a table; held by `with`. Reentrant within a process."""
        if self._pins:
            raise LakeError(f"The lake at {self.path} was opened at past versions; open it anew to write.")
        self.path.mkdir(parents=True, exist_ok=True)
        return FileLock(self.path / f"{table}.lock", timeout=LOCK_SECONDS, is_singleton=True)

    def _create(self, table: str) -> None:
        """The table, with every column that it has by now: rows of before have nulls in a newer one."""
        if not self.exists(table):
            location, empty = str(self._location(table)), TABLES[table].empty_table()
            write_deltalake(location, empty, mode="ignore", configuration=FOREVER)
            return
        kept = self._open(table)
        names = {field.name for field in kept.schema().fields}
        if new := [field for field in TABLES[table] if field.name not in names]:
            kept.alter.add_columns(Schema.from_arrow(pa.schema(new)).fields)

    @contextmanager
    def _whole(self, table: str) -> Iterator[None]:
        """A write that fails leaves the table at its last version; says so in one sentence."""
        try:
            yield
        except (OSError, DeltaError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise LakeError(
                f"Table {table} at {self._location(table)} could not be written ({reason}). It is whole as it was; "
                "make room or mend the disk, then run the same command again."
            ) from error

    @contextmanager
    def _still_there(self, table: str, version: int | None) -> Iterator[None]:
        """A pinned version whose files are gone, as one sentence."""
        try:
            yield
        except (FileNotFoundError, DeltaError) as error:
            if version is None:
                raise
            raise LakeError(
                f"Table {table} at {self._location(table)} no longer holds version {version}: its files are gone, by a "
                "vacuum or with an older copy put in its place. Restore the lake from a backup; without it, what was "
                "made from that version cannot be made again."
            ) from error

    def _location(self, table: str) -> Path:
        if table not in TABLES:
            raise LakeError(f"The lake has no table '{table}'; it has {', '.join(TABLES)}.")
        return self.path / table

    def _dataset(self, table: str, version: int | None = None, **options: Any) -> Dataset:
        """Read by Arrow's own file system: deltalake's calls Python from threads that outlive it, which aborts us."""
        files = SubTreeFileSystem(str(self._location(table).resolve()), LocalFileSystem())
        return self._open(table, version).to_pyarrow_dataset(filesystem=files, **options)

    def _open(self, table: str, version: int | None = None) -> DeltaTable:
        return DeltaTable(str(self._location(table)), version=self._pins.get(table) if version is None else version)


def _cast(table: str, part: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([part]).cast(TABLES[table])


def _grown(table: str, rows: pa.Table) -> pa.Table:
    """`rows` with nulls in the columns that the table had not yet."""
    for field in TABLES[table]:
        if field.name not in rows.schema.names:
            rows = rows.append_column(field, pa.nulls(len(rows), field.type))
    return rows.select(TABLES[table].names).cast(TABLES[table])


def _shaped(table: str, rows: pa.Table) -> pa.Table:
    schema = TABLES[table]
    return rows.select(schema.names).cast(schema)
