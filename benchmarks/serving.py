"""Answers of `trimtab serve`: how soon one post is scored with online features, and how many posts a second in batches.

    python -m benchmarks.serving

The engagement model, trained on a simulated stream, with Feast's online store materialised. Beside it in the same run
`mlflow models serve` with the same version, as many workers and the same posts.

Two ratios to it are printed. MLflow's server takes rows whose features somebody else has computed and looked up; ours
takes posts. The bar is held against equal work: a post in, its score out. So to each post that MLflow scores is added
what making its row costs by our own content features and Feast's get_online_features, in processor time of the same
machine in the same run. The other ratio, to MLflow on rows that are ready, has no bar and is printed beside it.

The same twenty batches come again and again, so after the first round a worker has kept their keys of the online store
(models.kept_keys). Keys that it has not read since the last refresh cost about 8 ms more a batch; equal work does keep
Feast's read for every batch of the peer, which has no such memory.

Bars: one post, 100 requests a second: p50 5 ms, p99 20 ms. Batches of 256: 5,000 posts a second on two cores, and 3
times the peer for equal work, by processor time.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
import psutil

from benchmarks.mlflow_server import mlflow_served
from benchmarks.served_home import Asked, asked, features_seconds, prepared
from benchmarks.server_process import models, served
from benchmarks.wire import Tally, closed_loop, open_loop
from models.stores import Stores

WORKERS, RATE, BATCH, CONNECTIONS, ROUNDS = 2, 100, 256, 4, 3
BAR_P50, BAR_P99, BAR_POSTS, BAR_RATIO = 5.0, 20.0, 5_000, 3.0
CALM_SECONDS, CALM_SHARE = 2.0, 0.1  # of a core: what its looks at the registry take
FULL_CLIENT = 0.7  # of a core, above which the client may be what is slow
SCORE, INVOCATIONS = "/v1/score", "/invocations"
WHY = re.compile(rb'"why":"[^"]*"')  # features are not online


@dataclass(frozen=True)
class Speed:
    """Posts that were answered, in how much time, for how much of the processor's time of the server."""

    posts: int
    seconds: float
    processor_seconds: float
    client_share: float
    failed: tuple[str, ...]

    def __add__(self, other: "Speed") -> "Speed":
        return Speed(
            self.posts + other.posts,
            self.seconds + other.seconds,
            self.processor_seconds + other.processor_seconds,
            max(self.client_share, other.client_share),
            self.failed + other.failed,
        )

    @property
    def rate(self) -> float:
        return self.posts / self.seconds

    @property
    def per_processor_second(self) -> float:
        return self.posts / self.processor_seconds

    def line(self, who: str) -> str:
        return (
            f"{who}: {self.rate:,.0f} posts a second; {self.per_processor_second:,.0f} in a second of its processor "
            f"time; {len(self.failed)} failed"
        )


def one_post(ours: tuple[str, psutil.Process], what: Asked, seconds: float) -> bool:
    """Open loop at 100 requests a second; prints the times beside the bars."""
    address, process = ours
    until_online(address, what.ones[0])
    until_calm(process)
    open_loop(address, SCORE, what.ones, RATE, 3)  # connections, caches
    before = _processor(process)
    found = open_loop(address, SCORE, what.ones, RATE, seconds)
    taken = (_processor(process) - before) / max(len(found.latencies), 1) * 1e3
    p50, p99 = (float(np.quantile(found.latencies, at)) * 1e3 for at in (0.5, 0.99))
    late = float(np.quantile(found.late, 0.99)) * 1e3
    online = sum(b'"features":"online"' in body for body in found.bodies)
    print(f"one post, {RATE} requests a second for {seconds:.0f} s: p50 {p50:.1f} ms (bar {BAR_P50:g}), "
          f"p99 {p99:.1f} ms (bar {BAR_P99:g}), longest {max(found.latencies) * 1e3:.0f} ms")  # fmt: skip
    print(f"  {len(found.latencies):,} answers, {len(found.failed)} failed, {online:,} with online features; "
          f"{taken:.1f} ms of the server's processor time each")  # fmt: skip
    for why in sorted({why.decode() for body in found.bodies for why in WHY.findall(body)}):
        print(f"  not online: {why}")
    print(f"  the client sent within {late:.1f} ms of the moment planned (p99) on {_client(found.client_share)}")
    return p50 <= BAR_P50 and p99 <= BAR_P99 and not found.failed and online == len(found.latencies)


def until_online(address: str, body: bytes, seconds: float = 120) -> None:
    """Feast is imported in the background after a server is ready: wait until every worker reads from it."""
    end, content_alone = time.monotonic() + seconds, True
    while content_alone and time.monotonic() < end:
        time.sleep(0.5)
        found = closed_loop(address, SCORE, [body], 4 * WORKERS, 0.5).bodies
        content_alone = not found or any(b'"features":"online"' not in one for one in found)


