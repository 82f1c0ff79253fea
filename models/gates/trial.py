"""What the gates look at: the challenger and, where one serves, the champion, on the same fresh mature rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from pandas import DataFrame

from models.gates.alone import Attempt
from models.spec import Model
from trimtab.settings import Gates, Release


@dataclass(frozen=True)
class Side:
    """A version and what it said of the fresh rows, in their order."""

    version: str
    predictions: DataFrame = field(repr=False)


@dataclass(frozen=True)
class Trial:
    """`rows` have a target and were learned from by neither side; without a champion there is nothing to beat.

    `attempt` is what a clean process made of the challenger, whose predictions are that process's; `asked` are the
    frames of `behaves.probes` that it scored, `answers` its predictions for them.
    """

    model: Model
    rows: DataFrame = field(repr=False)
    challenger: Side
    champion: Side | None
    limits: Gates
    release: Release
    attempt: Attempt
    asked: Mapping[str, DataFrame] = field(default_factory=dict, repr=False)
    answers: Mapping[str, DataFrame] = field(default_factory=dict, repr=False)
    interval_share: float = 0.8
    seed: int = 0

    def losses(self, side: Side) -> np.ndarray:
        """One loss a row, lower is better."""
        return np.asarray(self.model.losses(self.rows, side.predictions), dtype=float)
