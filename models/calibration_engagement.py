"""A straight line over the engagement model's values, for when the level of the audience moved and little else did."""

import numpy as np
from scipy.optimize import minimize

from trimtab.errors import NotEnoughData

UNCALIBRATED = (0.0, 1.0)  # intercept, slope
SLOPES = (0.5, 1.5)  # a model whose values have to be stretched further has to be trained anew
LEAST_ROWS = 30
PRIOR_ROWS = 30  # that the line in force is worth
ROUND = 0.1  # log1p units within which an error counts by its square, so that the least of the loss is smooth


def calibration(raw: np.ndarray, target: np.ndarray, before: tuple[float, float] = UNCALIBRATED) -> tuple[float, float]:
    """Intercept and slope with the least absolute error on these rows, drawn to those in force where rows are few."""
    if len(raw) < LEAST_ROWS:
        fix = "Wait for outcomes to mature, or recalibrate on a longer period."
        raise NotEnoughData.rows(len(raw), LEAST_ROWS, "rows to recalibrate on", fix)
    middle = float(np.median(raw))  # turning the line about the middle of the rows keeps shift and slope apart
    started = float(np.median(target - raw))

    def loss(theta: np.ndarray) -> float:
        error = target - raw - theta[0] - (theta[1] - 1) * (raw - middle)
        return float(np.mean(np.sqrt(1 + (error / ROUND) ** 2)))

    shift, slope = minimize(loss, [started, 1.0], method="L-BFGS-B", bounds=[(None, None), SLOPES]).x
    found = np.array([shift - (slope - 1) * middle, slope])
    share = len(raw) / (len(raw) + PRIOR_ROWS)
    intercept, slope = share * found + (1 - share) * np.asarray(before)
    return float(intercept), float(slope)
