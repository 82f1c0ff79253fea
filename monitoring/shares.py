"""A column's days in its space: their level, and how far their shares are from the reference's.

Distances of shares are Jensen-Shannon's. Between two samples of one world its square is, to second order,
chi-squared with cells - 1 degrees of freedom times (1/n + 1/m) / 8 (Endres & Schindelin 2003, eq. 7).
"""

import numpy as np

DAY_ROWS = 10  # a day with fewer has no distance
CHUNK = 65_536  # rows at a time: what fits the processor's cache
POOL_ROWS = 30  # the weight, in rows, of the variance of all days in that of one day


def daily_level(
    level: np.ndarray, day: np.ndarray, days: int, reference: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean of each day, the sampling variance of that mean, and rows; arrays (days,), NaN where a day has no rows.

    The variance of a day's rows is drawn towards the pooled one (of the reference days where `reference` (days,) bool
    is given, else of all), which counts as 30 rows: a day of three posts alike is not a day without noise.
    """
    centre = _middle(level)
    rows, sums, squares = np.zeros(days), np.zeros(days), np.zeros(days)
    for start in range(0, len(level), CHUNK):
        place, value = day[start : start + CHUNK], level[start : start + CHUNK] - centre
        kept = (place >= 0) & (place < days) & ~np.isnan(value)
        if not kept.all():
            place, value = place[kept], value[kept]
        rows += np.bincount(place, minlength=days)
        sums += np.bincount(place, value, days)
        squares += np.bincount(place, value * value, days)
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = np.maximum(squares - sums**2 / np.maximum(rows, 1), 0.0)
        pool = np.ones(days, bool) if reference is None else reference
        pooled = squares[pool].sum() / max((rows[pool] - 1).clip(0).sum(), 1)
        spread = (squares + POOL_ROWS * pooled) / ((rows - 1).clip(0) + POOL_ROWS)
        return centre + sums / rows, np.where(rows > 0, spread / rows, np.nan), rows


def _middle(level: np.ndarray) -> float:
    """About the mean: sums of squares of what lies far from nought would lose their digits."""
    some = level[:: max(len(level) // 1_000, 1)]
    some = some[~np.isnan(some)]
    return float(some.mean()) if len(some) else 0.0


def daily_distance(
    counts: np.ndarray, reference: np.ndarray, rows_per_day: np.ndarray, clumping: float = 1.0
) -> np.ndarray:
    """How far each day's shares are from the reference's, beyond what is expected of it; (days,), about 0 if as before.

    `counts` (days, cells), `reference` (days,) bool. A reference day is held against the other reference days. With
    E = clumping * chance + what the reference days differ beyond chance (their median), the value of a squared distance
    D is log((D / E + 1/2) / (3/2)): the half makes chance symmetric (the local Wilson-Hilferty cube root). From -1.1
    (no distance) on; 0 as expected; 1 is D = 3.6 E. NaN for a day of under ten rows or without a reference.
    """
    squared, chance = _against_reference(counts, reference)
    chance = np.maximum(clumping, 1.0) * chance
    fit = (rows_per_day >= DAY_ROWS) & np.isfinite(squared) & (chance > 0)
    excess = (squared - chance)[fit & reference]
    expected = chance + max(float(np.median(excess)), 0.0) if len(excess) else chance
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(fit, np.log((squared / expected + 0.5) / 1.5), np.nan)


def usual(counts: np.ndarray, reference: np.ndarray, window_days: int = 1) -> tuple[float, float]:
    """Median and 99 % quantile of `jensen_shannon` among the reference's own windows, each against the other days.

    Windows are of `window_days` days and follow one another, those that end in the newest reference day first.
    """
    days = counts[reference]
    total, width = days.sum(axis=0), max(window_days, 1)
    windows = [days[end - width : end].sum(axis=0) for end in range(len(days), width - 1, -width)]
    found = np.array([jensen_shannon(total - window, window) for window in windows])
    found = found[np.isfinite(found)]
    return (float(np.median(found)), float(np.quantile(found, 0.99))) if len(found) else (np.nan, np.nan)


def jensen_shannon(before: np.ndarray, now: np.ndarray) -> float:
    """Distance (0 to 0.83) of two rows of counts, natural logarithms; NaN where a side has nothing."""
    return float(np.sqrt(_squared(now[None, :], before[None, :])[0]))


def _against_reference(counts: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared distance of each day and the one that chance is expected to give; (days,) each."""
    others = counts[reference].sum(axis=0) - np.where(reference[:, None], counts, 0)
    return _squared(counts, others), _chance(counts, others)


def _squared(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Squared Jensen-Shannon distance, row by row of counts (rows, cells); NaN where a side is empty."""
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q = (side / side.sum(axis=1, keepdims=True) for side in (now, before))
        middle = (p + q) / 2
        parts = [np.where(side > 0, side * np.log(side / middle), 0.0).sum(axis=1) for side in (p, q)]
        squared = np.maximum((parts[0] + parts[1]) / 2, 0.0)
    empty = (now.sum(axis=1) == 0) | (before.sum(axis=1) == 0)
    return np.where(empty, np.nan, squared)


def _chance(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Expected squared distance of two samples of one world: (cells - 1) / 8 (1/n + 1/m), rare cells counted in part.

    A cell that a sample of n is expected to hold less than about a third of a row adds p log(2) / 2, not 1 / 8n.
    """
    n, m = now.sum(axis=1, keepdims=True), before.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = (now + before) / (n + m)
        small = np.minimum(n, m)
        filled = np.minimum(1.0, 4 * np.log(2) * p * small)
        return np.sum((1 - p) * filled, axis=1) / 8 * (1 / n + 1 / m)[:, 0]
