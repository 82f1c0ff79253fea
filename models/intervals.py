"""Intervals by block bootstrap: posts of one day share its news and its traffic, so whole days are drawn.

Means are drawn exactly (Davison and Hinkley 1997, ch. 8). A metric that is no mean is drawn through its
jackknife pseudo-values, what each day adds to it (Efron and Tibshirani 1993, ch. 11): one computation a day
instead of one a resample. Every interval is widened by Student's t for the number of days: two weeks are few.

Posts of one author share the author, too. `Draw.two_way` draws days and authors (Cameron, Gelbach and Miller 2011).
In benchmarks/equal_challenger.py days alone call an equal challenger better five times as often as they say where
authors matter, and blocks of author-days do where either matters.
"""

from dataclasses import dataclass

import numpy as np
from pandas import DataFrame, factorize
from scipy import stats

RUNS = 8  # of neighbours in time, where days are too few to draw from
MAX_BLOCKS = 20  # days are pooled in time order where each costs a computation of every metric
AUTHOR_BLOCKS = 200  # that authors are dealt to: more cost time and tell no more
FEW_AUTHORS = 5.0  # effective number below which posts are nearly all of one hand: only days are drawn then


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
        weights = np.bincount(codes).astype(float)
        return self._ratio(np.bincount(codes, values), weights, len(weights))

    def two_way(self, values: np.ndarray, days: np.ndarray, authors: np.ndarray | None) -> Interval:
        """The mean of `values` where rows share their day and their author; `authors` as authors_of has them.

        Squared widths of both ways are added and that of their cells is taken off, since it was counted twice; never
        narrower than either way. Few authors with most posts widen as few authors do (Carter, Schnepel and
        Steigerwald 2017).
        """
        by_day = self.mean(values, days)
        if authors is None:
            return by_day
        weights = np.bincount(authors).astype(float)
        by_author = self._ratio(np.bincount(authors, values), weights, effective(authors))
        by_cell = self.mean(values, days * len(weights) + authors)
        ways = [np.array([by.value - by.low, by.high - by.value]) ** 2 for by in (by_day, by_author, by_cell)]
        below, above = np.sqrt(np.max([ways[0] + ways[1] - ways[2], ways[0], ways[1]], axis=0))
        return Interval(by_day.value, by_day.value - float(below), by_day.value + float(above))

    def metric(self, whole: float, without: np.ndarray) -> Interval:
        """A metric from its value on all blocks and its values on all but one."""
        n = len(without)
        pseudo = np.nan_to_num(n * whole - (n - 1) * without, nan=whole)
        drawn = self._ratio(pseudo, np.ones(n), n)
        return Interval(whole, whole + drawn.low - drawn.value, whole + drawn.high - drawn.value)

    def _ratio(self, sums: np.ndarray, weights: np.ndarray, worth: float) -> Interval:
        """Sums over weights of drawn blocks, which are `worth` so many blocks of one size."""
        n = len(sums)
        centre = sums.sum() / weights.sum()
        counts = self.generator.multinomial(n, np.full(n, 1 / n), size=self.resamples)
        spread = (counts @ sums) / (counts @ weights) - centre
        tail = (1 - self.confidence) / 2
        low, high = np.quantile(spread, [tail, 1 - tail]) * _widening(n, worth, tail)
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


def authors_of(rows: DataFrame) -> np.ndarray | None:
    """Codes of AUTHOR_BLOCKS blocks that whole authors are dealt to, the busiest first; None where few are known.

    A post without an author is taken for the only one of its author.
    """
    if "author" not in rows or rows["author"].isna().all():
        return None
    known, names = factorize(rows["author"], sort=True)
    found = np.unique(np.where(known >= 0, known, len(names) + _ranks(rows)), return_inverse=True)[1]
    if effective(found) < FEW_AUTHORS:
        return None
    place = np.empty(found.max() + 1, dtype=np.int64)
    place[np.argsort(-np.bincount(found), kind="stable")] = np.arange(len(place))
    return place[found] % AUTHOR_BLOCKS


def effective(blocks: np.ndarray) -> float:
    """How many blocks of one size these are worth: one that holds most rows counts nearly alone."""
    counts = np.bincount(blocks).astype(float)
    return float(counts.sum() ** 2 / (counts**2).sum())


def _ranks(rows: DataFrame) -> np.ndarray:
    """Place of each row in time; rows of one moment by their post."""
    ranks = np.empty(len(rows), dtype=np.int64)
    ranks[np.lexsort((rows["post_id"].astype(str), rows["event_timestamp"]))] = np.arange(len(rows))
    return ranks


def pooled(blocks: np.ndarray) -> np.ndarray:
    """At most MAX_BLOCKS blocks of neighbours."""
    found = int(blocks.max()) + 1
    return blocks * min(MAX_BLOCKS, found) // found


def _widening(n: int, worth: float, tail: float) -> float:
    """Student's t over the normal quantile; a bootstrap of n blocks also divides by n where n - 1 is meant."""
    return float(stats.t.ppf(1 - tail, worth - 1) / stats.norm.ppf(1 - tail) * np.sqrt(n / (n - 1)))
