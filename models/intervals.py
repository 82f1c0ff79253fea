"""Intervals by block bootstrap: posts of one day share its news and its traffic, so whole days are drawn.

Means are drawn exactly (Davison and Hinkley 1997, ch. 8). A metric that is no mean is drawn through its
jackknife pseudo-values, what each day adds to it (Efron and Tibshirani 1993, ch. 11): one computation a day
instead of one a resample. Every interval is widened by Student's t for the number of days: two weeks are few.
"""

from dataclasses import dataclass

import numpy as np
from pandas import DataFrame, factorize
from scipy import stats

RUNS = 8  # of neighbours in time, where days are too few to draw from
MAX_BLOCKS = 20  # days are pooled in time order where each costs a computation of every metric


@dataclass(frozen=True)
class Interval:
    """A value and the ends of its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Draw:
    """Draws blocks with one generator: the same seed gives the same intervals again."""

    generator: np.random.Generator
    resamples: int
    confidence: float

    def mean(self, values: np.ndarray, blocks: np.ndarray) -> Interval:
        """The mean of `values`, one a row; `blocks` holds at least two codes."""
        _, codes = np.unique(blocks, return_inverse=True)
        return self._ratio(np.bincount(codes, values), np.bincount(codes).astype(float))

    def metric(self, whole: float, without: np.ndarray) -> Interval:
        """A metric from its value on all blocks and its values on all but one."""
        n = len(without)
        pseudo = np.nan_to_num(n * whole - (n - 1) * without, nan=whole)
        drawn = self._ratio(pseudo, np.ones(n))
        return Interval(whole, whole + drawn.low - drawn.value, whole + drawn.high - drawn.value)

    def _ratio(self, sums: np.ndarray, weights: np.ndarray) -> Interval:
        n = len(sums)
        centre = sums.sum() / weights.sum()
        counts = self.generator.multinomial(n, np.full(n, 1 / n), size=self.resamples)
        spread = (counts @ sums) / (counts @ weights) - centre
        tail = (1 - self.confidence) / 2
        low, high = np.quantile(spread, [tail, 1 - tail]) * _widening(n, tail)
        return Interval(float(centre), float(centre + low), float(centre + high))


def blocks_of(rows: DataFrame) -> np.ndarray:
    """Days of event_timestamp as codes in time order; hours where all rows lie in one day, runs of rows in one hour."""
    times = rows["event_timestamp"].dt
    for unit in ("D", "h"):
        codes = factorize(times.floor(unit), sort=True)[0]
        if codes.max() > 0:
            return codes
    return pooled(_ranks(rows))


def finer_blocks(rows: DataFrame, few: int) -> np.ndarray:
    """blocks_of, or RUNS runs of neighbours in time with as many rows each where that finds fewer than `few`.

    Two or three days give an interval too wide to tell anything. Runs of one day share its news, so that this interval
    is somewhat too narrow.
    """
    found = blocks_of(rows)
    if found.max() + 1 >= few:
        return found
    return _ranks(rows) * min(RUNS, len(rows)) // len(rows)


def _ranks(rows: DataFrame) -> np.ndarray:
    """Place of each row in time; rows of one moment by their post."""
    ranks = np.empty(len(rows), dtype=np.int64)
    ranks[np.lexsort((rows["post_id"].astype(str), rows["event_timestamp"]))] = np.arange(len(rows))
    return ranks


def pooled(blocks: np.ndarray) -> np.ndarray:
    """At most MAX_BLOCKS blocks of neighbours."""
    found = int(blocks.max()) + 1
    return blocks * min(MAX_BLOCKS, found) // found


def _widening(n: int, tail: float) -> float:
    """Student's t over the normal quantile; a bootstrap of n blocks also divides by n where n - 1 is meant."""
    return float(stats.t.ppf(1 - tail, n - 1) / stats.norm.ppf(1 - tail) * np.sqrt(n / (n - 1)))
