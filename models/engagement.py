"""Engagement: log1p of the count at the horizon, with an interval.

LightGBM on the distance to the topic's recent level, over momentum, content and the scores of a title model.
"""

import io
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from pandas import DataFrame, cut
from scipy.stats import rankdata

from models.bundle import scorer_of
from models.calibration_engagement import UNCALIBRATED, calibration
from models.interval_engagement import Interval, fit_interval, refit_table, steady
from models.scoring_engagement import COLUMNS, KEYS, NUMBERS, features, level, matrix
from models.spec import FitSettings, Fitted, Model
from models.splits import holdout
from models.text_engagement import TextModel, fit_text

MOST_ROUNDS = 160  # of 31 leaves: what 100,000 posts a second leave room for
LEAST_ROUNDS = 10
LEAF_ROWS = (10, 60)  # least and most rows asked of a leaf: one in 200 of all, between these
PATIENCE = 20
HELD_SHARE = 0.12  # newest rows that decide when to stop and how wide the interval is
BOOSTER = {
    "objective": "huber",  # between the median, which is judged, and the mean, which is learned faster
    "alpha": 0.8,
    "learning_rate": 0.15,
    "num_leaves": 31,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 20.0,
    "cat_smooth": 30,
    "cat_l2": 20,
}


TEXT_LENGTHS = [-1, 30, 60, 120, 280, np.inf]  # characters
REACHES = [-1, 0, 2, 10, np.inf]  # posts of the author that matured in 28 days
COMMON_TOPICS = 20  # that get a slice of their own


@dataclass(frozen=True)
class Ready:
    """Rows made ready for the booster: what it reads, what it predicts, and what made them so."""

    features: np.ndarray
    level: np.ndarray
    target: np.ndarray
    text: TextModel
    base: float

    @classmethod
    def learning(cls, rows: DataFrame) -> "Ready":
        target = rows["target"].to_numpy(float)
        base = float(np.mean(target))
        start = level(rows, base)
        text = fit_text(rows, target - start)
        return cls(matrix(rows, text.derived), start, target, text, base)

    def judging(self, rows: DataFrame) -> "Ready":
        """Newer rows as the finished model would meet them."""
        found = features(rows, self.text.vocabulary, self.text.weights)
        target = rows["target"].to_numpy(float)
        return Ready(found, level(rows, self.base), target, self.text, self.base)


def fit(rows: DataFrame, settings: FitSettings) -> Fitted:
    """A trial on the older rows finds when to stop and how wide the interval is; the model learns from all.

    Both at once: a model of the first n rounds is the same whether or not more were to follow.
    """
    older, newer = holdout(rows, HELD_SHARE, settings.horizon_hours)
    with ThreadPoolExecutor(1) as beside:
        whole = beside.submit(_learned, rows, settings)
        trial = Ready.learning(rows.iloc[older])
        judged = trial.judging(rows.iloc[newer])
        stopped = _boost(trial, settings, judged)
        said = judged.level + stopped.predict(judged.features)
        interval = fit_interval(judged.features, said, judged.target, settings)
    ready, longest = whole.result()
    rounds = max(stopped.best_iteration, LEAST_ROUNDS)
    booster = lgb.Booster(model_str=longest.model_to_string(num_iteration=rounds))
    return Fitted(
        files=_files(ready, booster, interval),
        params={**BOOSTER, **vars(settings), "rounds": rounds, "rows": len(rows), **_sizes(ready.text)},
        importance=dict(zip(COLUMNS, booster.feature_importance("gain").tolist(), strict=True)),
    )


def _learned(rows: DataFrame, settings: FitSettings) -> tuple[Ready, lgb.Booster]:
    """With more rounds than are kept."""
    ready = Ready.learning(rows)
    return ready, _boost(ready, settings)


