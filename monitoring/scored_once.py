"""What a version that does not serve says of posts that grow from window to window."""

import numpy as np
from pandas import DataFrame, concat

from models.gain import Predicts
from models.spec import Model


class ScoredOnce:
    """Predictions of the posts of a fixed table; a post that was asked for before is not scored again."""

    def __init__(self, version: Predicts, posts: DataFrame) -> None:
        self.version, self.posts = version, posts
        self._said = DataFrame()
        self._place = np.full(len(posts), -1)

    def said(self, places: np.ndarray) -> DataFrame:
        """One row a place in `posts`, with its index."""
        new = np.unique(places[self._place[places] < 0])
        if len(new):
            found = self.version.predict(self.posts.iloc[new])
            self._place[new] = len(self._said) + np.arange(len(new))
            self._said = concat([self._said, found], ignore_index=True) if len(self._said) else found
        return self._said.iloc[self._place[places]].set_axis(self.posts.index[places])

    def losses(self, model: Model, rows: DataFrame) -> np.ndarray:
        """One a row; `rows` have target and `at`, the place of their post."""
        if rows.empty:
            return np.zeros(0)
        said = self.said(rows["at"].to_numpy()).set_axis(rows.index)
        return np.asarray(model.losses(rows, said), dtype=float)
