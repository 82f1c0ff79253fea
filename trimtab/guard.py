"""Runs a command that ends with us: run as a script, between a process that starts servers and each of them.

    python -I -S guard.py SECONDS COMMAND...

The command is asked to end when our stdin closes, which happens even where the process that started us was killed, or
when we are asked to end. It gets SECONDS. Then whatever it started and left is ended too, whole. Leaves with the
command's code, or 128 + the signal that ended it. Standard library only: it starts in a few hundredths of a second.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

LEFT_SECONDS = 3  # that what a command left behind gets to end by itself
SET_CHILD_SUBREAPER = 36  # of prctl: what loses its parent becomes our child, in whatever group it is


def guarded(command: Sequence[str], seconds: float) -> list[str]:
    """The command line that runs `command` under a guard; give it a pipe as stdin and a group of its own."""
    return [sys.executable, "-I", "-S", __file__, str(seconds), *command]


def adopt() -> None:
    """Become the parent of orphaned descendants, where the system knows how to (Linux)."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(pid: int) -> list[int]:
    """Processes that `pid` started, and those that they started; without `pid` itself."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found = list(children.get(pid, ()))
    for each in found:  # grows while it is walked
        found += children.get(each, ())
    return found


def of_session(leader: int) -> list[int]:
    """What runs in the session that `leader` began, and what that started, in whatever session it is."""
    there = [pid for pid, _ in _parents() if _session(pid) == leader]
    return list(dict.fromkeys([*there, *(each for pid in there for each in descendants(pid))]))


def end(pids: Sequence[int], seconds: float) -> None:
    """Ask each process to end, and after `seconds` enforce it."""
    _signal(pids, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while (left := [pid for pid in pids if _lives(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal(left, signal.SIGKILL)


def _signal(pids: Sequence[int], which: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, which)


def _lives(pid: int) -> bool:
    """Whether it runs; one of ours that has ended is buried on the way."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _state(pid) != "Z"


def _parents() -> list[tuple[int, int]]:
    """(process, its parent) of every process that can be seen."""
    if not Path("/proc/self/stat").exists():
        told = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=False).stdout
        return [(int(pid), int(parent)) for pid, parent in (line.split() for line in told.splitlines())]
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            found.append((int(folder.name), int(fields[1])))
    return found


def _session(pid: int) -> int:
    with suppress(ProcessLookupError, PermissionError):
        return os.getsid(pid)
    return 0


def _state(pid: int) -> str:
    """One letter, Z for a zombie; empty where it cannot be told."""
    return fields[0] if (fields := _stat(pid)) else ""


def _stat(pid: int) -> list[str]:
    """What follows the name in /proc/PID/stat: state, parent, ..."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def main(seconds: float, command: Sequence[str]) -> int:
    """Run `command` until it ends or we are asked to; the code to leave with."""
    adopt()
    asked = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, lambda *_: asked.set())
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_until_closed, args=(asked,), daemon=True).start()
    threading.Thread(target=_end_when, args=(asked, child, seconds), daemon=True).start()
    status = child.wait()
    end(descendants(os.getpid()), LEFT_SECONDS)
    return status if status >= 0 else 128 - status


def _until_closed(asked: threading.Event) -> None:
    while os.read(0, 1024):
        pass
    asked.set()


def _end_when(asked: threading.Event, child: subprocess.Popen[bytes], seconds: float) -> None:
    asked.wait()
    child.terminate()
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    os._exit(main(float(sys.argv[1]), sys.argv[2:]))  # the thread that reads stdin would hold up a plain exit
