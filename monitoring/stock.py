"""What Evidently's defaults would say of a column, worked out in a fraction of a millisecond and without a drawing.

Its rule (0.7.23, legacy/calculations/stattests/registry.py and core/datasets.py), on rows that are neither null nor
infinite:

    column            up to 1,000 rows in the reference     more
    > 5 values        Kolmogorov-Smirnov, p <= 0.05         Wasserstein in sd of the reference >= 0.1
    3 values or more  chi-square, p < 0.05                  Jensen-Shannon >= 0.1
    1 or 2 values     z-test of shares, p < 0.05            Jensen-Shannon >= 0.1

Whole numbers of up to ten values and names are categories, whose number of values does not matter above two. The data
set has drifted where half of its columns have. Text is left out: its default trains a classifier on every call.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from pandas import Series
from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype
from scipy.stats import chi2, ks_2samp, norm

from monitoring.columns import factorized, numbers

SMALL = 1_000  # rows of a reference that is tested rather than measured
FEW = 5  # values of a number that is compared by them
INTEGER_VALUES = 10  # a whole number with so many is a category
TEXT_SHARE = 0.5  # of distinct values from which on names are text
SIGNIFICANCE, DISTANCE = 0.05, 0.1
LEAST_SD = 0.001


@dataclass(frozen=True)
class StockVerdict:
    method: str  # Evidently's name of it; empty: not judged
    score: float
    threshold: float
    drifted: bool

    @property
    def judged(self) -> bool:
        return bool(self.method)

    def __str__(self) -> str:
        if not self.judged:
            return "not judged"
        said = "drift" if self.drifted else "no drift"
        return f"{said}: {self.method} {self.score:.3f}, threshold {self.threshold:g}"


UNJUDGED = StockVerdict("", float("nan"), float("nan"), False)


@dataclass(frozen=True)
class StockReference:
    """The reference, prepared once: sorted and summed for numbers, counted for both where values are few."""

    kind: Literal["number", "category", "unjudged"]
    rows: int = 0
    ordered: np.ndarray | None = None  # of a number, about its mean
    sums: np.ndarray | None = None  # of the first 0, 1, ... of them
    mean: float = 0.0
    sd: float = 0.0
    counts: dict[object, int] | None = None  # rows by value; None for a number with more than a few


def stock_reference(column: Series) -> StockReference:
    """Kinds are told as Evidently does, from the reference; nullable types count as the plain ones."""
    kind = _kind(column)
    if kind == "category":
        counts = _counts(column)
        return StockReference(kind, sum(counts.values()), counts=counts)
    if kind == "unjudged":
        return StockReference(kind)
    found = _present(column)
    if not len(found):
        return StockReference("unjudged")
    mean = float(found.mean())
    ordered = np.sort(found) - mean
    few = 1 + int(np.count_nonzero(np.diff(ordered))) <= FEW
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    return StockReference(
        kind, len(found), ordered, sums, mean, float(ordered.std()), _counts(Series(found)) if few else None
    )


def stock_verdict(prepared: StockReference, current: Series) -> StockVerdict:
    """Not judged: text, or a side without a value."""
    if prepared.kind == "unjudged" or not prepared.rows:
        return UNJUDGED
    if prepared.kind == "category":
        return _of_values(prepared.counts or {}, _counts(current))
    found = _present(current)
    if not len(found):
        return UNJUDGED
    if prepared.counts is not None and len(prepared.counts.keys() | set(np.unique(found))) <= FEW:
        return _of_values(prepared.counts, _counts(Series(found)))
    return _of_numbers(prepared, found)


def _kind(column: Series) -> Literal["number", "category", "unjudged"]:
    if is_bool_dtype(column.dtype) or isinstance(column.dtype, pd.CategoricalDtype):
        return "category"
    if is_float_dtype(column.dtype):
        return "number"
    if is_integer_dtype(column.dtype):
        return "category" if column.nunique() <= INTEGER_VALUES else "number"
    if isinstance(column.dtype, pd.StringDtype) or column.dtype == object:
        places, distinct = factorized(column)
        return "category" if 0 < len(distinct) <= np.count_nonzero(places >= 0) * TEXT_SHARE else "unjudged"
    return "unjudged"


def _present(column: Series) -> np.ndarray:
    found = numbers(column)
    return found[~np.isnan(found)]


def _counts(column: Series) -> dict[object, int]:
    places, distinct = factorized(column)
    rows = np.bincount(places[places >= 0], minlength=len(distinct))
    return {value: int(n) for value, n in zip(distinct, rows, strict=True) if n and value not in (np.inf, -np.inf)}


def _of_values(before: dict[object, int], now: dict[object, int]) -> StockVerdict:
    if not before or not now:
        return UNJUDGED
    values = list(before | now)  # in an order that is the same in every process
    old, new = (np.array([side.get(value, 0) for value in values], dtype=float) for side in (before, now))
    if old.sum() > SMALL:
        distance = _jensen_shannon(old / old.sum(), new / new.sum())
        return StockVerdict("Jensen-Shannon distance", distance, DISTANCE, distance >= DISTANCE)
    if len(values) > 2:
        p = _chi_square(old, new)
        return StockVerdict("chi-square p_value", p, SIGNIFICANCE, p < SIGNIFICANCE)
    p = _z_test(old, new) if len(values) == 2 else 1.0
    return StockVerdict("Z-test p_value", p, SIGNIFICANCE, p < SIGNIFICANCE)


def _jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    middle = (p + q) / 2
    parts = sum(float(np.sum(side[side > 0] * np.log(side[side > 0] / middle[side > 0]))) for side in (p, q))
    return float(np.sqrt(max(parts, 0.0) / 2))


def _chi_square(old: np.ndarray, new: np.ndarray) -> float:
    """Against the reference's shares as if they were known; a value new to it is certain drift."""
    expected = old * new.sum() / old.sum()
    if (expected == 0).any():
        return 0.0
    return float(chi2.sf(np.sum((new - expected) ** 2 / expected), len(old) - 1))


