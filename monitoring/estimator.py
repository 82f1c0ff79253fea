"""The expected loss of predictions, before labels come: how unsure a model says it is, calibrated to its losses.

A classifier's expected log loss is the entropy of its probabilities: confidence-based performance estimation
(CBPE, NannyML documentation; for the theory, Kivimäki, Białek, Nurminen and Kuberski 2024, "Confidence-based
Estimators for Predictive Performance in Model Monitoring", and Białek, Kivimäki, Kuberski and Perrakis 2024,
"Estimating Model Performance Under Covariate Shift Without Labels"). A regressor's expected error grows with the
width of its interval: an error model, as in direct loss estimation (DLE, NannyML documentation).

Both raw scores are calibrated by one straight line to the losses calculated on labelled reference rows. A line
goes on where the reference grows thin; a map by bins is flat there, and reads a shift of the features too low.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from pandas import DataFrame, Index
from scipy import stats

from models.intervals import Interval

RANGE = (0.005, 0.995)  # quantiles of the raw scores of the reference
MOST_CARRY = 0.9  # lag-1 correlation of day effects
ROUNDING = 1e-9
HUGE = 1e50  # no loss is; the squares of what is smaller stay finite
UNKNOWN = (math.nan,) * 9  # of a reference too short to say


@dataclass(frozen=True)
class Labelled:
    """Rows whose labels have come, in any order. Of `days` only equality and order count; NaT is left out."""

    raw: ArrayLike  # raw_losses of their predictions
    losses: ArrayLike  # the model's own
    days: ArrayLike  # event_timestamp.dt.floor("D")

    def usable(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Raw scores, losses and days as codes from 0 in time order, of the rows that have all three."""
        raw, losses = np.asarray(self.raw, dtype=float), np.asarray(self.losses, dtype=float)
        codes = Index(self.days).factorize(sort=True)[0]  # keeps times as numbers: np.asarray makes objects of them
        kept = is_number(raw) & is_number(losses) & (codes >= 0)
        return raw[kept], losses[kept], np.unique(codes[kept], return_inverse=True)[1]


@dataclass(frozen=True)
class Estimator:
    """loss = level + slope * (raw - centre), and how far the days of the reference were from it. Plain numbers."""

    level: float
    slope: float
    centre: float
    slope_sd: float  # clustered by day
    row_sd: float  # of losses about the line, within a day
    day_sd: float  # of what the rows of one day share beyond that
    carry: float  # days that a day effect counts for: 1 where the days are independent
    low: float  # the raw scores of the reference lie between these, but for what RANGE leaves out
    high: float
    days: int
    rows: int

    def estimate(self, raw: ArrayLike, confidence: float = 0.95) -> Interval:
        """The mean loss that rows of one day with these raw scores will be found to have.

        Rows of many days are taken for one day's, which makes their interval too wide, not too narrow.
        NaN on no rows, on a raw score that is not a number and without two days of reference.
        """
        scores = np.asarray(raw, dtype=float)
        if not len(scores) or self.days < 2:
            return Interval(math.nan, math.nan, math.nan)
        mean = float(scores.mean())
        value = self.at(mean)
        sd = math.hypot(float(self._day_sds(np.array([len(scores)]))[0]), self._line_sd(mean))
        half = self._quantile(confidence) * sd
        return Interval(value, value - half, value + half)

    def at(self, raw: float) -> float:
        """The expected loss at a raw score, or the mean one at their mean."""
        return self.level + self.slope * (raw - self.centre)

    def gap(self, rows: Labelled, confidence: float) -> tuple[Interval, float]:
        """Estimated loss over the days of `rows` with the ends between which chance leaves the calculated one.

        And the calculated one. Days weigh by their precision; rows.usable() must hold some.
        """
        raw, losses, codes = rows.usable()
        counts = np.bincount(codes)
        weights = 1 / np.maximum(self._day_sds(counts), ROUNDING / HUGE) ** 2
        weights /= weights.sum()
        mean = float(weights @ (np.bincount(codes, raw) / counts))
        shared = math.sqrt(min(self.carry, len(counts))) * self.day_sd
        days_sd = float(np.linalg.norm(weights * np.hypot(shared, self.row_sd / np.sqrt(counts))))
        half = self._quantile(confidence) * math.hypot(days_sd, self._line_sd(mean)) + ROUNDING * abs(self.level)
        said = self.at(mean)
        return Interval(said, said - half, said + half), float(weights @ (np.bincount(codes, losses) / counts))

    def _day_sds(self, counts: np.ndarray) -> np.ndarray:
        """Of calculated minus estimated loss of single days, by their rows."""
        return np.hypot(self.day_sd, self.row_sd / np.sqrt(counts))

    def _line_sd(self, raw: float) -> float:
        """Of the line itself at a raw score: it is known from so many days."""
        level = math.sqrt(self.carry / self.days) * self.day_sd
        return math.hypot(level, self.row_sd / math.sqrt(self.rows), self.slope_sd * (raw - self.centre))

    def _quantile(self, confidence: float) -> float:
        return float(stats.t.ppf((1 + confidence) / 2, self.days - 1))


