"""What the sentiment model learns from text alone: n-grams kept, three linear models, their out-of-fold margins.

Folds are runs of consecutive posts, not random ones: posts of one day are about one thing, and a random fold
would know tomorrow's topic from its neighbours. Margins out of time teach the trees how far n-grams can be
trusted on days that the n-grams have not seen, which is how the model is used.
"""

import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from models.scoring_sentiment import (
    BATCH_ROWS,
    LABELS,
    Arrays,
    Lexicon,
    char_counts,
    margins,
    numbers,
    standardised,
    tokens,
    weighted,
    word_counts,
)

FOLDS = 5
ROUNDS = 30  # of L-BFGS; more change no margin that matters
STRENGTH = {"words": 1.0, "chars": 0.5, "joint": 0.4}  # inverse regularisation, chosen on later posts
MIN_POSTS = {"words": 2, "chars": 3}  # an n-gram in fewer posts is dropped


@dataclass(frozen=True)
class Views:
    """Three sparse views of the same posts, and the numbers (rows, NUMBERS) read off their text."""

    words: sparse.csr_matrix
    chars: sparse.csr_matrix
    joint: sparse.csr_matrix
    numbers: np.ndarray

    def matrix(self, name: str) -> sparse.csr_matrix:
        return getattr(self, name)


def read(texts: Sequence[object], lexicon: Lexicon) -> tuple[Views, Arrays]:
    """Views of the posts learned from, and the state by which any other post is seen the same way."""
    rows = [tokens(text, lexicon) for text in texts]
    batches = [rows[start : start + BATCH_ROWS] for start in range(0, len(rows), BATCH_ROWS)]
    found = numbers(rows, lexicon)
    state = {"numbers_mean": found.mean(axis=0), "numbers_scale": found.std(axis=0) + np.float32(1e-6)}
    seen = {}
    for name, count in (("words", word_counts), ("chars", char_counts)):
        counts = sparse.vstack([count(batch) for batch in batches], format="csr")
        state |= vocabulary(name, counts)
        seen[name] = weighted(counts, state[f"{name}_columns"], state[f"{name}_idf"])
    joint = sparse.hstack([seen["words"], seen["chars"], standardised(found, state)], format="csr")
    return Views(seen["words"], seen["chars"], joint, found), state


def vocabulary(name: str, counts: sparse.csr_matrix) -> Arrays:
    """Buckets in enough posts, and their smoothed inverse document frequency."""
    posts = np.bincount(counts.indices, minlength=counts.shape[1])
    columns = np.flatnonzero(posts >= min(MIN_POSTS[name], max(posts.max(), 1)))
    idf = np.log((1 + counts.shape[0]) / (1 + posts[columns])) + 1
    return {f"{name}_columns": columns.astype(np.int32), f"{name}_idf": idf.astype(np.float32)}


def blocks(rows: int, folds: int = FOLDS) -> list[np.ndarray]:
    """Positions of each fold: consecutive, as the rows are in order of time."""
    return [block for block in np.array_split(np.arange(rows), folds) if len(block)]


def learn(views: Views, label: np.ndarray, weight: np.ndarray, threads: int) -> tuple[Arrays, np.ndarray]:
    """State of the linear models, and (rows, MARGINS + EXTREMES) each from models that did not see its fold.

    The state is the mean of the folds' models: each saw all folds but one, so no further fit is needed.
    """
    folds = blocks(len(label))
    tasks = [(name, fold) for name in STRENGTH for fold in folds]

    def fitted(task: tuple[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        name, fold = task
        kept = np.setdiff1d(np.arange(len(label)), fold)
        return linear(views.matrix(name)[kept], label[kept], weight[kept], STRENGTH[name])

    # One thread a fold: the BLAS threads of two folds would only wait for each other.
    with threadpool_limits(1), warnings.catch_warnings(), ThreadPoolExecutor(threads) as pool:
        warnings.simplefilter("ignore", ConvergenceWarning)  # ROUNDS is meant to end it early
        models = list(pool.map(fitted, tasks))
    states = [_state(models[at :: len(folds)]) for at in range(len(folds))]
    out_of_fold = [
        margins(views.words[fold], views.chars[fold], views.joint[fold], state)
        for fold, state in zip(folds, states, strict=True)
    ]
    mean = {name: np.mean([state[name] for state in states], axis=0) for name in states[0]}
    return mean, np.concatenate(out_of_fold)


def _state(models: Sequence[tuple[np.ndarray, np.ndarray]]) -> Arrays:
    state: Arrays = {}
    for name, (weights, bias) in zip(STRENGTH, models, strict=True):
        state |= {f"{name}_weights": weights, f"{name}_bias": bias}
    return state


def linear(
    x: sparse.csr_matrix, label: np.ndarray, weight: np.ndarray, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (LABELS, columns) and bias (LABELS,) of a logistic regression that heeds every label alike.

    A label that is not among the rows keeps weights of zero.
    """
    weights, bias = np.zeros((len(LABELS), x.shape[1]), np.float32), np.zeros(len(LABELS), np.float32)
    present = np.unique(label)
    if len(present) < 2:
        return weights, bias
    model = LogisticRegression(C=strength, max_iter=ROUNDS, tol=1e-3, class_weight="balanced")
    model.fit(x, label, sample_weight=weight)
    both = len(present) == 2  # then scikit-learn gives one row: the odds of the second
    weights[present] = np.vstack([-model.coef_ / 2, model.coef_ / 2]) if both else model.coef_
    bias[present] = np.append(-model.intercept_ / 2, model.intercept_ / 2) if both else model.intercept_
    return weights, bias