def _boost(ready: Ready, settings: FitSettings, judged: Ready | None = None) -> lgb.Booster:
    data = lgb.Dataset(
        ready.features,
        ready.target - ready.level,
        feature_name=list(COLUMNS),
        categorical_feature=["topic_code"],
    )
    leaf_rows = int(np.clip(len(ready.target) // 200, *LEAF_ROWS))
    stop: dict[str, Any] = {}
    if judged is not None:
        stop = {
            "valid_sets": [data.create_valid(judged.features, judged.target - judged.level)],
            "callbacks": [lgb.early_stopping(PATIENCE, verbose=False)],
        }
    return lgb.train({**BOOSTER, **steady(settings), "min_data_in_leaf": leaf_rows}, data, MOST_ROUNDS, **stop)


def _files(ready: Ready, booster: lgb.Booster, interval: Interval) -> dict[str, bytes]:
    weights = io.BytesIO()
    np.savez_compressed(weights, weights=ready.text.weights)
    lists = {name: getattr(ready.text.vocabulary, name).to_pylist() for name in ("words", "topics", "domains")}
    state = {"base": ready.base, "calibration": UNCALIBRATED, "interval": interval.table, **lists}
    return {
        "booster.txt": booster.model_to_string().encode(),
        "spread.txt": interval.spread.model_to_string().encode(),
        "words.npz": weights.getvalue(),
        "state.json": _packed(state),
    }


def _packed(state: dict[str, Any]) -> bytes:
    return json.dumps(state, ensure_ascii=False).encode()


def _sizes(text: TextModel) -> dict[str, object]:
    return {"words": len(text.vocabulary.words), "topics": len(text.vocabulary.topics)}


def recalibrate(files: Mapping[str, bytes], rows: DataFrame, settings: FitSettings) -> Fitted:
    """The bundle with a new straight line over its values and new reaches of its intervals, from unseen rows."""
    scorer, target = scorer_of(MODEL.scoring, files), rows["target"].to_numpy(float)
    raw, size = scorer.raw(rows)
    intercept, slope = calibration(raw, target, (scorer.intercept, scorer.slope))
    value = intercept + slope * raw
    table = refit_table(value, target - value, size, settings.interval_share)
    state = json.loads(files["state.json"]) | {"calibration": [intercept, slope], "interval": table}
    return Fitted(
        files={**files, "state.json": _packed(state)},
        params={"calibration": json.dumps([intercept, slope]), "rows": len(rows)},
        importance=dict(zip(COLUMNS, scorer.booster.feature_importance("gain").tolist(), strict=True)),
    )


def losses(rows: DataFrame, predictions: DataFrame) -> np.ndarray:
    """Absolute error of log1p of the count, one a row."""
    return np.abs(rows["target"].to_numpy(float) - predictions["value"].to_numpy(float))


def metrics(rows: DataFrame, predictions: DataFrame) -> dict[str, float]:
    """mae leads; bias is prediction minus truth; coverage and width are of [low, high]."""
    target = rows["target"].to_numpy(float)
    value, low, high = (predictions[name].to_numpy(float) for name in ("value", "low", "high"))
    return {
        "mae": float(np.mean(np.abs(target - value))),
        "rmse": float(np.sqrt(np.mean((target - value) ** 2))),
        "bias": float(np.mean(value - target)),
        "coverage": float(np.mean((low <= target) & (target <= high))),
        "width": float(np.mean(high - low)),
    }


def second_measures(rows: DataFrame, predictions: DataFrame) -> dict[str, float]:
    """squared error, and misranking: 1 minus Spearman's correlation of values and outcomes."""
    target, value = rows["target"].to_numpy(float), predictions["value"].to_numpy(float)
    ranks = rankdata(target), rankdata(value)
    steady = any(np.ptp(found) == 0 for found in ranks)  # nothing is ranked
    agreement = 0.0 if steady else float(np.corrcoef(*ranks)[0, 1])
    return {"squared error": float(np.mean((target - value) ** 2)), "misranking": 1 - agreement}


def slices(rows: DataFrame) -> DataFrame:
    """platform, topic (the most common by name), author (posts in 28 days) and text (characters)."""
    topic = rows["topic"].fillna("none")
    common = topic.value_counts().index[:COMMON_TOPICS]
    reach = rows["author_posts_28d"].astype(float)
    sliced = {
        "platform": rows["platform"].fillna("none"),
        "topic": topic.where(topic.isin(common), "other"),
        "author": cut(reach, REACHES, labels=["new", "1 to 2 posts", "3 to 10 posts", "over 10 posts"]),
        "text": cut(
            rows["chars"].astype(float),
            TEXT_LENGTHS,
            labels=["to 30 chars", "to 60 chars", "to 120 chars", "to 280 chars", "over 280 chars"],
        ),
    }
    named = {name: values.astype(object).fillna("unknown").astype("category") for name, values in sliced.items()}
    return DataFrame(named, index=rows.index)


MODEL = Model(
    name="engagement",
    service="engagement",
    target="count",
    features=(*KEYS, *NUMBERS),
    scoring="models.scoring_engagement",
    fit=fit,
    losses=losses,
    metrics=metrics,
    headline="mae",
    slices=slices,
    recalibrate=recalibrate,
    second_measures=second_measures,
)
