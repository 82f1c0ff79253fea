"""The engagement interval: errors of rows that the model never saw, scaled by how hard each post is.

A small booster predicts the size of the error; the quantiles of error over that size, by predicted value, come
from posts newer than all that was learned from. This is split-conformal prediction with a normalised score
(Lei et al. 2018, section 5.2), per bin of the prediction and with unequal tails.
"""

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np

from models.scoring_engagement import COLUMNS
from models.spec import FitSettings

SPREAD = {
    "objective": "l2",
    "learning_rate": 0.1,
    "num_leaves": 8,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.5,
    "lambda_l2": 20.0,
}
ROUNDS = 50
BIN_ROWS = 300
MOST_BINS = 10
LEAST_ERROR = 0.05  # log1p units: no post is certain


@dataclass(frozen=True)
class Interval:
    """`table`: value (bin centres), below and above (errors in units of the spread), least (one number)."""

    spread: lgb.Booster
    table: dict[str, list[float]]


def steady(settings: FitSettings) -> dict[str, object]:
    """LightGBM parameters by which the same rows give the same booster text.

    One thread: a second gains a third on idle cores and loses tenfold where another process shares them.
    """
    return {
        "seed": settings.seed,
        "num_threads": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def fit_interval(features: np.ndarray, value: np.ndarray, target: np.ndarray, settings: FitSettings) -> Interval:
    """From rows held out of the fit: features (rows, COLUMNS), predicted value and target, log1p units."""
    lasting = features.copy()
    lasting[:, COLUMNS.index("topic_code")] = np.nan  # the final model numbers topics anew
    error = target - value
    size = np.abs(error)
    expected = np.empty(len(size))
    for part in (0, 1):  # the quantiles must not come from rows that the spread was fitted on
        away = np.arange(len(size)) % 2 == part
        expected[away] = _spread(lasting[~away], size[~away], settings).predict(lasting[away])
    scaled = error / np.maximum(expected, LEAST_ERROR)
    table = quantile_table(value, scaled, settings.interval_share)
    return Interval(_spread(lasting, size, settings), table | {"least": [LEAST_ERROR]})


def refit_table(value: np.ndarray, error: np.ndarray, size: np.ndarray, share: float) -> dict[str, list[float]]:
    """The table from rows that neither booster learned from: calibrated value, target - value, `size` as predicted."""
    return quantile_table(value, error / size, share) | {"least": [LEAST_ERROR]}


def quantile_table(value: np.ndarray, scaled: np.ndarray, share: float) -> dict[str, list[float]]:
    """Per bin of `value` (equal counts): its median, and how far errors go below and above, each tail (1-share)/2."""
    bins = int(np.clip(len(value) // BIN_ROWS, 1, MOST_BINS))
    order = np.argsort(value, kind="stable")
    parts = np.array_split(order, bins)
    return {
        "value": [float(np.median(value[part])) for part in parts],
        "below": [_reach(-scaled[part], share) for part in parts],
        "above": [_reach(scaled[part], share) for part in parts],
    }


def _reach(errors: np.ndarray, share: float) -> float:
    """Smallest reach that holds (1+share)/2 of new errors, with the finite-sample step up of conformal prediction."""
    rank = int(np.ceil((len(errors) + 1) * (1 + share) / 2)) - 1
    return float(max(np.sort(errors)[min(rank, len(errors) - 1)], 0.0))


def _spread(features: np.ndarray, size: np.ndarray, settings: FitSettings) -> lgb.Booster:
    return lgb.train({**SPREAD, **steady(settings)}, lgb.Dataset(features, size, feature_name=list(COLUMNS)), ROUNDS)
