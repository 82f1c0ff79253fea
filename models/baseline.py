"""What was usual when a version was trained, small enough to travel with it: what it is to be held against."""

from datetime import timedelta
from typing import Any

import numpy as np
from pandas import DataFrame, Series, Timestamp
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from models.request import Made
from models.scores import Scorecard
from models.spec import Model
from trimtab.settings import Monitoring

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
FEW_VALUES = 10  # numbers with no more are told by their shares
NAMES = 20  # whose shares are told; the others are one


def baseline(
    model: Model, made: Made, predictions: DataFrame, card: Scorecard, monitoring: Monitoring
) -> dict[str, Any]:
    """The reference period with each feature, the targets learned in it, the fresh predictions, loss and thresholds."""
    end = made.request.as_of
    start = end - timedelta(days=monitoring.reference_days)
    posts, learned = (_between(rows, start, end) for rows in (made.history.posts, made.learned))
    return {
        "reference": {"start": start.isoformat(), "end": end.isoformat(), "posts": len(posts)},
        "features": {name: summary(posts[name]) for name in model.features if name in posts},
        "target": summary(learned["target"]),
        "predictions": {str(name): summary(predictions[name]) for name in predictions},
        "loss": {name: vars(score) for name, score in card.overall.items()},
        "thresholds": monitoring.model_dump(),
    }


def summary(values: Series) -> dict[str, Any]:
    """Share of nulls, and quantiles of numbers, shares of few values and of names, or quantiles of texts' lengths."""
    known = values.dropna()
    told: dict[str, Any] = {"nulls": round(1 - len(known) / len(values), 6) if len(values) else None}
    if known.empty:
        return told
    if is_numeric_dtype(known) and not is_bool_dtype(known) and known.nunique() > FEW_VALUES:
        return told | {"quantiles": _quantiles(known)}
    if values.name == "text":
        return told | {"chars": _quantiles(known.str.len())}
    shares = known.astype(str).value_counts(normalize=True, sort=False).sort_index()
    named = shares.sort_values(ascending=False, kind="stable").head(NAMES)
    return told | {"shares": {name: round(float(share), 6) for name, share in named.items()}}


def _between(rows: DataFrame, start: Any, end: Any) -> DataFrame:
    scored = rows["event_timestamp"]
    return rows[(scored >= Timestamp(start)) & (scored < Timestamp(end))]


def _quantiles(values: Series) -> dict[str, float]:
    found = np.quantile(values.to_numpy(dtype=float), QUANTILES)
    return {str(at): round(float(value), 6) for at, value in zip(QUANTILES, found, strict=True)}
