"""Probabilities that hold, and the decision taken on them, learned from scores of posts out of fold."""

import numpy as np
from scipy.optimize import minimize

from models.scoring_sentiment import LABELS, probabilities

LEANINGS = np.linspace(0, 1, 21)


def decision(raw: np.ndarray, label: np.ndarray, weight: np.ndarray) -> dict[str, object]:
    """decision.json: temperature, shift and thresholds from raw scores (rows, LABELS) and labels 0, 1, 2."""
    temperature, shift = calibration(raw, label, weight)
    found = probabilities(raw, temperature, shift)
    return {
        "labels": list(LABELS),
        "temperature": temperature,
        "shift": shift,
        "thresholds": thresholds(found, label, weight),
    }


def calibration(raw: np.ndarray, label: np.ndarray, weight: np.ndarray) -> tuple[float, list[float]]:
    """Temperature and one shift a label (the first is 0) that give the least weighted log loss.

    `weight` favours recent posts, so the probabilities carry the share of each label as it was lately.
    """

    def loss(theta: np.ndarray) -> float:
        chosen = probabilities(raw, theta[0], [0.0, theta[1], theta[2]])[np.arange(len(label)), label]
        return float(-(weight * np.log(np.maximum(chosen, 1e-12))).sum() / weight.sum())

    best = minimize(loss, [1.0, 0.0, 0.0], method="L-BFGS-B", bounds=[(0.05, 5), (-3, 3), (-3, 3)]).x
    return float(best[0]), [0.0, float(best[1]), float(best[2])]


def thresholds(found: np.ndarray, label: np.ndarray, weight: np.ndarray) -> list[float]:
    """What each label's probability is divided by before the largest is taken: its share to some power.

    Power 0 decides for the most probable, which rarely is the rare label; power 1 heeds every label alike,
    which is best for the mean recall. The power is the one with the best mean of recall and F1 of the
    two poles, the measures of SemEval-2017 task 4A.
    """
    share = np.bincount(label, weight, len(LABELS)) / weight.sum()
    candidates = [np.maximum(share, 1e-3) ** leaning for leaning in LEANINGS]
    scores = [_balance((found / candidate).argmax(axis=1), label, weight) for candidate in candidates]
    return candidates[int(np.argmax(scores))].tolist()


def _balance(chosen: np.ndarray, label: np.ndarray, weight: np.ndarray) -> float:
    table = np.bincount(label * len(LABELS) + chosen, weight, len(LABELS) ** 2).reshape(len(LABELS), len(LABELS))
    hit, actual, claimed = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    recall = (hit / np.maximum(actual, 1e-12))[actual > 0].mean()
    f1 = 2 * hit / np.maximum(actual + claimed, 1e-12)
    return float((recall + (f1[0] + f1[2]) / 2) / 2)
