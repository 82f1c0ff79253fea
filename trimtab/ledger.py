"""The append-only record of trainings, decisions and alias moves.

One SQLite file. Rows are added and never changed: triggers refuse UPDATE and DELETE, and an insert that
would replace a row is ignored; what goes past the triggers does not fit the chain of hashes (trimtab/chain.py).
Safe with several processes (one lock, WAL) and against kill -9 (one transaction an entry).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from trimtab import chain
from trimtab.chain import ROOT, Head, Verification
from trimtab.entry import KINDS, MOVES, Entry, from_row, is_move, to_json
from trimtab.errors import LedgerError, hint
from trimtab.ledger_tables import COLUMNS, NEWEST, is_laid_out, lay_out, links

BUSY_SECONDS = 30
WITH_HASH = f"SELECT {COLUMNS}, hash FROM entries LEFT JOIN chain USING (id)"


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
        row = (moment, kind, model, version, previous, actor, reason, to_json(kind, evidence), key)
        with self._alone(), self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            kept = database.execute(f"{WITH_HASH} WHERE key = ?", (key,)).fetchone()
            if kept is None:
                kept = self._add(database, row)
                database.commit()
                with suppress(OSError):  # one step behind is no fault, and the next entry puts it right
                    Head(kept[0], kept[-1]).write(self.head_path)
        return from_row(kept)

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

    def served_at(self, model: str, moment: datetime) -> Entry | None:
        """The move by which a version served at `moment`: `version` since `at`, in place of `previous`.

        None before the first move. `version` is None where somebody had taken `champion` off. Moves count in the order
        in which they were made, whatever their dates: the clock may have jumped.
        """
        until = moment.astimezone(UTC).isoformat(timespec="microseconds")
        marks = ", ".join("?" * len(MOVES))
        where = f"WHERE model = ? AND kind IN ({marks}) AND at <= ? ORDER BY id DESC"
        return next((move for move in self._select(where, (model, *MOVES, until)) if is_move(move)), None)

    def verify(self, noted: Head | None = None) -> Verification:
        """Whether all entries are as they were written, or which is the first that is not.

        `noted` is an entry and its hash that somebody kept elsewhere: it finds a ledger that was hashed anew.
        """
        if not self.path.exists():
            return chain.verify(self.path, [], Head.read(self.head_path), noted)
        with self._alone(), self._open() as database:
            return chain.verify(self.path, links(database), Head.read(self.head_path), noted)

    @property
    def head_path(self) -> Path:
        """The file that names the newest entry."""
        return self.path.with_suffix(".head")

    def _add(self, database: sqlite3.Connection, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """The entry as it was stored, with its hash.

        The head that was noted is put right first, so that it is never two steps behind. Where it does not fit (the end
        was cut off, or all was hashed anew) the new entry is hashed with it all the same, and never fits: what happened
        stays to be seen.
        """
        newest, head = Head(*(database.execute(NEWEST).fetchone() or (0, ROOT))), Head.read(self.head_path)
        before = newest
        if head is not None and not _holds(database, head):
            before = head
        elif head != newest and newest.id:
            newest.write(self.head_path)
        last = database.execute("SELECT max(id) FROM entries").fetchone()[0] or 0
        number = max(newest.id, head.id if head else 0, last) + 1
        stored = (number, *row)
        digest = chain.link(before.hash, stored)
        database.execute("INSERT INTO chain (id, hash) VALUES (?, ?)", (number, digest))
        database.execute(f"INSERT INTO entries ({COLUMNS}) VALUES ({', '.join('?' * len(stored))})", stored)
        return (*stored, digest)

    def _select(self, rest: str, values: tuple[Any, ...]) -> list[Entry]:
        if not self.path.exists():
            return []
        with self._open() as database:
            return [from_row(row) for row in database.execute(f"{WITH_HASH} {rest}", values)]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection whose transaction ends with the block."""
        with self._spoken():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self.path, timeout=BUSY_SECONDS)
            try:
                if not is_laid_out(database):
                    with self._alone():
                        lay_out(database, self.head_path)
                with database:
                    yield database
            finally:
                database.close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time, from before an entry until the head names it. Reentrant within a thread."""
        with self._spoken():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self.path}.lock", timeout=BUSY_SECONDS, is_singleton=True):
                yield

    @contextmanager
    def _spoken(self) -> Iterator[None]:
        """SQLite's own errors and the disk's as one sentence."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise LedgerError(
                f"The ledger at {self.path} cannot be used: {error}. Nothing was added; "
                "free the disk or restore the file, then run the command again."
            ) from error


def _holds(database: sqlite3.Connection, head: Head) -> bool:
    found = database.execute("SELECT hash FROM chain WHERE id = ?", (head.id,)).fetchone()
    return found is not None and found[0] == head.hash
