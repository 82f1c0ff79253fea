"""SQLite files, opened so that nothing of them can change."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

BUSY_SECONDS = 5


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads; FileNotFoundError where there is no file, sqlite3.Error where it is none of its."""
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there")
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as database:
        yield database


def damage(database: sqlite3.Connection) -> str | None:
    """What SQLite finds wrong with the pages of the file, if anything."""
    found = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    return None if found == "ok" else found


def tables(database: sqlite3.Connection) -> set[str]:
    return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def revision(database: sqlite3.Connection) -> str | None:
    """Of its schema, as Alembic notes it."""
    if "alembic_version" not in tables(database):
        return None
    found = database.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found[0]) if found else None
