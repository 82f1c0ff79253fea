"""A third model in one module: what it predicts, from what, how it learns and how it is judged."""

import json
from collections.abc import Mapping, Sequence

import lightgbm
import numpy as np
from pandas import DataFrame, Series, Timedelta, Timestamp

from models.bundle import scorer_of
from models.spec import FitSettings, Fitted, Model
from tests.tiny_scoring import FEATURES, Scorer


def fit(rows: DataFrame, settings: FitSettings, features: Sequence[str] = FEATURES) -> Fitted:
    params = {"objective": "l1", "num_leaves": 7, "verbosity": -1, "seed": settings.seed, "num_threads": 1}
    data = lightgbm.Dataset(rows[list(features)].to_numpy(dtype=float), rows["target"], feature_name=list(features))
    booster = lightgbm.train(params, data, num_boost_round=20)
    errors = (rows["target"] - Scorer(booster, 0.0).predict(rows)["value"]).abs()
    spread = float(errors.quantile(settings.interval_share))
    return Fitted(
        files={"booster.txt": booster.model_to_string().encode(), "spread.json": json.dumps(spread).encode()},
        params={**params, "rounds": 20},
        importance=dict(zip(features, booster.feature_importance("gain").tolist(), strict=True)),
    )


def recalibrate(files: Mapping[str, bytes], rows: DataFrame, settings: FitSettings) -> Fitted:
    """The same booster, with the median of its errors added to every value."""
    scorer = scorer_of(MODEL.scoring, files)
    offset = float((rows["target"] - scorer.predict(rows)["value"]).median()) + scorer.offset
    return Fitted({**files, "offset.json": json.dumps(offset).encode()}, {"offset": offset}, {})


def losses(rows: DataFrame, predictions: DataFrame) -> np.ndarray:
    return np.abs(rows["target"].to_numpy() - predictions["value"].to_numpy())


def metrics(rows: DataFrame, predictions: DataFrame) -> dict[str, float]:
    target = rows["target"].to_numpy()
    covered = (predictions["low"].to_numpy() <= target) & (target <= predictions["high"].to_numpy())
    return {"mae": float(losses(rows, predictions).mean()), "coverage": float(covered.mean())}


def slices(rows: DataFrame) -> DataFrame:
    length = np.where(rows["text_chars"] > 100, "long", "short")
    return DataFrame({"platform": rows["platform"], "length": length}, index=rows.index)


MODEL = Model(
    name="tiny",
    service="engagement",
    target="count",
    features=tuple(FEATURES),
    scoring="tests.tiny_scoring",
    fit=fit,
    losses=losses,
    metrics=metrics,
    headline="mae",
    slices=slices,
    recalibrate=recalibrate,
)


def frame(rows: int = 600, days: int = 20, seed: int = 0, shift: float = 0.0) -> DataFrame:
    """Posts with a target that follows both features; `shift` moves what the topic means."""
    draw = np.random.default_rng(seed)
    chars = draw.integers(5, 200, rows)
    topic = draw.normal(2, 0.5, rows)
    target = 0.01 * chars + (1 - shift) * topic + draw.normal(0, 0.3, rows)
    times = Timestamp("2012-04-01", tz="UTC") + Series(np.sort(draw.uniform(0, days, rows))) * Timedelta(days=1)
    return DataFrame(
        {
            "post_id": [f"reddit:{seed}-{i}" for i in range(rows)],
            "platform": np.where(draw.random(rows) < 0.9, "reddit", "forum"),
            "topic": "pics",
            "author": None,
            "event_timestamp": times.dt.floor("us"),
            "text_chars": chars,
            "topic_mean_28d": topic,
            "target": target,
        }
    )
