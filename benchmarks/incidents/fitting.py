"""Fit the suite's linear models in a tenth of a second, so that a suite can afford to retrain thousands of times."""

from dataclasses import dataclass

import numpy as np
from pandas import DataFrame
from scipy.linalg import cho_factor, cho_solve

from benchmarks.incidents.scoring import LABELS, codes_of, numbers_of, standardised

RIDGE = 10.0  # rows' worth of belief that a weight is nothing
SAMPLE_ROWS = 6_000  # that the first steps and the curvature of the log loss are taken from
STEPS_ON_SAMPLE, STEPS_ON_ALL = 4, 2


@dataclass(frozen=True)
class Design:
    """The rows as a matrix: standardised numbers and flags, one column a known name, and ones."""

    matrix: np.ndarray  # (rows, width) float32
    mean: np.ndarray
    scale: np.ndarray


def design(rows: DataFrame, layout: dict) -> Design:
    found = numbers_of(rows, layout)
    finite = np.isfinite(found).all()
    mean = found.mean(axis=0) if finite else np.nan_to_num(np.nanmean(found, axis=0))
    scale = found.std(axis=0) if finite else np.nan_to_num(np.nanstd(found, axis=0))
    scale[scale < 1e-9] = 1.0
    wide = found.shape[1] + sum(map(len, layout["names"].values())) + 1
    matrix = np.zeros((len(rows), wide), np.float32)
    matrix[:, : found.shape[1]] = standardised(found, mean, scale)
    place = found.shape[1]
    for name, values in layout["names"].items():
        code = codes_of(rows, name, values)
        known = np.flatnonzero(code >= 0)
        matrix[known, place + code[known]] = 1
        place += len(values)
    matrix[:, -1] = 1
    return Design(matrix, mean, scale)


def ridge(design: Design, target: np.ndarray) -> np.ndarray:
    """(1, width) least squares with a ridge on all but the constant (Hoerl and Kennard, 1970)."""
    matrix = design.matrix
    moments = (matrix.T @ target.astype(np.float32)).astype(float)
    return cho_solve(cho_factor(_with_ridge((matrix.T @ matrix).astype(float))), moments)[None, :]


def softmax_weights(design: Design, labels: np.ndarray) -> np.ndarray:
    """(labels, width) of multinomial logistic regression with a ridge.

    Newton's steps on a sample, then with the slope of all rows and the sample's curvature (Erdogdu and Montanari,
    2015).
    """
    matrix, found = design.matrix, np.zeros((len(LABELS), design.matrix.shape[1]))
    share = np.bincount(labels, minlength=len(LABELS)) + 1.0
    found[:, -1] = np.log(share / share.sum())
    hot = np.eye(len(LABELS), dtype=np.float32)[labels]
    belief = np.full(matrix.shape[1], RIDGE)
    belief[-1] = 1e-6
    sample = np.linspace(0, len(labels) - 1, min(SAMPLE_ROWS, len(labels))).astype(int)
    factor, part, some = len(labels) / len(sample), matrix[sample], hot[sample]
    for _ in range(STEPS_ON_SAMPLE):
        curved = cho_factor(_curvature(part, found, factor, belief))
        found -= _step(part, some, found, curved, factor, belief)
    for _ in range(STEPS_ON_ALL if factor > 1 else 0):
        found -= _step(matrix, hot, found, curved, 1.0, belief)
    return found


def _step(
    matrix: np.ndarray, hot: np.ndarray, found: np.ndarray, curved: tuple, factor: float, belief: np.ndarray
) -> np.ndarray:
    wrong = _softmax(matrix @ found.T.astype(np.float32)) - hot
    slope = factor * (wrong.T @ matrix).astype(float) + belief * found
    return cho_solve(curved, slope.ravel()).reshape(found.shape)


def _curvature(part: np.ndarray, found: np.ndarray, factor: float, belief: np.ndarray) -> np.ndarray:
    """(labels * width)^2 second derivatives of the log loss, the sample standing for all rows."""
    said = _softmax(part @ found.T.astype(np.float32))
    wide, many = part.shape[1], len(LABELS)
    curved = np.zeros((many * wide, many * wide))
    for one in range(many):
        for other in range(one, many):
            weight = said[:, one] * ((one == other) - said[:, other])
            block = factor * (part.T @ (part * weight[:, None])).astype(float)
            curved[one * wide : (one + 1) * wide, other * wide : (other + 1) * wide] = block
            curved[other * wide : (other + 1) * wide, one * wide : (one + 1) * wide] = block
    curved[np.diag_indices(many * wide)] += np.tile(np.maximum(belief, 1.0), many)  # one constant too many
    return curved


def _with_ridge(gram: np.ndarray) -> np.ndarray:
    belief = np.full(len(gram), RIDGE)
    belief[-1] = 1e-6
    gram[np.diag_indices(len(gram))] += belief
    return gram


def _softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
