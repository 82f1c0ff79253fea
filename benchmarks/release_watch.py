"""Is a bad release rolled back, and an equal one left alone? Rates of both, beside what is usually done instead.

Losses of single posts are simulated: day effects that both versions share, effects of authors, heavy tails, and any
correlation between the versions. Every method looks at the end of each day with labels. The peers of the same run:
a paired t-test of all posts so far at 5 %, asked daily; and the mean loss since the release against the stored mean of
the version before. `--world` adds the simulator's worlds of benchmarks/incidents, judged by the whole of a decision.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy import stats

from benchmarks.release_worlds import rolled_back
from monitoring.paired import LEAST_DAYS, LEVEL, Days, days_of, evidence, spread_of
from trimtab.settings import Watch

POSTS, AUTHORS, BEFORE = 2_000, 500, 28  # a day; in all; days before the release
LONG, SHORT = 90, 3  # days of labels: of an equal release, and in which a bad one must be gone
SHARED_DAYS, SHARED_AUTHORS, OWN_AUTHORS = 0.15, 0.4, 0.3  # sd of logs; of one version alone, by sqrt(1 - correlation)
HEAVY = 5  # degrees of freedom of day effects
BAR_BAD, BAR_EQUAL = 0.95, 0.02


@dataclass(frozen=True)
class Stream:
    """Where a release goes out; losses are log-normal posts times effects of days and authors."""

    correlation: float  # of the two losses of a post
    tail: float  # sd of the log of a post's loss: 0.7 is that of real streams (sd / mean 0.8), 1.0 has 1.3
    spread: float = 0.01  # sd of the difference between days, as a share of the loss, that posts do not explain
    tie: float = 0.0  # lag-1 correlation of these

    def __str__(self) -> str:
        return f"{self.correlation:11.2f} {self.tail:6.1f} {self.spread:8.3f} {self.tie:5.1f}"


STREAMS = [
    Stream(0.8, 0.7, 0.003),  # like the differences of versions on Reddit's comments and in the simulator's worlds
    *(Stream(c, t) for c, t in product((0.5, 0.8, 0.95, 0.99), (0.7, 1.0))),
    *(Stream(c, 0.7, 0.02, 0.3) for c in (0.5, 0.8, 0.99)),
]


def losses(stream: Stream, days: int, worse: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(day, champion, previous) of every post. The champion loses `worse` (a share) more, in expectation exactly."""
    rng = np.random.default_rng((seed, *(round(1_000 * x) for x in (stream.correlation, stream.tail, stream.spread))))
    day = np.repeat(np.arange(days), rng.poisson(POSTS * np.exp(rng.normal(0, 0.15, days))))
    share = (np.arange(AUTHORS) + 5.0) ** -0.8
    author = np.searchsorted(share.cumsum() / share.sum(), rng.random(len(day)))
    variance = stream.tail**2
    alike = np.log1p(stream.correlation * np.expm1(variance)) / variance  # of the normals, for that of the losses
    level = np.exp(_effects(rng, days, 0.0) * SHARED_DAYS)
    known, common = rng.normal(0, SHARED_AUTHORS, AUTHORS), rng.standard_normal(len(day), dtype=np.float32)
    found = []
    for above in (1 + worse, 1.0):
        own = rng.normal(0, OWN_AUTHORS * np.sqrt(1 - stream.correlation), AUTHORS)
        habit = np.exp(known + own) / (share @ np.exp(known + own)) * share.sum()
        mood = above * level * (1 + stream.spread / np.sqrt(2) * _effects(rng, days, stream.tie))
        post = np.sqrt(alike) * common + np.sqrt(1 - alike) * rng.standard_normal(len(day), dtype=np.float32)
        found.append(np.exp(stream.tail * post - variance / 2) * habit[author] * mood[day])
    return day, found[0], found[1]


def _effects(rng: np.random.Generator, days: int, tie: float) -> np.ndarray:
    """Of days, with variance one, tails of HEAVY degrees of freedom and lag-1 correlation `tie`."""
    new = rng.standard_t(HEAVY, days) / np.sqrt(HEAVY / (HEAVY - 2))
    for day in range(1, days):
        new[day] = tie * new[day - 1] + np.sqrt(1 - tie**2) * new[day]
    return new


