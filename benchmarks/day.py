"""A day of 24 ingests and scores and a monitor of each model, run back to back: does anything grow that should not?

    python -m benchmarks.day [--days 3]

One process lives through the days, as a runner that never restarts would, against a real Prefect server. Memory and
open files are read after every hour; the first day, in which libraries are loaded and caches fill, is not counted.
"""

import argparse
import gc
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import psutil

from flows.ingest import ingest
from flows.monitor import monitor
from flows.score import score
from flows.session import prefect_session
from flows.train import train
from models.stores import Stores
from simulator.world import World
from simulator.write import write
from trimtab.quiet import silence
from trimtab.settings import Settings
from trimtab.windows import utc

LEARN_DAYS, POSTS_PER_DAY, MODELS = 56, 150, ("engagement", "sentiment")
HOUR = timedelta(hours=1)
BAR_MB_DAY, BAR_FILES_DAY, BAR_FASTER = 20.0, 1.0, 1.5
OURS = ("lake", "ledger.db")
STORES = ("lake", "features", "mlflow", "prefect", "reports", "ledger.db")


@dataclass(frozen=True)
class Reading:
    """After one hour: memory of this process and of the server in bytes, open files, bytes on disk by store."""

    memory: int
    server: int
    files: int
    posts: int
    disk: dict[str, int]


def lived_through(folder: Path, days: int) -> Iterator[Reading]:
    """A reading an hour of `days` days after a training."""
    stores = Stores(Settings(home=folder / "home"))
    home = str(stores.settings.home)
    world = World(days=LEARN_DAYS + days + 3, posts_per_day=POSTS_PER_DAY)
    source, now = str(write(folder / "stream", world)), utc(str(world.start)) + timedelta(days=LEARN_DAYS)
    with prefect_session(stores.settings.home):
        ingest(source=source, home=home, as_of=now, until=now)
        for model in MODELS:
            print(train(model, home, now, "the first version")["sentence"])
        for _ in range(24 * days):
            now += HOUR
            an_hour(source, home, now)
            yield read(stores)


def an_hour(source: str, home: str, now: datetime) -> None:
    """What is due in it; at midnight the day is judged too."""
    ingest(source=source, home=home, as_of=now, until=now)
    for model in MODELS:
        score(model, now - HOUR, now, home, now)
        if now.hour == 0:
            monitor(model, now, home)


def read(stores: Stores) -> Reading:
    gc.collect()
    process, home = psutil.Process(), stores.settings.home
    server = sum(child.memory_info().rss for child in process.children(recursive=True))
    disk = {name: size(home / name) for name in STORES}
    return Reading(process.memory_info().rss, server, process.num_fds(), stores.lake.count("posts"), disk)


def size(path: Path) -> int:
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def slope(values: list[float]) -> float:
    """Growth a day of hourly values, by Theil and Sen: the median over pairs, which one jump does not move."""
    y = np.array(values)
    first, second = np.triu_indices(len(y), 1)
    return float(np.median((y[second] - y[first]) / (second - first))) * 24


def grown(readings: list[Reading], store: str) -> float:
    """kB on disk that a store grew by for each post that came in."""
    first, last = readings[0], readings[-1]
    return (last.disk[store] - first.disk[store]) / 1e3 / max(last.posts - first.posts, 1)


def told(readings: list[Reading]) -> tuple[list[str], bool]:
    """The lines to print, and whether every bar is met."""
    counted = readings[24:]
    halves = counted[: len(counted) // 2], counted[len(counted) // 2 :]
    memory = slope([each.memory / 1e6 for each in counted])
    server = slope([each.server / 1e6 for each in counted])
    files = slope([each.files for each in counted])
    faster = max(grown(halves[1], store) / max(grown(halves[0], store), 0.1) for store in OURS)
    posts = counted[-1].posts - counted[0].posts
    lines = [
        f"memory {counted[-1].memory / 1e6:,.0f} MB, {memory:+.1f} MB a day (bar {BAR_MB_DAY:g})",
        f"Prefect server {counted[-1].server / 1e6:,.0f} MB, {server:+.1f} MB a day (bar {BAR_MB_DAY:g})",
        f"open files {counted[-1].files}, {files:+.1f} a day (bar {BAR_FILES_DAY:g})",
        f"stores over {len(counted)} hours and {posts:,} posts, kB a post in the first half and in the second:",
        *(f"  {store}: {grown(halves[0], store):.1f}, {grown(halves[1], store):.1f}" for store in STORES),
        f"lake and ledger grew at most {faster:.1f} times as fast in the second half (bar {BAR_FASTER:g})",
    ]
    return lines, max(memory, server) <= BAR_MB_DAY and files <= BAR_FILES_DAY and faster <= BAR_FASTER


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=3, help="2 at least; the first is not counted")
    days = max(2, parser.parse_args().days)
    folder = Path(tempfile.mkdtemp(prefix="trimtab-day-"))
    try:
        import os

        silence(os.environ, folder / "home")
        readings = []
        for hour, reading in enumerate(lived_through(folder, days), 1):
            readings.append(reading)
            print(f"\rhour {hour} of {24 * days}", end="", file=sys.stderr, flush=True)
        lines, met = told(readings)
        print("\n".join([*lines, f"bars: {'met' if met else 'MISSED'}"]))
        sys.exit(0 if met else 1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
