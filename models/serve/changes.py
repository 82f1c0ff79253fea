"""Whether an SQLite file was written to: a question of microseconds, asked before those that take milliseconds."""

import sqlite3
from pathlib import Path


class Changes:
    """Looks at one file. Opened when first asked, and again when another file is put in its place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None
        self._file: int | None = None

    def mark(self) -> tuple[int, int] | None:
        """Another value after every commit of any process; None where there is no file that can be asked."""
        try:
            file = self._path.stat().st_ino
            if self._database is None or file != self._file:
                self._open(file)
            assert self._database is not None
            return file, int(self._database.execute("PRAGMA data_version").fetchone()[0])
        except (OSError, sqlite3.Error):
            self._database = None
            return None

    def _open(self, file: int) -> None:
        """Read only: a look must not make a file. It must be readable, not only there: `data_version` reads nothing."""
        self._database = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=1, check_same_thread=False)
        self._database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._file = file