def ours(before: Days, since: Days) -> bool:
    """As if no watch ever ended well, nor after its 28 days: all days are looked at."""
    found = evidence(since, Watch().harmless_share, spread_of(before))[LEAST_DAYS - 1 :]
    return bool((found >= -np.log(LEVEL)).any())


def daily_t_test(before: Days, since: Days) -> bool:
    """All posts so far taken for independent, one-sided at 5 %, after each day."""
    seen = since.rows.cumsum()
    mean = (since.rows * since.gap).cumsum() / seen
    square = (since.rows * (since.noise + since.gap**2)).cumsum() / seen
    return bool((mean / np.sqrt((square - mean**2) / seen) > stats.norm.isf(0.05)).any())


def stored_means(before: Days, since: Days) -> bool:
    """The champion's mean loss on a week of posts or more, against what the version before had in its last week."""
    kept = float(before.rows[-7:] @ before.loss[-7:] / before.rows[-7:].sum())
    now = (since.rows * (since.loss + since.gap)).cumsum() / since.rows.cumsum()
    return bool((now[min(6, len(now) - 1) :] > kept).any())


METHODS: dict[str, Callable[[Days, Days], bool]] = {
    "trimtab": ours,
    "daily t-test": daily_t_test,
    "stored means": stored_means,
}


def rates(stream: Stream, days: int, worse: float, seeds: int) -> dict[str, int]:
    """How many of `seeds` releases each method rolls back within `days` days of labels."""
    found = dict.fromkeys(METHODS, 0)
    for seed in range(seeds):
        before, since = _split(stream, days, worse, seed)
        for name, method in METHODS.items():
            found[name] += method(before, since)
    return found


def _split(stream: Stream, days: int, worse: float, seed: int) -> tuple[Days, Days]:
    """The days before the release, on which the version to be released was no worse in the shadow, and those since."""
    day, champion, previous = losses(stream, BEFORE + days, worse, seed)
    unit = previous.mean()
    after = day >= BEFORE
    before, since = (days_of(day[at], champion[at], previous[at]) for at in (~after, after))
    return _in_unit(before, previous[~after].mean() / unit), _in_unit(since, previous[after].mean() / unit)


def _in_unit(days: Days, size: float) -> Days:
    """Both parts in one unit, since a stored mean is compared between them."""
    return replace(days, gap=days.gap * size, noise=days.noise * size**2, loss=days.loss * size)


def share(hits: int, of: int) -> str:
    """A rate with its exact 95 % interval (Clopper and Pearson, 1934)."""
    low, high = stats.binomtest(hits, of).proportion_ci(0.95, "exact")
    return f"{100 * hits / of:5.1f} % ({100 * low:4.1f} to {100 * high:5.1f})"


def table(seeds: int) -> Iterator[str]:
    """A line a stream, then all of them together."""
    yield f"Rolled back within {SHORT} days of labels (bad: loss +10 %) or {LONG} (equal); {POSTS:,} labels a day:"
    names = "  ".join(f"{name:>26}" for name in METHODS)
    yield f"{'correlation':>11} {'tail':>6} {'spread':>8} {'tie':>5} {'':>6}  {names}"
    total = {kind: dict.fromkeys(METHODS, 0) for kind in ("bad", "equal")}
    for stream in STREAMS:
        for kind, days, worse in (("bad", SHORT, 0.1), ("equal", LONG, 0.0)):
            found = rates(stream, days, worse, seeds)
            yield f"{stream} {kind:>6}  " + "  ".join(f"{share(found[name], seeds):>26}" for name in METHODS)
            for name, hits in found.items():
                total[kind][name] += hits
    many = seeds * len(STREAMS)
    for kind, found in total.items():
        yield f"{'all streams':>33} {kind:>6}  " + "  ".join(f"{share(found[name], many):>26}" for name in METHODS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="releases a stream")
    parser.add_argument("--world", type=int, default=0, metavar="SEEDS", help="runs of the simulator's worlds")
    asked = parser.parse_args()
    began = time.perf_counter()
    for line in table(asked.seeds):
        print(line, flush=True)
    for line in rolled_back(asked.world) if asked.world else ():
        print(line, flush=True)
    print(f"{time.perf_counter() - began:.0f} seconds; bars: bad >= {BAR_BAD:.0%}, equal <= {BAR_EQUAL:.0%}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
