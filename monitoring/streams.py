"""A stream: one number a day about a model's world, and how well each day's number is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from monitoring.measures import ALL, Kind

Group = Literal["loss", "calibration", "slice", "output", "feature", "shares"]
Side = Literal["both", "up"]  # which way a move counts: a loss that falls is no alarm


@dataclass(frozen=True)
class Stream:
    """`values` and `noise` have one entry a day, NaN where nothing was seen.

    `noise` is the sampling variance of the day's value: what would differ if the same day were drawn again. Days
    before `own_from` teach season and spread but not the level: a loss on rows that were learned from is too low.
    """

    kind: Kind
    name: str
    group: Group
    values: np.ndarray
    noise: np.ndarray
    side: Side = "both"
    slice: str = ALL
    own_from: int = 0


@dataclass(frozen=True)
class Days:
    """Blocks of 24 hours that end with the window: `weekday` of each (Monday 0), how many are the reference."""

    weekday: np.ndarray
    reference: int

    @property
    def total(self) -> int:
        return len(self.weekday)


def stacked(streams: Sequence[Stream], name: Literal["values", "noise"]) -> np.ndarray:
    """(streams, days)."""
    return np.array([getattr(stream, name) for stream in streams], dtype=float)
