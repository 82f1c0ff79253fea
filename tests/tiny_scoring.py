"""The Scorer of the tiny model; this text travels in the bundle."""

import json
from pathlib import Path

import lightgbm
import numpy as np
from pandas import DataFrame

FEATURES = ["text_chars", "topic_mean_28d"]


class Scorer:
    """A booster and the spread of its errors."""

    def __init__(self, booster: lightgbm.Booster, spread: float) -> None:
        self.booster, self.spread = booster, spread

    @classmethod
    def load(cls, directory: str) -> "Scorer":
        bundle = Path(directory)
        booster = lightgbm.Booster(model_str=(bundle / "booster.txt").read_text())
        return cls(booster, json.loads((bundle / "spread.json").read_text()))

    def predict(self, frame: DataFrame) -> DataFrame:
        value = self.booster.predict(frame[FEATURES].to_numpy(dtype=float), num_threads=1)
        return DataFrame({"value": value, "low": value - self.spread, "high": value + self.spread}, index=frame.index)

    def explain(self, frame: DataFrame) -> DataFrame:
        parts = self.booster.predict(frame[FEATURES].to_numpy(dtype=float), pred_contrib=True, num_threads=1)
        return DataFrame(np.asarray(parts)[:, :-1], columns=FEATURES, index=frame.index)
