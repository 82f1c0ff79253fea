"""The title model: a ridge over hashed n-grams, alone and within their topic, on the distance to the topic's level.

Its scores of training rows come from folds that did not see them, so that the booster learns how much an
unseen title's score is worth, not how well the ridge remembers.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas import DataFrame
from scipy import sparse

from models.scoring_engagement import (
    SLOT_BITS,
    Encoded,
    Vocabulary,
    derived,
    strings,
    tokens,
    topic_keys,
)

LEAST_WORD = 3  # posts with a word before it counts
LEAST_DOMAIN = 2
LEAST_TOPIC = 20  # rows of a topic before it is told from a new one
FOLDS = 4
PENALTY = 4.0
STEPS = 18  # of conjugate gradients: fewer underfit, more gain nothing


@dataclass(frozen=True)
class TextModel:
    """Weights over slots with the lists that they go by, and the DERIVED columns of the training rows."""

    vocabulary: Vocabulary
    weights: np.ndarray  # float32 (2**SLOT_BITS,)
    derived: dict[str, np.ndarray]


def fit_text(frame: DataFrame, distance: np.ndarray) -> TextModel:
    """`frame` in order of scoring, `distance` (rows,) from each topic's level."""
    keys = pa.array(topic_keys(frame), pa.string())
    everything = Vocabulary(
        words=_frequent(tokens(strings(frame["text"], pa.large_string()))[1], LEAST_WORD),
        topics=_frequent(keys, 1),
        domains=_frequent(strings(frame["link_domain"]).fill_null(""), LEAST_DOMAIN),
    )
    encoded = everything.encode(frame)
    weights, words, topic = _cross_fit(encoded, distance, len(frame))
    seen_before = pd.Series(encoded.topic_codes).groupby(encoded.topic_codes).cumcount().to_numpy()
    familiar = np.where(seen_before >= LEAST_TOPIC, encoded.topic_codes, -1)
    vocabulary = Vocabulary(everything.words, _frequent(keys, LEAST_TOPIC), everything.domains)
    return TextModel(vocabulary, weights, derived(words, topic, familiar))


def _cross_fit(encoded: Encoded, distance: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(weights on all rows, out-of-fold score of the words, of the topic)."""
    used_slots, place = _used(encoded.word_slots, encoded.topic_slots)
    word = _sparse(encoded.word_rows, place[encoded.word_slots], encoded.scale, len(used_slots))
    topic = _sparse(encoded.topic_rows, place[encoded.topic_slots], encoded.scale, len(used_slots))
    fold = np.arange(rows) % FOLDS
    used = np.column_stack([*(fold != part for part in range(FOLDS)), np.ones(rows, bool)]).astype(np.float32)
    solved = ridge(word + topic, distance, used)
    pick = np.arange(rows), fold
    weights = np.zeros(1 << SLOT_BITS, np.float32)
    weights[used_slots] = solved[:, -1]
    return weights, (word @ solved)[pick], (topic @ solved)[pick]


def _used(*slots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(slots that occur, place of each slot among them): a few posts fill few of all slots, and the rest stay at 0."""
    occurs = np.zeros(1 << SLOT_BITS, bool)
    for part in slots:
        occurs[part] = True
    return np.flatnonzero(occurs), np.cumsum(occurs) - 1


def ridge(design: sparse.csr_matrix, target: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Ridge weights (columns, fits) by conjugate gradients, all fits at once; `used` (rows, fits) is 1 or 0.

    Each fit centres the target on its own mean. Hestenes and Stiefel (1952) on the normal equations.
    """
    back = design.T.tocsr()
    mean = (used * target[:, None]).sum(0) / np.maximum(used.sum(0), 1)
    residual = back @ (used * (target[:, None] - mean)).astype(np.float32)
    solution, direction = np.zeros_like(residual), residual.copy()
    size = (residual**2).sum(0)
    for _ in range(STEPS):
        image = back @ (used * (design @ direction)) + PENALTY * direction
        step = size / np.maximum((direction * image).sum(0), 1e-12)
        solution += step * direction
        residual -= step * image
        shrunk = (residual**2).sum(0)
        direction = residual + shrunk / np.maximum(size, 1e-12) * direction
        size = shrunk
    return solution


def _sparse(rows: np.ndarray, column: np.ndarray, scale: np.ndarray, columns: int) -> sparse.csr_matrix:
    values = scale[rows].astype(np.float32)
    return sparse.csr_matrix((values, (rows, column)), shape=(len(scale), columns), dtype=np.float32)


def _frequent(values: pa.Array, least: int) -> pa.Array:
    """Values met at least `least` times, most frequent first, then by name: same rows, same order."""
    counted = values.drop_null().value_counts()
    found = pd.Series(counted.field("counts").to_numpy(), index=counted.field("values").to_pandas())
    found = found[(found >= least) & (found.index != "")]
    order = np.lexsort([found.index.to_numpy(dtype=str), -found.to_numpy()])
    return pa.array(found.index.to_numpy(dtype=object)[order], pa.string())
