"""Whether a difference is more than chance, where many differences are asked about at once.

An interval of one in a thousand takes too many draws; the variance that a block bootstrap draws has a closed form: of
sums by day, by author and by both (Cameron, Gelbach and Miller 2011), held against Student's t.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from models.intervals import FEW_AUTHORS, effective


@dataclass(frozen=True)
class Tested:
    """A difference, its standard error, and the chance of one so large where there is none."""

    value: float
    error: float
    blocks: float  # what the days, or the authors, are worth as blocks of one size

    @property
    def chance(self) -> float:
        """One-sided: of a value so far above 0."""
        if self.error <= 0:
            return 0.0 if self.value > 0 and self.blocks > 1 else 1.0
        return float(stats.t.sf(self.value / self.error, max(self.blocks - 1, 1e-9)))

    def reach(self, chance: float) -> float:
        """How far above 0 a value lies with that chance where there is nothing."""
        return float(stats.t.isf(chance, max(self.blocks - 1, 1e-9)) * self.error)


def mean_of(values: np.ndarray, days: np.ndarray, authors: np.ndarray | None) -> Tested:
    """The mean of `values`; rows share their day and, where `authors` are given, their author."""
    of_days, worth = _variance(values, days), effective(_codes(days))
    if authors is not None and effective(_codes(authors)) >= FEW_AUTHORS:
        of_authors = _variance(values, authors)
        of_cells = _variance(values, days * (int(authors.max()) + 1) + authors)
        if of_authors > of_days:
            worth = effective(_codes(authors))
        of_days = max(of_days + of_authors - of_cells, of_days, of_authors)
    return Tested(float(values.mean()), float(np.sqrt(of_days)), worth)


def _variance(values: np.ndarray, blocks: np.ndarray) -> float:
    """Of the mean, from the sums of blocks: nan-free, infinite where there is one block only."""
    codes = _codes(blocks)
    count = int(codes.max()) + 1
    if count < 2:
        return np.inf
    sums = np.bincount(codes, values - values.mean())
    return float(count / (count - 1) * (sums**2).sum() / len(values) ** 2)


def _codes(blocks: np.ndarray) -> np.ndarray:
    return np.unique(blocks, return_inverse=True)[1]
