"""The sentiment model: boosted trees over what linear models, a lexicon and the content say of a post."""

import io
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import lightgbm
import numpy as np
import pandas as pd
from pandas import DataFrame

from models import lexicon_sentiment
from models.bundle import scorer_of
from models.calibration_sentiment import decision
from models.scores_sentiment import losses, metrics, second_measures, slices
from models.scoring_sentiment import CONTENT, FEATURES, LABELS, Arrays, Lexicon, content
from models.spec import FitSettings, Fitted, Model
from models.text_sentiment import FOLDS, STRENGTH, blocks, learn, read
from trimtab.errors import NotEnoughData

MIN_POSTS = 10  # of each label
HALF_LIFE_DAYS = 365.0  # after which a post weighs half: how people write and what they write about both move on
LEAST_WEIGHT = 0.1
ROUNDS = 160
PARAMS: dict[str, object] = {
    "objective": "multiclass",
    "num_class": len(LABELS),
    "num_leaves": 15,
    "learning_rate": 0.06,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "min_data_in_leaf": 100,
    "lambda_l2": 10.0,
    "max_bin": 63,
    "num_threads": 1,  # a matrix this small gains nothing from a second, and loses much on a busy machine
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


def fit(rows: DataFrame, settings: FitSettings) -> Fitted:
    """Bundle of booster.txt, linear.npz, lexicon.json and decision.json; same rows, same bytes.

    Every row is learned from: trees, calibrator and thresholds are fitted on scores of folds of consecutive posts.
    """
    rows = rows.sort_values("event_timestamp", kind="stable")
    label = labels_of(rows)
    weight = recency(rows)
    words = lexicon_sentiment.bundled()
    views, state = read(rows["text"].tolist(), Lexicon(words))
    linear, margins = learn(views, label, weight, settings.threads)
    matrix = np.hstack([content(rows), views.numbers, margins])
    params = PARAMS | {"seed": settings.seed, "min_data_in_leaf": min(100, max(5, len(rows) // 50))}
    booster = boosted(matrix, label, weight, params)
    chosen = decision(out_of_fold(matrix, label, weight, params, settings.threads), label, weight)
    texts = {"lexicon.json": json.dumps(words, ensure_ascii=False), "decision.json": json.dumps(chosen)}
    return Fitted(
        files={name: text.encode() for name, text in texts.items()}
        | {"booster.txt": booster.model_to_string().encode(), "linear.npz": packed(state | linear)},
        params=params | described(rows, chosen),
        importance=dict(zip(FEATURES, booster.feature_importance("gain").tolist(), strict=True)),
    )


def recalibrate(files: Mapping[str, bytes], rows: DataFrame, settings: FitSettings) -> Fitted:
    """The bundle with the temperature, shift and thresholds that suit unseen rows; every row weighs alike."""
    scorer, label = scorer_of(MODEL.scoring, files), labels_of(rows)
    chosen = decision(scorer.scores(rows, 1, raw_score=True)[:, :, 0], label, np.ones(len(label)))
    return Fitted(
        files={**files, "decision.json": json.dumps(chosen).encode()},
        params={"rows": len(rows)} | decided(rows, chosen),
        importance=dict(zip(FEATURES, scorer.booster.feature_importance("gain").tolist(), strict=True)),
    )


def labels_of(rows: DataFrame) -> np.ndarray:
    """Labels as 0, 1, 2 in the order of LABELS; too few of one is no ground to tell it from the others."""
    label = pd.Categorical(rows["target"], categories=LABELS).codes.astype(int)
    found = np.bincount(label[label >= 0], minlength=len(LABELS))
    if found.min() < MIN_POSTS or (label < 0).any():
        rarest = LABELS[int(found.argmin())]
        what, fix = f"posts labelled {rarest}", "Wait for labels, or train on a longer period."
        raise NotEnoughData.rows(int(found.min()), MIN_POSTS, what, fix)
    return label


def recency(rows: DataFrame) -> np.ndarray:
    """Weight of each row by its age before the newest."""
    age = (rows["event_timestamp"].max() - rows["event_timestamp"]).dt.total_seconds().to_numpy() / 86_400
    return np.maximum(0.5 ** (age / HALF_LIFE_DAYS), LEAST_WEIGHT)


def boosted(matrix: np.ndarray, label: np.ndarray, weight: np.ndarray, params: dict[str, object]) -> lightgbm.Booster:
    data = lightgbm.Dataset(matrix, label, weight=weight, feature_name=list(FEATURES), params={"verbosity": -1})
    return lightgbm.train(params, data, ROUNDS)


def out_of_fold(
    matrix: np.ndarray, label: np.ndarray, weight: np.ndarray, params: dict[str, object], threads: int
) -> np.ndarray:
    """Raw scores (rows, LABELS), each by trees that did not see its fold."""

    def scored(fold: np.ndarray) -> np.ndarray:
        kept = np.setdiff1d(np.arange(len(label)), fold)
        booster = boosted(matrix[kept], label[kept], weight[kept], params)
        return np.asarray(booster.predict(matrix[fold], raw_score=True, num_threads=1))

    with ThreadPoolExecutor(threads) as pool:
        return np.concatenate(list(pool.map(scored, blocks(len(label)))))


def packed(arrays: Arrays) -> bytes:
    stored = io.BytesIO()
    np.savez_compressed(stored, allow_pickle=False, **arrays)
    return stored.getvalue()


def described(rows: DataFrame, chosen: dict[str, object]) -> dict[str, object]:
    learned = {"rounds": ROUNDS, "folds": FOLDS, "half_life_days": HALF_LIFE_DAYS}
    return learned | {"linear_strength": json.dumps(STRENGTH)} | decided(rows, chosen)


def decided(rows: DataFrame, chosen: dict[str, object]) -> dict[str, object]:
    shares = rows["target"].value_counts(normalize=True)
    return {
        "calibrator": json.dumps([chosen["temperature"], chosen["shift"]]),
        "thresholds": json.dumps(chosen["thresholds"]),
        **{f"share_{label}": round(float(shares[label]), 4) for label in LABELS},
    }


MODEL = Model(
    name="sentiment",
    service="sentiment",
    target="label",
    features=("text", *CONTENT),
    scoring="models.scoring_sentiment",
    fit=fit,
    losses=losses,
    metrics=metrics,
    headline="log_loss",
    slices=slices,
    recalibrate=recalibrate,
    second_measures=second_measures,
)
