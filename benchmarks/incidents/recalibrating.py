"""Mend or harm a version of the suite's models without fitting it again; all but what changes is shared."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from pandas import Categorical, DataFrame
from scipy.optimize import minimize

from benchmarks.incidents.scoring import LABELS, Scorer, calibrated
from models.spec import FitSettings, Fitted
from trimtab.errors import NotEnoughData

HALVINGS = 20
LEAST_ROWS = 100
LEAST_SPREAD = 1e-6  # of predictions below which a slope means nothing


def scorer_of(files: Mapping[str, bytes]) -> Scorer:
    """The Scorer of a bundle that is in memory."""
    with np.load(io.BytesIO(files["weights.npz"]), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    return Scorer(json.loads(files["layout.json"]), arrays, json.loads(files["calibration.json"]))


def recalibrated(files: Mapping[str, bytes], rows: DataFrame, settings: FitSettings) -> Fitted:
    """A line through a count (least squares), a temperature and a shift for labels; weights are the same bytes.

    Raises NotEnoughData.
    """
    if len(rows) < LEAST_ROWS:
        raise NotEnoughData.rows(len(rows), LEAST_ROWS, "rows to recalibrate on", "Wait for outcomes to mature.")
    scorer = scorer_of(files)
    refit = _line if scorer.layout["target"] == "count" else _temperature
    calibration = refit(scorer.raw(rows), rows, settings)
    changed = {**files, "calibration.json": json.dumps(calibration).encode()}
    return Fitted(changed, {"recalibrated_on": len(rows)}, {})


def _line(raw: np.ndarray, rows: DataFrame, settings: FitSettings) -> dict[str, object]:
    value, target = raw[:, 0], rows["target"].to_numpy(float)
    spread = float(value.var())
    slope = float(np.cov(value, target, bias=True)[0, 1] / spread) if spread > LEAST_SPREAD else 1.0
    intercept = float(target.mean() - slope * value.mean())
    half = settings.interval_share / 2
    low, high = np.quantile(target - slope * value - intercept, [0.5 - half, 0.5 + half])
    return {"slope": slope, "intercept": intercept, "low": float(low), "high": float(high)}


def _temperature(raw: np.ndarray, rows: DataFrame, settings: FitSettings) -> dict[str, object]:
    """Vector scaling with one temperature (Guo et al., ICML 2017); the shift of the second label is nothing."""
    label = Categorical(rows["target"], categories=LABELS).codes.astype(int)
    hot = np.eye(len(LABELS))[label]

    def loss(asked: np.ndarray) -> tuple[float, np.ndarray]:
        found = calibrated(raw, {"temperature": asked[0], "shift": [asked[1], 0.0, asked[2]]})
        wrong = (found - hot) / len(hot)
        slope = np.array([(wrong * raw).sum(), wrong[:, 0].sum(), wrong[:, 2].sum()])
        return float(-np.log(np.maximum(found[np.arange(len(label)), label], 1e-12)).mean()), slope

    best = minimize(loss, np.array([1.0, 0.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.05, 20), (-9, 9), (-9, 9)])
    temperature, first, last = (float(value) for value in best.x)
    return {"temperature": temperature, "shift": [first, 0.0, last]}


def damaged(
    fitted: Fitted, rows: DataFrame, losses: Callable[[DataFrame, DataFrame], np.ndarray], worse: float = 0.1
) -> Fitted:
    """A version whose mean loss on `rows` is higher by a share: each number's weight leans to its neighbour's."""
    scorer = scorer_of(fitted.files)
    weights = scorer.arrays["weights"]
    leaning = np.roll(weights, 1, axis=1) - weights
    usual = float(losses(rows, scorer.predict(rows)).mean())
    low, high = 0.0, 4.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        scorer.arrays["weights"] = weights + middle * leaning
        enough = losses(rows, scorer.predict(rows)).mean() >= (1 + worse) * usual
        low, high = (low, middle) if enough else (middle, high)
    packed = io.BytesIO()
    np.savez(packed, **{**scorer.arrays, "weights": weights + high * leaning})
    return replace(fitted, files={**fitted.files, "weights.npz": packed.getvalue()})