def until_calm(process: psutil.Process, seconds: float = 60) -> None:
    """A server brings the online store to the present when it starts, and every five minutes: let the first be over."""
    end, before = time.monotonic() + seconds, -1.0
    while time.monotonic() < end and (taken := _processor(process)) - before > CALM_SHARE * CALM_SECONDS:
        before = taken
        time.sleep(CALM_SECONDS)


def batches(
    stores: Stores, ours: tuple[str, psutil.Process], peer: tuple[str, psutil.Process], what: Asked, seconds: float
) -> bool:
    """In turns, so that what else the machine does falls on both; prints posts a second beside the bars."""
    sides = [(*ours, SCORE, what.batches), (*peer, INVOCATIONS, what.frames)]
    for address, _, path, bodies in sides:
        closed_loop(address, path, bodies, CONNECTIONS, 2)
    rounds = [[_speed(*side, seconds / ROUNDS) for side in sides] for _ in range(ROUNDS)]
    mine, theirs = (reduce(lambda a, b: a + b, one) for one in zip(*rounds, strict=True))
    whole = 1 / (1 / theirs.per_processor_second + features_seconds(stores, what.posts[0]) / BATCH)
    ready, equal = (mine.per_processor_second / each for each in (theirs.per_processor_second, whole))
    print(mine.line(f"batches of {BATCH}, {CONNECTIONS} connections, trimtab serve") + f" (bar {BAR_POSTS:,})")
    print(theirs.line("mlflow models serve, the same posts with their features ready"))
    print(f"  equal work, post in and score out (content and Feast's get_online_features before it): {whole:,.0f} "
          f"posts in a second of processor time; ours / that: {equal:.1f} (bar {BAR_RATIO:g})")  # fmt: skip
    print(f"  less work, rows with features in and score out: ours / theirs {ready:.1f} by processor time, "
          f"{mine.rate / theirs.rate:.1f} by the clock (no bar: ours makes the rows as well)")  # fmt: skip
    for who, one in (("trimtab serve", mine), ("mlflow models serve", theirs)):
        print(f"  the client of {who} took {_client(one.client_share)}", *sorted(set(one.failed))[:3])
    return mine.rate >= BAR_POSTS and equal >= BAR_RATIO and not mine.failed and not theirs.failed


def _speed(address: str, process: psutil.Process, path: str, bodies: Sequence[bytes], seconds: float) -> Speed:
    before = _processor(process)
    found: Tally = closed_loop(address, path, bodies, CONNECTIONS, seconds)
    taken = _processor(process) - before
    return Speed(len(found.latencies) * BATCH, found.seconds, taken, found.client_share, tuple(found.failed))


def _processor(process: psutil.Process) -> float:
    """Seconds of the processor that a server and its workers have taken."""
    family = [process, *process.children(recursive=True)]
    return sum(one.cpu_times().user + one.cpu_times().system for one in family)


def _client(share: float) -> str:
    full = ": it may be what is slow" if share > FULL_CLIENT else ""
    return f"{share:.0%} of a core{full}"


def beside(work: Callable[[], bool]) -> bool:
    """Do it, and say how much of the machine others took meanwhile."""
    began, before, own = time.monotonic(), psutil.cpu_times(), _processor(psutil.Process())
    met = work()
    after, cores = psutil.cpu_times(), os.cpu_count() or 1
    busy = sum(getattr(after, kind) - getattr(before, kind) for kind in ("user", "nice", "system", "steal"))
    others = (busy - (_processor(psutil.Process()) - own)) / (time.monotonic() - began)
    print(f"  meanwhile other processes took {others:.1f} of {cores} cores; load average {os.getloadavg()[0]:.1f}")
    return met


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--home", type=Path, help="keep the trained home here, or use the one that is here")
    words.add_argument("--seconds", type=float, default=20, help="of each measurement")
    given = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="trimtab-serving-") as folder:
        stores = prepared(given.home or Path(folder))
        what, version = asked(stores, BATCH), str(stores.registry.alias("engagement", "champion"))
        with served(stores.settings.home, WORKERS, TRIMTAB_MODELS=models("models.engagement")) as (address, pid):
            ours = address, psutil.Process(pid)
            one = beside(lambda: one_post(ours, what, given.seconds))
            with mlflow_served(stores, "engagement", version, WORKERS) as peer:
                many = beside(lambda: batches(stores, ours, peer, what, given.seconds))
    print(f"bars: {'met' if one and many else 'MISSED'}")
    return not (one and many)


if __name__ == "__main__":
    sys.exit(main())
