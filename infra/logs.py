"""What the parts print, a file each, held to a size."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

MOST_BYTES = 5_000_000  # of a file; one older file is kept beside it
TAIL_BYTES = 20_000


def open_log(path: Path) -> BinaryIO:
    """For appending: so it can be cut while a process writes to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab")


def size(path: Path) -> int:
    """In bytes; 0 for one that is not there yet."""
    return path.stat().st_size if path.exists() else 0


def says(path: Path, words: str, since: int) -> bool:
    """Whether `words` are in what was added after the first `since` bytes, or since the file was cut to less."""
    try:
        with path.open("rb") as log:
            log.seek(0 if log.seek(0, 2) < since else since)
            return words.encode() in log.read(MOST_BYTES)
    except OSError:
        return False


def rotate(path: Path, most: int = MOST_BYTES) -> None:
    """Move what is there into `NAME.1` once it has grown past `most` bytes.

    Copied and cut, since the process that writes keeps its file open; a line that is written in between is lost.
    """
    with suppress(OSError):  # a disk that is full must not stop what watches the parts
        if path.stat().st_size > most:
            shutil.copyfile(path, path.with_name(path.name + ".1"))
            with path.open("r+b") as log:
                log.truncate(0)


def tail(path: Path, lines: int) -> list[str]:
    """The last lines that say something."""
    try:
        with path.open("rb") as log:
            log.seek(max(log.seek(0, 2) - TAIL_BYTES, 0))
            said = log.read().decode(errors="replace").splitlines()
    except OSError:
        return []
    return [line.rstrip() for line in said if line.strip()][-lines:]
