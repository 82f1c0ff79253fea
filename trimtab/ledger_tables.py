"""The tables of a ledger's file, and how an older file gets them."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from trimtab.chain import ROOT, Head, Link, link

FORMAT = 2  # PRAGMA user_version of the file; 1 had no chain
COLUMNS = "id, at, kind, model, version, previous, actor, reason, evidence, key"
NEWEST = "SELECT id, hash FROM chain ORDER BY id DESC LIMIT 1"
ENTRIES = """
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
# Beside the entries: a column of theirs could not be filled in where they stand, since they cannot be changed.
CHAIN = """
CREATE TABLE IF NOT EXISTS chain (id INTEGER PRIMARY KEY, hash TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS hashes_are_not_changed BEFORE UPDATE ON chain
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: a hash cannot be changed'); END;
CREATE TRIGGER IF NOT EXISTS hashes_are_not_removed BEFORE DELETE ON chain
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: a hash cannot be removed'); END;
CREATE TRIGGER IF NOT EXISTS hashes_are_not_replaced BEFORE INSERT ON chain
WHEN EXISTS (SELECT 1 FROM chain WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: a hash cannot be replaced'); END;
CREATE TRIGGER IF NOT EXISTS entries_have_a_hash AFTER INSERT ON entries
WHEN NOT EXISTS (SELECT 1 FROM chain WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'an entry without a hash; an older trimtab cannot write this ledger'); END;
"""


def lay_out(database: sqlite3.Connection, head: Path) -> None:
    """Make the tables, and give the entries of an older file their hashes; all or nothing, and once.

    The caller holds the ledger's lock. The head is written first: a kill before the commit leaves an older file, whose
    entries get the same hashes again.
    """
    if _format(database) >= FORMAT:  # another process was faster
        return
    database.execute("PRAGMA journal_mode = WAL")
    database.executescript(f"BEGIN IMMEDIATE; {ENTRIES} {CHAIN}")
    newest = _hash_all(database, Head.read(head))
    if newest is not None:
        newest.write(head)
    database.execute(f"PRAGMA user_version = {FORMAT}")
    database.commit()


def is_laid_out(database: sqlite3.Connection) -> bool:
    return _format(database) >= FORMAT


def links(database: sqlite3.Connection) -> Iterator[Link]:
    """Every entry and every hash by id, also one that has lost the other."""
    database.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")  # what was forged may be no text
    named = ", ".join(f"entries.{name}" for name in COLUMNS.split(", "))
    for number, value, *columns in database.execute(
        f"SELECT chain.id, chain.hash, {named} FROM chain LEFT JOIN entries ON entries.id = chain.id "
        f"UNION ALL SELECT entries.id, NULL, {named} FROM entries WHERE id NOT IN (SELECT id FROM chain) ORDER BY 1"
    ):
        yield Link(number, tuple(columns) if columns[0] is not None else None, value)


def _format(database: sqlite3.Connection) -> int:
    return database.execute("PRAGMA user_version").fetchone()[0]


def _hash_all(database: sqlite3.Connection, head: Head | None) -> Head | None:
    """Hash entries that have none; the head that is to be written, or None to leave the one there is.

    A head that does not fit is evidence, for instance that a file was made to look old so that it is hashed anew.
    """
    newest = Head(0, ROOT)
    fits = head is None
    for row in database.execute(f"SELECT {COLUMNS} FROM entries ORDER BY id").fetchall():
        newest = Head(row[0], link(newest.hash, row))
        database.execute("INSERT INTO chain (id, hash) VALUES (?, ?)", (newest.id, newest.hash))
        fits = fits or newest == head
    return newest if fits and newest.id else None
