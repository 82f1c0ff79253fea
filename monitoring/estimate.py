"""The estimated performance of a window, and when not to believe it.

An estimate follows what the model knows of: a shift of the features. It cannot see that the world answers
otherwise than it did (concept drift), nor what the reference never held. So none is given without a check.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from models.intervals import Interval
from monitoring.estimator import RANGE, ROUNDING, Estimator, Labelled, fit_estimator, is_number, raw_losses
from monitoring.measures import ALL, Measure

__all__ = ["Estimate", "Estimator", "Labelled", "estimated", "fit_estimator", "raw_losses", "trust"]
LEAST_DAYS = 14  # two of each weekday: fewer do not say how much days differ
LEAST_ROWS = 100
MOST_OUTSIDE = 0.05  # share of a window's rows beyond RANGE of the reference, where 0.01 is expected
NEWEST_DAYS = 7  # with labels, that the estimate is held against
SURE = 0.99


@dataclass(frozen=True)
class Estimate:
    """The estimated mean loss of a window, or why there is none: exactly one of `interval` and `doubt`."""

    interval: Interval | None
    doubt: str | None
    rows: int  # of the window that have a score

    @property
    def measures(self) -> tuple[Measure, ...]:
        """estimated_loss, estimated_loss_low and estimated_loss_high: shown, never an alarm; NaN under doubt."""
        found = self.interval or Interval(math.nan, math.nan, math.nan)
        parts = ("", found.value), ("_low", found.low), ("_high", found.high)
        return tuple(
            Measure(
                kind="performance",
                name=f"estimated_loss{end}",
                slice=ALL,
                value=value,
                threshold=math.nan,
                alarm=False,
                rows=self.rows,
            )
            for end, value in parts
        )


def estimated(
    estimator: Estimator, raw: ArrayLike, newest: Labelled | None = None, confidence: float = 0.95
) -> Estimate:
    """The estimated loss of a window with these raw_losses, where it can be trusted.

    `newest`: labelled rows since the reference, whose newest days the estimate is held against.
    """
    scores = np.asarray(raw, dtype=float)
    doubt = trust(estimator, scores, newest)
    interval = None if doubt else estimator.estimate(scores, confidence)
    return Estimate(interval, doubt, int(is_number(scores).sum()))


def trust(
    estimator: Estimator, raw: ArrayLike, newest: Labelled | None = None, least_days: int = LEAST_DAYS
) -> str | None:
    """Why the estimate of the window with these raw_losses cannot be trusted, in words, or None."""
    scores = np.asarray(raw, dtype=float)
    return (
        _too_thin(estimator, least_days)
        or _not_scored(scores)
        or _out_of_range(estimator, scores)
        or (_contradicted(estimator, newest) if newest else None)
    )


def _too_thin(estimator: Estimator, least_days: int) -> str | None:
    if estimator.days >= least_days and estimator.rows >= LEAST_ROWS:
        return None
    found = f"{estimator.rows:,} labelled rows on {estimator.days:,} days"
    return f"the reference has {found}, and an estimate needs {LEAST_ROWS:,} on {least_days}"


def _not_scored(scores: np.ndarray) -> str | None:
    if not len(scores):
        return "the window has no rows"
    bad = int((~is_number(scores)).sum())
    return f"{bad:,} of {len(scores):,} predictions are not numbers" if bad else None


def _out_of_range(estimator: Estimator, scores: np.ndarray) -> str | None:
    """More rows out of range than MOST_OUTSIDE, and than chance brings into a small window."""
    margin = ROUNDING * max(abs(estimator.low), abs(estimator.high))
    outside = int(((scores < estimator.low - margin) | (scores > estimator.high + margin)).sum())
    usual = 1 - (RANGE[1] - RANGE[0])
    if outside <= MOST_OUTSIDE * len(scores) or stats.binom.sf(outside - 1, len(scores), usual) > 1 - SURE:
        return None
    share = f"{outside / len(scores):.0%} of the predictions are more or less sure of themselves"
    return f"{share} than those of the reference, where {usual:.0%} would be usual"


def _contradicted(estimator: Estimator, newest: Labelled) -> str | None:
    """A t-test of calculated against estimated loss over the newest days that have both."""
    raw, losses, codes = newest.usable()
    if not len(raw):
        return None
    kept = codes > codes.max() - NEWEST_DAYS
    said, was = estimator.gap(Labelled(raw[kept], losses[kept], codes[kept]), SURE)
    if said.low <= was <= said.high:
        return None
    days = f"the newest {len(np.unique(codes[kept])):,} days with labels"
    return f"on {days} the calculated loss was {was:.3f} where the estimate said {said}"
