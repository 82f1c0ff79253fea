"""Looking for processes that should have ended."""

import os
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep


def carrying(text: str) -> dict[int, str]:
    """Command line of every other process whose environment or command line holds `text`, by its id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "cmdline").read_bytes() + b"\0" + (folder / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in told and int(folder.name) != os.getpid():
            found[int(folder.name)] = told.split(b"\0\0")[0].replace(b"\0", b" ").decode(errors="replace")
    return found


def none_left(text: str, seconds: float) -> dict[int, str]:
    """Those that are still there after so long; empty as soon as none is."""
    end = monotonic() + seconds
    while (left := carrying(text)) and monotonic() < end:
        sleep(0.1)
    return left


def until(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait for what is to come by itself."""
    end = monotonic() + seconds
    while not true():
        assert monotonic() < end, "It did not come."
        sleep(0.02)
