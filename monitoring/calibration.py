"""Calibration errors, row by row: numbers whose mean is 0 for a model that means what it says.

Their daily means are watched as the loss is. They tell a world in which only the level moved, which a new
calibrator mends, from one in which the ranking is lost, which takes a new model.
"""

import numpy as np
from numpy.typing import ArrayLike
from pandas import DataFrame, Series

from models.spec import FitSettings


def calibration_errors(
    target: ArrayLike, predictions: DataFrame, *, nominal: float = FitSettings.interval_share
) -> DataFrame:
    """One column an error, one row a row of `predictions`, whose index is kept; `target` is in their order.

    Counts: bias = value - target, in the target's units, and, where low and high are there,
    coverage = 1 if low <= target <= high else 0, minus `nominal`.
    Labels: for each class, p_class = the probability given to it, minus 1 if it is the target else 0.
    NaN where the target or a number that the error is made of is missing or infinite.
    """
    truth = Series(np.asarray(target), index=predictions.index)
    classes = [str(name) for name in predictions if str(name).startswith("p_")]
    errors = _of_labels(truth, predictions[classes]) if classes else _of_counts(truth, predictions, nominal)
    return errors.replace([np.inf, -np.inf], np.nan)


def _of_labels(truth: Series, probabilities: DataFrame) -> DataFrame:
    name = truth.astype(str)
    hit = DataFrame({column: name == column.removeprefix("p_") for column in probabilities})
    # Across a row too: a post with one missing probability has no calibrated others.
    scored = np.isfinite(probabilities.to_numpy(float)).all(axis=1) & truth.notna().to_numpy()
    return (probabilities.astype(float) - hit).where(Series(scored, index=truth.index), np.nan)


def _of_counts(truth: Series, predictions: DataFrame, nominal: float) -> DataFrame:
    target = truth.astype(float)
    errors = DataFrame({"bias": predictions["value"].astype(float) - target})
    if {"low", "high"} <= set(predictions):
        low, high = predictions["low"].astype(float), predictions["high"].astype(float)
        held = ((low <= target) & (target <= high)).astype(float) - nominal
        errors["coverage"] = held.where(np.isfinite(low + high + target), np.nan)
    return errors
