"""Is the newest version worse than the one before it, on the same mature rows? Looked at as often as one likes.

The difference of losses, in blocks of time, is tested by the self-normalised e-process of de la Pena (Annals of
Probability 1999): for differences that are symmetric around zero or below, exp(l S - l^2 V / 2), with S their sum and V
the sum of their squares, exceeds 1 / level with probability at most `level`, at any time. A mean over several l stays
so, and so does one whose differences are held to +-1 / l, beyond which a larger one would count for less. No variance
is estimated and no number of rows fixed beforehand.
"""

from dataclasses import dataclass

import numpy as np
from pandas import DataFrame

from models.evaluate import MIN_ROWS
from models.intervals import Draw, Interval, blocks_of

LEVEL = 0.01  # of a promotion that is no worse: the chance that it is ever rolled back
BLOCK_HOURS = 3
LEANINGS = (2.0, 5.0, 12.0, 30.0, 75.0, 200.0)  # l, in units of one over the mean loss


@dataclass(frozen=True)
class Paired:
    """`delta` is the mean loss of the champion minus that of the previous version, shown; `evidence` decides."""

    delta: Interval
    rows: int
    evidence: float
    limit: float

    @property
    def worse(self) -> bool:
        return self.evidence >= self.limit


def paired(rows: DataFrame, champion: np.ndarray, previous: np.ndarray, *, draw: Draw) -> Paired | None:
    """From losses on the same `rows`; None below MIN_ROWS rows. A champion whose losses are no numbers is worse."""
    usable = np.isfinite(previous)
    rows, champion, previous = rows[usable], champion[usable], previous[usable]
    if len(rows) < MIN_ROWS:
        return None
    if not np.isfinite(champion).all():
        return Paired(Interval(np.inf, np.inf, np.inf), len(rows), np.inf, 1 / LEVEL)
    gap = champion - previous
    delta = draw.mean(gap, blocks_of(rows))
    return Paired(delta, len(rows), evidence(_blocks(rows, gap), float(previous.mean())), 1 / LEVEL)


def evidence(differences: np.ndarray, mean_loss: float) -> float:
    """The largest e-value reached over the blocks in turn; a difference above zero speaks against the champion."""
    if not len(differences) or not mean_loss > 0:
        return 0.0
    step = np.clip(np.array(LEANINGS)[:, None] * differences / mean_loss, -1, 1)
    exponent = np.cumsum(step - step**2 / 2, axis=1)
    return float(np.exp(np.minimum(exponent, 700)).mean(axis=0).max())


def _blocks(rows: DataFrame, gap: np.ndarray) -> np.ndarray:
    """Mean differences of blocks of a few hours in the order in which labels came, scaled by the root of their rows."""
    block = rows["label_known_at"].dt.floor(f"{BLOCK_HOURS}h")
    _, code = np.unique(block.to_numpy(), return_inverse=True)
    count = np.bincount(code)
    return np.bincount(code, gap) / count * np.sqrt(count / count.mean())
