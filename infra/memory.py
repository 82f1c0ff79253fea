"""What a part takes of the memory, with all that it started."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from trimtab.guard import descendants

PAGE = os.sysconf("SC_PAGE_SIZE")


def megabytes(pid: int) -> float:
    """Of a process and its descendants: PSS, so that what they share counts once; 0 where it cannot be told."""
    return total([pid, *descendants(pid)])


def total(pids: Iterable[int]) -> float:
    """Of these processes together, in MB; one that is gone counts nothing."""
    return sum(map(_bytes, pids)) / 1e6


def _bytes(pid: int) -> int:
    folder = Path(f"/proc/{pid}")
    with suppress(OSError):
        for line in (folder / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    with suppress(OSError, IndexError, ValueError):  # an old kernel: resident pages
        return int((folder / "statm").read_text().split()[1]) * PAGE
    return 0
