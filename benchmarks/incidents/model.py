"""The two models that the suite keeps on course: "linear" predicts a count, "classes" a label.

Both know the form of the law that the world follows, so that whatever they lose over its noise is what has moved.
"""

import io
import json
from functools import partial
from typing import Any

import numpy as np
from pandas import Categorical, DataFrame, Series

from benchmarks.incidents.fitting import design, ridge, softmax_weights
from benchmarks.incidents.recalibrating import recalibrated
from benchmarks.incidents.scoring import LABELS
from models.spec import FitSettings, Fitted, Model
from simulator.columns import CATEGORIES, Columns

PROBABILITIES = [f"p_{label}" for label in LABELS]
SCORING = "benchmarks.incidents.scoring"


def fit(layout: dict, rows: DataFrame, settings: FitSettings) -> Fitted:
    """`layout`: numbers (counts first, as many as `counts`), flags and target; names are found in the rows."""
    names = {name: sorted(rows[name].dropna().unique()) for name in CATEGORIES}
    layout = {**layout, "names": names}
    ready = design(rows, layout)
    if layout["target"] == "count":
        target = rows["target"].to_numpy(float)
        found = ridge(ready, target)
        gap = target - ready.matrix @ found[0]
        half = settings.interval_share / 2
        low, high = np.quantile(gap, [0.5 - half, 0.5 + half])
        calibration: dict[str, object] = {"slope": 1.0, "intercept": 0.0, "low": float(low), "high": float(high)}
    else:
        found = softmax_weights(ready, label_codes(rows["target"]))
        calibration = {"temperature": 1.0, "shift": [0.0] * len(LABELS)}
    columns = [*layout["numbers"], *layout["flags"]]
    importance = dict(zip(columns, np.abs(found[-1, : len(columns)]).tolist(), strict=True))
    files = {
        "layout.json": json.dumps(layout).encode(),
        "weights.npz": _packed(found, names, ready.mean, ready.scale),
        "calibration.json": json.dumps(calibration).encode(),
    }
    return Fitted(files, {"rows": len(rows), "width": ready.matrix.shape[1]}, importance)


def _packed(found: np.ndarray, names: dict[str, list[str]], mean: np.ndarray, scale: np.ndarray) -> bytes:
    """Weights of numbers and flags, effects of each name and bias as npz."""
    arrays: dict[str, Any] = {"weights": found[:, : len(mean)], "bias": found[:, -1], "mean": mean, "scale": scale}
    place = len(mean)
    for name, values in names.items():
        arrays[f"effects_{name}"] = found[:, place : place + len(values)]
        place += len(values)
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    return packed.getvalue()


def label_codes(labels: Series) -> np.ndarray:
    return Categorical(labels, categories=LABELS).codes.astype(int)


def absolute_errors(rows: DataFrame, predictions: DataFrame) -> np.ndarray:
    return np.abs(rows["target"].to_numpy(float) - predictions["value"].to_numpy(float))


def log_losses(rows: DataFrame, predictions: DataFrame) -> np.ndarray:
    """Minus the log of the probability given to the label."""
    found = predictions[PROBABILITIES].to_numpy(float)
    return -np.log(np.clip(found[np.arange(len(rows)), label_codes(rows["target"])], 1e-9, 1))


def count_metrics(rows: DataFrame, predictions: DataFrame) -> dict[str, float]:
    target = rows["target"].to_numpy(float)
    value, low, high = (predictions[name].to_numpy(float) for name in ("value", "low", "high"))
    return {
        "mae": float(np.abs(target - value).mean()),
        "bias": float((value - target).mean()),
        "coverage": float(((low <= target) & (target <= high)).mean()),
    }


def label_metrics(rows: DataFrame, predictions: DataFrame) -> dict[str, float]:
    right = predictions["label"].to_numpy(object) == rows["target"].to_numpy(object)
    return {"log_loss": float(log_losses(rows, predictions).mean()), "accuracy": float(right.mean())}


def slices(rows: DataFrame) -> DataFrame:
    return DataFrame({"platform": rows["platform"].astype(object).fillna("none").astype("category")})


def model_for(world: Columns) -> Model:
    """The model of a world: "linear" where it counts, "classes" where it labels."""
    counts = world.target == "count"
    layout = {
        "numbers": list(world.numbers),
        "counts": len(world.counts),
        "flags": list(world.flags),
        "target": world.target,
    }
    return Model(
        name="linear" if counts else "classes",
        service="columns",
        target=world.target,
        features=world.features,
        scoring=SCORING,
        fit=partial(fit, layout),
        losses=absolute_errors if counts else log_losses,
        metrics=count_metrics if counts else label_metrics,
        headline="mae" if counts else "log_loss",
        slices=slices,
        recalibrate=recalibrated,
    )


LINEAR = model_for(Columns())
CLASSES = model_for(Columns(target="label"))
