"""Ports on loopback: which are taken, by whom, and what is taken instead."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
NEAR = 100  # ports after the wanted one that are tried before any
CONNECT_SECONDS = 0.5
LISTENS = "0A"  # the state in /proc/net/tcp


@dataclass(frozen=True)
class Choice:
    """The port of a part; `port` differs from `wanted` where that was taken. `wanted` 0 takes any."""

    wanted: int
    port: int
    holder: str | None = None  # who has the wanted one, as far as can be told

    @property
    def replaced(self) -> bool:
        return self.wanted not in (0, self.port)

    def sentence(self, title: str) -> str:
        by = f" by {self.holder}" if self.holder else ""
        return f"Port {self.wanted}, wanted for {title}, is taken{by}; {title} takes {self.port} instead."


def choose(wanted: Mapping[str, int]) -> dict[str, Choice]:
    """A free port for each name, all different: the wanted one, else one soon after it that nobody else wants."""
    chosen: dict[str, Choice] = {}
    for name, port in wanted.items():
        used = {choice.port for choice in chosen.values()}
        if port and port not in used and not taken(port):
            chosen[name] = Choice(port, port)
            continue
        others = used | {each for other, each in wanted.items() if other != name}
        found = _free_after(port, others) if port else _any_free(others)
        chosen[name] = Choice(port, found, holder(port) if port else None)
    return chosen


def taken(port: int) -> bool:
    """Whether somebody listens there, or it cannot be listened on."""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=CONNECT_SECONDS):
        return True
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port just left is free
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def holder(port: int) -> str | None:
    """'process 12 (python -m http.server)' for one whose owner may be seen by us (Linux); else None."""
    inodes = _listening(port)
    for folder in Path("/proc").glob("[0-9]*"):
        if inodes and _has(folder, inodes):
            return f"process {folder.name} ({_words(folder)})"
    return None


def _free_after(port: int, others: set[int]) -> int:
    near = range(port + 1, min(port + NEAR, 65_535))
    return next((each for each in near if each not in others and not taken(each)), None) or _any_free(others)


def _any_free(others: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port: int = probe.getsockname()[1]
        if port not in others:
            return port


def _listening(port: int) -> set[str]:
    """Inodes of the sockets that listen on a port, as the links in /proc/PID/fd name them."""
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        with suppress(OSError):
            rows = [line.split() for line in table.read_text().splitlines()[1:]]
            here = [row for row in rows if row[3] == LISTENS and int(row[1].rpartition(":")[2], 16) == port]
            found |= {f"socket:[{row[9]}]" for row in here}
    return found


def _has(folder: Path, inodes: set[str]) -> bool:
    with suppress(OSError):  # of another user, or gone by now
        return any(str(link.readlink()) in inodes for link in (folder / "fd").iterdir())
    return False


def _words(folder: Path) -> str:
    with suppress(OSError):
        words = (folder / "cmdline").read_text(errors="replace").split("\0")
        return " ".join([Path(words[0]).name, *words[1:]]).strip()[:80]
    return "?"