def raw_losses(predictions: DataFrame) -> np.ndarray:
    """What each prediction says of its own loss, one a row: entropy (nats) of p_*, else high - low, else 1.

    NaN where the prediction is not a number.
    """
    classes = [name for name in predictions if str(name).startswith("p_")]
    if classes:
        found = predictions[classes].to_numpy(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(found == 0, 0.0, -found * np.log(found)).sum(axis=1)
    value = predictions["value"].to_numpy(float)
    if {"low", "high"} <= set(predictions):
        with np.errstate(invalid="ignore"):
            size = predictions["high"].to_numpy(float) - predictions["low"].to_numpy(float)
    else:
        size = np.ones(len(value))
    return np.where(np.isfinite(value), size, np.nan)


def fit_estimator(raw_reference: ArrayLike, losses_reference: ArrayLike, days_reference: ArrayLike) -> Estimator:
    """The line from raw to loss by least squares, never falling. See Labelled for the three arrays.

    The rows must be ones that the model did not learn from: it is too good on those, and so the estimate would be.
    """
    raw, losses, codes = Labelled(raw_reference, losses_reference, days_reference).usable()
    counts = np.bincount(codes)
    if len(counts) < 2:
        return Estimator(*UNKNOWN, len(counts), len(raw))
    centre, level = float(raw.mean()), float(losses.mean())
    moved = raw - centre
    spread = float(moved @ moved)
    if not spread > 0 or np.ptp(raw) <= ROUNDING * np.abs(raw).max():
        spread = math.inf  # one raw score for all says nothing: the line is level
    slope = max(float(moved @ (losses - level)) / spread, 0.0)
    residuals = losses - level - slope * moved
    row_sd, day_sd, carry = _spreads(residuals, codes, counts)
    slope_sd = float(np.linalg.norm(np.bincount(codes, moved * residuals))) / spread
    low, high = (float(end) for end in np.quantile(raw, RANGE))
    return Estimator(level, slope, centre, slope_sd, row_sd, day_sd, carry, low, high, len(counts), len(raw))


def is_number(values: np.ndarray) -> np.ndarray:
    """False also where it is too large to be meant."""
    return np.abs(values) < HUGE  # NaN compares as False


def _spreads(residuals: np.ndarray, codes: np.ndarray, counts: np.ndarray) -> tuple[float, float, float]:
    """row_sd, day_sd and carry by the method of moments: one-way random effects, AR(1) over the days."""
    gaps = np.bincount(codes, residuals) / counts
    within = float(((residuals - gaps[codes]) ** 2).sum()) / max(len(residuals) - len(counts), 1)
    between = max(float(gaps.var(ddof=1)) - within * float((1 / counts).mean()), 0.0)
    gaps = gaps - gaps.mean()
    carried = min(max(float((gaps[1:] * gaps[:-1]).mean()) / between, 0.0), MOST_CARRY) if between > 0 else 0.0
    return math.sqrt(within), math.sqrt(between), (1 + carried) / (1 - carried)
