"""The append-only record of trainings, decisions and alias moves.

One SQLite file. Rows are added and never changed: triggers refuse UPDATE and DELETE, and an insert that
would replace a row is ignored. Safe with several processes (WAL) and against kill -9 (one transaction an entry).
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from trimtab.errors import LedgerError, hint

KINDS = (
    "decision",
    "trained",
    "promotion_intended",
    "promoted",
    "promotion_refused",
    "rollback_intended",
    "rolled_back",
    "rollback_refused",
    "retrain_started",
    "retrain_finished",
    "gates_judged",
    "review_wanted",
    "approved",
    "refused",
    "acknowledged",
    "moved_by_hand",
    "challenger_moved",
    "watch_begun",
    "watch_ended",
    "reproduced",
)
FORMAT = 1  # PRAGMA user_version of the file
BUSY_SECONDS = 30
COLUMNS = "id, at, kind, model, version, previous, actor, reason, evidence, key"
TABLE = """
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL, kind TEXT NOT NULL, model TEXT NOT NULL, version TEXT, previous TEXT,
    actor TEXT NOT NULL, reason TEXT NOT NULL, evidence TEXT NOT NULL, key TEXT UNIQUE
) STRICT;
CREATE INDEX IF NOT EXISTS entries_by_model ON entries (model, kind, id);
CREATE TRIGGER IF NOT EXISTS entries_are_not_changed BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: an entry cannot be changed'); END;
CREATE TRIGGER IF NOT EXISTS entries_are_not_removed BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: an entry cannot be removed'); END;
CREATE TRIGGER IF NOT EXISTS entries_are_not_replaced BEFORE INSERT ON entries
WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.id OR key = NEW.key)
BEGIN SELECT RAISE(IGNORE); END;
"""


@dataclass(frozen=True)
class Entry:
    """One thing that was decided or done, by whom and why."""

    id: int
    at: datetime
    kind: str
    model: str
    version: str | None
    previous: str | None
    actor: str
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)
    key: str | None = None

    def __str__(self) -> str:
        version = f" {self.version}" if self.version else ""
        moved = f" (before: {self.previous})" if self.previous else ""
        what = f"{self.model}{version}: {self.kind.replace('_', ' ')}{moved}"
        return f"{self.at:%Y-%m-%d %H:%M} {what} by {self.actor}: {self.reason}"


class Ledger:
    """The file at `path`, made on the first entry; opened for each call, so it may be shared by threads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(
        self,
        kind: str,
        *,
        at: datetime,
        model: str,
        actor: str,
        reason: str,
        version: str | None = None,
        previous: str | None = None,
        evidence: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> Entry:
        """Add an entry. A `key` that is there already adds nothing and returns the first entry."""
        if kind not in KINDS:
            raise LedgerError(
                f"The ledger has no kind of entry '{kind}'.{hint(kind, KINDS)} Kinds: {', '.join(KINDS)}."
            )
        if at.tzinfo is None:
            raise LedgerError(f"Entry '{kind}' is dated {at}, without a time zone; give the moment in UTC.")
        moment = at.astimezone(UTC).isoformat(timespec="microseconds")
        row = (moment, kind, model, version, previous, actor, reason, _to_json(kind, evidence), key)
        with self._open() as database:
            added = database.execute(
                f"INSERT INTO entries ({COLUMNS[4:]}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING {COLUMNS}",
                row,
            ).fetchone()
            kept = added or database.execute(f"SELECT {COLUMNS} FROM entries WHERE key = ?", (key,)).fetchone()
        return _entry(kept)

    def find(self, key: str) -> Entry | None:
        """The entry made under `key`, or None."""
        found = self._select("WHERE key = ?", (key,))
        return found[0] if found else None

    def entries(self, model: str | None = None, kind: str | None = None, limit: int | None = None) -> list[Entry]:
        """Entries from old to new; `limit` keeps the newest."""
        wanted = {"model": model, "kind": kind}
        given = {column: value for column, value in wanted.items() if value is not None}
        where = "WHERE " + " AND ".join(f"{column} = ?" for column in given) if given else ""
        newest_first = self._select(
            f"{where} ORDER BY id DESC LIMIT ?", (*given.values(), -1 if limit is None else limit)
        )
        return newest_first[::-1]

    def _select(self, rest: str, values: tuple[Any, ...]) -> list[Entry]:
        if not self.path.exists():
            return []
        with self._open() as database:
            return [_entry(row) for row in database.execute(f"SELECT {COLUMNS} FROM entries {rest}", values)]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection whose transaction ends with the block; SQLite's own errors become sentences."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self.path, timeout=BUSY_SECONDS)
            try:
                self._lay_out(database)
                with database:
                    yield database
            finally:
                database.close()
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(
                f"The ledger at {self.path} cannot be used: {error}. Nothing was added; "
                "free the disk or restore the file, then run the command again."
            ) from error

    def _lay_out(self, database: sqlite3.Connection) -> None:
        if database.execute("PRAGMA user_version").fetchone()[0] >= FORMAT:
            return
        with FileLock(f"{self.path}.lock", timeout=BUSY_SECONDS):  # two first uses at once
            database.execute("PRAGMA journal_mode = WAL")
            database.executescript(f"BEGIN IMMEDIATE; {TABLE} PRAGMA user_version = {FORMAT}; COMMIT;")


def _to_json(kind: str, evidence: dict[str, Any] | None) -> str:
    try:
        return json.dumps(evidence or {}, sort_keys=True, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise LedgerError(f"The evidence of '{kind}' cannot be written as JSON: {error}. Give plain values.") from error


def _plain(value: Any) -> Any:
    """Moments as ISO text, numpy scalars as numbers; anything else is refused."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not a plain value")


def _entry(row: tuple[Any, ...]) -> Entry:
    number, at, kind, model, version, previous, actor, reason, evidence, key = row
    moment = datetime.fromisoformat(at)
    return Entry(number, moment, kind, model, version, previous, actor, reason, json.loads(evidence), key)
