"""The plain model that goes stale: what most would deploy first.

Without momentum features nothing in it follows the audience, so it shows what a policy is worth.
"""

import json

import lightgbm
from pandas import DataFrame

from benchmarks.plain_scoring import NAMES, NUMBERS, coded
from models.engagement import losses, slices
from models.spec import FitSettings, Fitted, Model

ROUNDS = 200


def fit(rows: DataFrame, settings: FitSettings) -> Fitted:
    codes = {name: {word: code for code, word in enumerate(sorted(rows[name].dropna().unique()))} for name in NAMES}
    params = {
        "objective": "l1",
        "num_leaves": 63,
        "learning_rate": 0.1,
        "verbosity": -1,
        "seed": settings.seed,
        "num_threads": settings.threads,
        "deterministic": True,
        "force_row_wise": True,
    }
    matrix = coded(rows, codes)
    places = [len(NUMBERS) + place for place in range(len(NAMES))]
    data = lightgbm.Dataset(matrix, rows["target"], categorical_feature=places)
    booster = lightgbm.train(params, data, num_boost_round=ROUNDS)
    files = {"booster.txt": booster.model_to_string().encode(), "codes.json": json.dumps(codes).encode()}
    gain = dict(zip([*NUMBERS, *NAMES], booster.feature_importance("gain").tolist(), strict=True))
    return Fitted(files, {**params, "rounds": ROUNDS}, gain)


def metrics(rows: DataFrame, predictions: DataFrame) -> dict[str, float]:
    return {"mae": float(losses(rows, predictions).mean())}


MODEL = Model(
    name="plain",
    service="engagement",
    target="count",
    features=(*NUMBERS, *NAMES),
    scoring="benchmarks.plain_scoring",
    fit=fit,
    losses=losses,
    metrics=metrics,
    headline="mae",
    slices=slices,
)