def _z_test(old: np.ndarray, new: np.ndarray) -> float:
    n, m = old.sum(), new.sum()
    pooled = (old[0] + new[0]) / (n + m)
    z = (old[0] / n - new[0] / m) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    return float(2 * (1 - norm.cdf(abs(z))))


def _of_numbers(prepared: StockReference, found: np.ndarray) -> StockVerdict:
    assert prepared.ordered is not None
    if prepared.rows <= SMALL:
        p = float(ks_2samp(prepared.ordered + prepared.mean, found).pvalue)
        return StockVerdict("K-S p_value", p, SIGNIFICANCE, p <= SIGNIFICANCE)
    distance = _wasserstein(prepared, found) / max(prepared.sd, LEAST_SD)
    return StockVerdict("Wasserstein distance (normed)", distance, DISTANCE, distance >= DISTANCE)


def _wasserstein(prepared: StockReference, found: np.ndarray) -> float:
    """Area between the two distribution functions, one strip for each step of the current one's.

    Within a strip that one is flat, so the rising other crosses it at most once: at its own quantile. With the integral
    of the reference's from sums kept, m values cost O(m log n) whatever n is.
    """
    assert prepared.ordered is not None and prepared.sums is not None
    ordered, sums, n = prepared.ordered, prepared.sums, prepared.rows
    now = np.sort(found) - prepared.mean
    m = len(now)
    ends = np.concatenate([[min(ordered[0], now[0])], now, [max(ordered[-1], now[-1])]])
    height = np.arange(m + 1) / m
    below = np.searchsorted(ordered, ends, side="right")
    area = (below * ends - sums[below]) / n  # below the reference's distribution function, up to each end
    left, right, lower, upper = ends[:-1], ends[1:], area[:-1], area[1:]
    place = np.maximum(np.ceil(height * n - 1e-9).astype(np.intp), 1)
    quantile = ordered[place - 1]
    before, after = quantile <= left, quantile >= right
    crossing = np.where(before, left, np.where(after, right, quantile))
    middle = np.where(before, lower, np.where(after, upper, (place * quantile - sums[place]) / n))
    return float(np.sum(height * (2 * crossing - left - right) + lower + upper - 2 * middle))
