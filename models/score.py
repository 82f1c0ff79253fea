"""Predictions into the lake, each once per post, version and role."""

from datetime import datetime

import pyarrow as pa
from pandas import DataFrame

from models.registry import LoadedVersion
from models.spec import Model
from models.stores import Stores
from trimtab.posts import PREDICTIONS, SENTIMENTS

KEY = ("post_id", "model", "version", "role")


def write_predictions(
    stores: Stores, model: Model, loaded: LoadedVersion, role: str, rows: DataFrame, scored_at: datetime
) -> int:
    """Score `rows` with one version and keep what was not kept before; returns how many were new."""
    if rows.empty:
        return 0
    table = predictions_table(model, loaded.version, role, rows, loaded.predict(rows), scored_at)
    written = stores.lake.insert_new("predictions", table, KEY)
    stores.lake.tidy("predictions")
    return written


def predictions_table(
    model: Model, version: str, role: str, rows: DataFrame, predictions: DataFrame, scored_at: datetime
) -> pa.Table:
    """Rows of the predictions table; a model without intervals or classes leaves those columns null."""
    count = len(rows)
    columns = {
        "post_id": rows["post_id"].to_numpy(),
        "model": [model.name] * count,
        "version": [version] * count,
        "role": [role] * count,
        "scored_at": [scored_at] * count,
        "published_at": rows["published_at"],
        **{name: predictions[name] if name in predictions else [None] * count for name in ("value", "low", "high")},
        "probabilities": _probabilities(predictions),
    }
    return pa.table({field.name: pa.array(columns[field.name], field.type) for field in PREDICTIONS})


def _probabilities(predictions: DataFrame) -> list[list[float] | None]:
    names = [f"p_{label}" for label in SENTIMENTS if f"p_{label}" in predictions]
    return predictions[names].to_numpy().tolist() if names else [None] * len(predictions)
