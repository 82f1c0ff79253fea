"""The Scorer of the suite's models: linear in logs of counts, numbers, flags and names, then a small calibration.

This text travels in the bundle, so it imports none of ours.
"""

import json
from pathlib import Path

import numpy as np
from pandas import DataFrame, Index

LABELS = ("negative", "neutral", "positive")


def numbers_of(rows: DataFrame, layout: dict) -> np.ndarray:
    """(rows, numbers + flags) float64: log1p of counts, other numbers and flags as they are, NaN where missing."""
    found = rows[layout["numbers"] + layout["flags"]].to_numpy(np.float64, copy=True)
    counts = found[:, : layout["counts"]]
    np.log1p(np.maximum(counts, 0, out=counts), out=counts)
    return found


def codes_of(rows: DataFrame, name: str, values: list[str]) -> np.ndarray:
    """Place of each row's value among the known ones, -1 where it is not there."""
    return Index(values, dtype=object).get_indexer(Index(rows[name].to_numpy(object)))


def standardised(found: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """In place; what is missing or infinite counts as the mean."""
    found -= mean
    found /= scale
    found[~np.isfinite(found)] = 0
    return found


def calibrated(raw: np.ndarray, calibration: dict) -> np.ndarray:
    """(rows, labels) probabilities from raw scores: one temperature and a shift a label."""
    logits = raw * calibration["temperature"] + np.asarray(calibration["shift"])
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


class Scorer:
    """layout.json, weights.npz and calibration.json, ready to score."""

    def __init__(self, layout: dict, arrays: dict[str, np.ndarray], calibration: dict) -> None:
        self.layout, self.arrays, self.calibration = layout, arrays, calibration

    @classmethod
    def load(cls, directory: str) -> "Scorer":
        folder = Path(directory)
        with np.load(folder / "weights.npz", allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        read = {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in ("layout", "calibration")}
        return cls(read["layout"], arrays, read["calibration"])

    def raw(self, rows: DataFrame) -> np.ndarray:
        """(rows, outputs) before calibration."""
        found = standardised(numbers_of(rows, self.layout), self.arrays["mean"], self.arrays["scale"])
        score = found @ self.arrays["weights"].T + self.arrays["bias"]
        for name, values in self.layout["names"].items():
            effects = np.vstack([self.arrays[f"effects_{name}"].T, np.zeros(score.shape[1])])  # unknown: the last
            score += effects[codes_of(rows, name, values)]
        return score

    def predict(self, rows: DataFrame) -> DataFrame:
        """value, low and high of a count; p_* of the labels and the likeliest label; index kept."""
        raw, asked = self.raw(rows), self.calibration
        if self.layout["target"] == "count":
            value = raw[:, 0] * asked["slope"] + asked["intercept"]
            return DataFrame(
                {"value": value, "low": value + asked["low"], "high": value + asked["high"]}, index=rows.index
            )
        found = calibrated(raw, asked)
        label = np.array(LABELS, dtype=object)[found.argmax(axis=1)]
        return DataFrame(found, columns=[f"p_{name}" for name in LABELS], index=rows.index).assign(label=label)

    def explain(self, rows: DataFrame) -> DataFrame:
        """What each number and flag adds to the raw score of a count, or of positive; names and bias left out."""
        found = standardised(numbers_of(rows, self.layout), self.arrays["mean"], self.arrays["scale"])
        names = self.layout["numbers"] + self.layout["flags"]
        return DataFrame(found * self.arrays["weights"][-1], columns=names, index=rows.index)
