"""How good predictions of sentiment are: loss of each post, metrics of many, and the slices to look at."""

import numpy as np
import pandas as pd
from pandas import DataFrame

from models.scoring_sentiment import LABELS

PROBABILITIES = [f"p_{label}" for label in LABELS]
BINS = 15


def losses(rows: DataFrame, predictions: DataFrame) -> np.ndarray:
    """Log loss of each post: minus the log of the probability given to its label."""
    found = predictions[PROBABILITIES].to_numpy(float)
    chosen = found[np.arange(len(rows)), _codes(rows["target"])]
    return -np.log(np.clip(chosen, 1e-9, 1))


def metrics(rows: DataFrame, predictions: DataFrame) -> dict[str, float]:
    """log_loss; average_recall over the labels that occur; f1_poles: mean F1 of negative and positive (SemEval-2017
    task 4A); calibration_error of the most probable label; accuracy, both F1 and recall of the label decided on."""
    label, chosen = _codes(rows["target"]), _codes(predictions["label"])
    table = np.bincount(label * len(LABELS) + chosen, minlength=len(LABELS) ** 2).reshape(len(LABELS), len(LABELS))
    hit, actual, claimed = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    f1 = 2 * hit / np.maximum(actual + claimed, 1)
    return {
        "log_loss": float(losses(rows, predictions).mean()),
        "average_recall": float((hit / np.maximum(actual, 1))[actual > 0].mean()),
        "f1_poles": float((f1[0] + f1[2]) / 2),
        "calibration_error": calibration_error(predictions[PROBABILITIES].to_numpy(float), label),
        "accuracy": float(hit.sum() / max(len(label), 1)),
    }


def second_measures(rows: DataFrame, predictions: DataFrame) -> dict[str, float]:
    """missed recall and missed F1: 1 minus average_recall and minus f1_poles."""
    found = metrics(rows, predictions)
    return {"missed recall": 1 - found["average_recall"], "missed F1": 1 - found["f1_poles"]}


def calibration_error(found: np.ndarray, label: np.ndarray) -> float:
    """Expected calibration error: |confidence - accuracy| over 15 equal-width bins of the top probability,
    weighted by posts (Guo et al., ICML 2017)."""
    top = found.max(axis=1)
    gap = top - (found.argmax(axis=1) == label)
    at = np.minimum((top * BINS).astype(int), BINS - 1)
    return float(np.abs(np.bincount(at, gap, BINS)).sum() / max(len(label), 1))


def slices(rows: DataFrame) -> DataFrame:
    """Platform, length of the text, and whether it links, asks or mentions someone."""
    chars = rows["text"].fillna("").str.len()
    length = pd.cut(chars, [-1, 60, 120, np.inf], labels=["short", "medium", "long"]).astype(str)
    text = rows["text"].fillna("")
    return DataFrame(
        {
            "platform": rows["platform"],
            "length": length,
            "link": np.where(text.str.contains("http", regex=False), "with link", "no link"),
            "reply": np.where(text.str.startswith("@"), "reply", "post"),
        },
        index=rows.index,
    )


def _codes(labels: pd.Series) -> np.ndarray:
    return pd.Categorical(labels, categories=LABELS).codes.astype(int)
