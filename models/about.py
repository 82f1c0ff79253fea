"""What a bundle says of itself: features, drift baseline, scorecard, training request, environment. One file each.

All but the environment follow from the rows, the request and the settings, so that a version that is made again has
the same bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pandas as pd
from pandas import DataFrame

from models.baseline import baseline
from models.environment import environment
from models.history import Origin
from models.request import Made
from models.scores import Scorecard
from models.spec import FitSettings, Model
from trimtab.settings import Settings

FEATURES, BASELINE, SCORECARD = "features.json", "baseline.json", "scorecard.json"
TRAINING, ENVIRONMENT = "training.json", "environment.json"
SETTINGS = ("engagement", "training", "monitoring")  # sections that decide what a training makes


def about_of(
    model: Model,
    made: Made,
    predictions: DataFrame,
    card: Scorecard,
    service: Mapping[str, Any] | None,
    settings: Settings,
    fit: FitSettings,
) -> dict[str, bytes]:
    """File by name; `predictions` are of the fresh rows, `service` is the feature service as it is registered."""
    return {
        FEATURES: packed({"service": service, "read": _types(model, made.learned)}),
        BASELINE: packed(baseline(model, made, predictions, card, settings.monitoring)),
        SCORECARD: packed(asdict(card)),
        TRAINING: packed(training(model, made, settings, fit)),
        ENVIRONMENT: packed(environment(model)),
    }


def training(model: Model, made: Made, settings: Settings, fit: FitSettings) -> dict[str, Any]:
    """What was asked, of which data, with which settings, and a digest of each column that was read."""
    request = made.request
    release = settings.release
    return {
        "model": model.name,
        "as_of": _moment(request.as_of),
        "since": _moment(request.since),
        "cut": _moment(request.cut),
        "base": request.base and {"version": request.base.version, "as_of": _moment(request.base.as_of)},
        "data": made.history.origin and _data(made.history.origin),
        "settings": {
            "seed": settings.seed,
            "release": {"confidence": release.confidence, "resamples": release.resamples},
            **{name: getattr(settings, name).model_dump() for name in SETTINGS},
        },
        "fit": vars(fit),
        "params": dict(made.fitted.params),
        "learned": digests(made.learned),
        "fresh": digests(made.fresh),
    }


def digests(rows: DataFrame) -> dict[str, Any]:
    """How many rows, and a digest of the values of each column, in order."""
    columns = {str(name): _digest(rows[name]) for name in rows}
    return {"rows": len(rows), "columns": columns}


def packed(content: Any) -> bytes:
    return json.dumps(content, indent=1, ensure_ascii=False, default=_plain).encode()


def _digest(column: pd.Series) -> str:
    return sha256(pd.util.hash_pandas_object(column, index=False).to_numpy().tobytes()).hexdigest()[:16]


def _types(model: Model, rows: DataFrame) -> dict[str, str]:
    """dtype of each column that the Scorer reads."""
    return {name: str(rows[name].dtype) for name in model.features if name in rows}


def _data(origin: Origin) -> dict[str, Any]:
    return {
        "period": [_moment(origin.period.start), _moment(origin.period.end)],
        "as_of": _moment(origin.as_of),
        "lake": dict(origin.lake),
        "features_as_of": _moment(origin.features_as_of),
        "features_lake": dict(origin.features_lake),
        "blocked": [[_moment(window.start), _moment(window.end)] for window in origin.blocked],
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment else None


def _plain(value: Any) -> Any:
    """numpy's scalars as numbers, anything else as text."""
    return value.item() if hasattr(value, "item") else str(value)
