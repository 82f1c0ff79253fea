"""Calibrated: what it says comes true as often as it says, as far as so few posts can tell.

A world that moved puts the champion off its calibration too, and a model that aims at the median of skewed counts lies
below their mean for good. So that what serves is never kept for the sake of a limit that it misses by more, a limit is
the setting's or the champion's own distance on the same posts, whichever is larger; to that comes what chance adds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pandas import Categorical, DataFrame

from models.evaluate import FEW_DAYS, MIN_ROWS
from models.gates.gate import Gate
from models.gates.significance import mean_of
from models.gates.trial import Trial
from models.intervals import authors_of, finer_blocks

NAME = "calibrated"
BINS = 15  # of the top probability
DRAWS = 400


@dataclass(frozen=True)
class Distance:
    """How far off a version is in one respect, its limit, and what chance adds to that limit on these posts."""

    what: str
    wanted: str
    value: float  # as it is shown: a bias has a sign
    off: float
    limit: float
    noise: float

    def allowed(self, champion: "Distance | None") -> float:
        return max(self.limit, champion.off if champion is not None else 0.0) + self.noise

    def __str__(self) -> str:
        return f"{self.what} {self.value:.3f}"


def calibrated(trial: Trial, *, soft: bool = False) -> Gate:
    """Of probabilities their calibration error, of values their bias, of intervals the share of outcomes inside."""
    wanted = "what is said comes true"
    if len(trial.rows) < MIN_ROWS:
        why = f"{len(trial.rows):,} posts with an outcome, {MIN_ROWS} wanted."
        return Gate.unjudged(NAME, wanted, why)
    found = list(_distances(trial, trial.challenger.predictions))
    if not found:
        return Gate.unjudged(NAME, wanted, "the model says neither probabilities nor values.")
    before = {one.what: one for one in (_distances(trial, trial.champion.predictions) if trial.champion else ())}
    wanted = f"{', '.join(one.wanted for one in found)}, or the champion's, and chance"
    allowed = [one.allowed(before.get(one.what)) for one in found]
    wrong = [(one, most) for one, most in zip(found, allowed, strict=True) if one.off > most]
    figures = {one.what.replace(" ", "_"): one.value for one in found}
    value = ", ".join(map(str, found))
    if wrong:
        said = ", ".join(f"{one}, {one.off:.3f} off where {most:.3f} is allowed" for one, most in wrong)
        return Gate(NAME, False, value, wanted, f"It is off its calibration: {said}.", soft=soft, figures=figures)
    return Gate(NAME, True, value, wanted, f"It is calibrated: {value}.", soft=soft, figures=figures)


def _distances(trial: Trial, predictions: DataFrame) -> Iterator[Distance]:
    limits, rows = trial.limits, trial.rows
    classes = [str(name) for name in predictions if str(name).startswith("p_")]
    if classes:
        label = Categorical(rows["target"], categories=[name.removeprefix("p_") for name in classes]).codes
        found = predictions[classes].to_numpy(float)
        error, noise = calibration_error(found, label), chance_error(found, np.random.default_rng(trial.seed))
        most = limits.calibration_error
        yield Distance("calibration error", f"error to {most:g}", error, error, most, noise)
        return
    days, authors = finer_blocks(rows, FEW_DAYS), authors_of(rows)
    if "value" in predictions:
        bias = mean_of((predictions["value"] - rows["target"]).to_numpy(float), days, authors)
        noise, most = bias.reach(limits.chance_share / 2), limits.bias_log1p
        yield Distance("bias", f"bias to {most:g}", bias.value, abs(bias.value), most, noise)
    if {"low", "high"} <= set(predictions):
        inside = rows["target"].between(predictions["low"], predictions["high"]).to_numpy(float)
        share = mean_of(inside, days, authors)
        off, noise = abs(share.value - trial.interval_share), share.reach(limits.chance_share / 2)
        near = f"coverage within {limits.coverage_gap:g} of {trial.interval_share:g}"
        yield Distance("coverage", near, share.value, off, limits.coverage_gap, noise)


def calibration_error(found: np.ndarray, label: np.ndarray) -> float:
    """Expected calibration error of probabilities (rows, classes): |top probability - hit| over 15 equal-width bins,
    weighted by posts (Guo et al., ICML 2017)."""
    top = found.max(axis=1)
    at = np.minimum((top * BINS).astype(int), BINS - 1)
    return float(np.abs(np.bincount(at, top - (found.argmax(axis=1) == label), BINS)).sum() / len(label))


def chance_error(found: np.ndarray, generator: np.random.Generator) -> float:
    """The calibration error that one perfectly calibrated version in twenty exceeds on so many posts.

    Outcomes are drawn from the probabilities themselves: consistency resampling (Bröcker and Smith 2007).
    """
    top = found.max(axis=1)
    at = np.minimum((top * BINS).astype(int), BINS - 1)
    hit = generator.random((DRAWS, len(top))) < top
    gaps = np.zeros((DRAWS, BINS))
    for place in np.unique(at):
        gaps[:, place] = np.abs((top - hit)[:, at == place].sum(axis=1))
    return float(np.quantile(gaps.sum(axis=1) / len(top), 0.95))
