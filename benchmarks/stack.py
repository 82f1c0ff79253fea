"""`trimtab up`, cold to stopped: how soon all is healthy, what it takes, how soon a killed part is back, what is left.

python -m benchmarks.stack [HOME]        a finished demo's home, which is copied; default: an empty one
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from benchmarks.server_process import COMMAND, START_SECONDS, STOP_SECONDS, environment
from infra.asking import answers
from infra.memory import megabytes
from infra.ports import taken
from trimtab import addresses
from trimtab.guard import descendants

HEALTHY_BAR_SECONDS, MEMORY_BAR_MB = 90, 3_000
SETTLE_SECONDS = 20  # after which memory is measured: the first runs, the first features
LOOK_SECONDS = 0.1
VICTIMS = {"score": "/readyz", "mlflow": "/health", "evidently": "/api/version", "prefect": "/api/health", "page": "/"}


class Up:
    """The command on `home`."""

    def __init__(self, home: Path, words: Sequence[str]) -> None:
        self.home, self.log, self.began = home, home / "up.printed", time.monotonic()
        home.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as out:
            command = [*COMMAND, "--home", str(home), "up", *words]
            self.process = subprocess.Popen(command, stdout=out, stderr=out, env=environment(), start_new_session=True)

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def until(self, words: str, seconds: float = START_SECONDS) -> float:
        """Wait until it says so; seconds since its start."""
        end = time.monotonic() + seconds
        while words not in self.said:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"`trimtab up` did not say '{words}':\n{self.said}")
            time.sleep(LOOK_SECONDS)
        return time.monotonic() - self.began

    def urls(self) -> dict[str, str]:
        up = addresses.started(self.home)
        return {name: url for name, url in vars(up[1]).items() if url} if up else {}

    def tree(self) -> list[psutil.Process]:
        return [psutil.Process(pid) for pid in [self.process.pid, *descendants(self.process.pid)]]


@contextmanager
def started(home: Path, words: Sequence[str]) -> Iterator[Up]:
    up = Up(home, words)
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.process.send_signal(signal.SIGTERM)
            up.process.wait(STOP_SECONDS)


def killed(up: Up, part: str) -> float:
    """Seconds from the kill -9 of the process that listens on a part's port until it answers there again."""
    url = up.urls()[part]
    victim = _listener(up, urlsplit(url).port or 0)
    began = time.monotonic()
    victim.kill()
    victim.wait(10) if victim.is_running() else None
    while not answers(url + VICTIMS[part], 5):
        if time.monotonic() - began > START_SECONDS:
            raise RuntimeError(f"{part} did not come back:\n{up.said}")
        time.sleep(LOOK_SECONDS)
    return time.monotonic() - began


def _listener(up: Up, port: int) -> psutil.Process:
    """A process that listens there and has no child that does: the one that answers."""
    listening = [each for each in up.tree() if any(_listens(each, port))]
    return listening[-1]


def _listens(process: psutil.Process, port: int) -> Iterator[bool]:
    try:
        yield from (each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in process.net_connections())
    except psutil.Error:
        return


def ended(up: Up, which: signal.Signals) -> tuple[float, list[psutil.Process], list[int]]:
    """Seconds from the signal until the last process had gone, processes and ports that are left after a minute."""
    tree = up.tree()
    ports = [port for url in up.urls().values() if (port := urlsplit(url).port)]
    began = time.monotonic()
    os.kill(up.process.pid, which)
    up.process.wait(STOP_SECONDS)
    _, left = psutil.wait_procs(tree, STOP_SECONDS)
    return time.monotonic() - began, left, [port for port in ports if taken(port)]


def report(home: Path, words: Sequence[str]) -> bool:
    with started(home, words) as up:
        healthy = up.until("Everything is healthy")
        print(up.said.strip())
        time.sleep(SETTLE_SECONDS)
        memory = megabytes(up.process.pid)
        print(f"\nfrom the command to everything healthy: {healthy:.0f} s (bar {HEALTHY_BAR_SECONDS} s)")
        print(f"memory of all processes together, PSS: {memory:,.0f} MB (bar {MEMORY_BAR_MB:,} MB)")
        for part in [part for part in VICTIMS if part in up.urls()]:
            print(f"{part} killed with -9: answers again after {killed(up, part):.1f} s", flush=True)
        clean = _told("SIGTERM", *ended(up, signal.SIGTERM)) and not (home / addresses.FILE).exists()
    with started(home, words) as up:
        up.until("Everything is healthy")
        clean &= _told("kill -9 of the command", *ended(up, signal.SIGKILL))
        clean &= addresses.started(home) is None
    return clean and healthy <= HEALTHY_BAR_SECONDS and memory <= MEMORY_BAR_MB


def _told(how: str, seconds: float, left: Sequence[psutil.Process], ports: Sequence[int]) -> bool:
    print(f"{how}: all gone after {seconds:.1f} s; left: {len(left)} processes, {len(ports)} ports (bar 0)", flush=True)
    return not left and not ports


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("home", nargs="?", type=Path)
    words.add_argument("--source", action="append", default=[], help="a YAML that trimtab up is to ingest")
    given = words.parse_args()
    print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    with tempfile.TemporaryDirectory(prefix="trimtab-stack-") as folder:
        home = Path(folder) / "home"
        if given.home:
            shutil.copytree(given.home, home)
        met = report(home, given.source)
    print(f"\nbars: {'met' if met else 'MISSED'}")
    return not met


if __name__ == "__main__":
    sys.exit(main())
