"""The losses of a version that no longer serves, on rows that grow from window to window."""

import numpy as np
from pandas import DataFrame

from models.gain import Predicts
from models.spec import Model


class ScoredOnce:
    """Losses on the rows of a fixed table; a row that was asked for before is not scored again."""

    def __init__(self, model: Model, version: Predicts, rows: DataFrame) -> None:
        self.model, self.version, self.rows = model, version, rows
        self._losses, self._known = np.zeros(len(rows)), np.zeros(len(rows), bool)

    def at(self, places: np.ndarray) -> np.ndarray:
        """One loss a place."""
        new = places[~self._known[places]]
        if len(new):
            rows = self.rows.iloc[new]
            self._losses[new], self._known[new] = self.model.losses(rows, self.version.predict(rows)), True
        return self._losses[places]
