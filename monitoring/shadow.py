"""What every version would have said of the same posts: the version that did not serve keeps scoring in the shadow."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from pandas import DataFrame, Timestamp

from models.evaluate import FEW_DAYS, MIN_ROWS
from models.history import History
from models.intervals import Draw, Interval, finer_blocks
from models.spec import Model

RESAMPLES = 1_000
NEVER = Interval(np.inf, np.inf, np.inf)  # what is saved by leaving a version that gives no numbers


@dataclass(frozen=True)
class Gap:
    """How much less one version loses than another on the posts of a time."""

    per_post: Interval
    rows: int  # labelled posts that both scored
    posts: int  # scored in that time, as far as labels have come
    until: datetime  # when the newest labelled one of them was scored
    silent: int = 0  # labelled posts left out: the other version gives no number for them


@dataclass
class Shadow:
    """Losses on all posts that are mature by `as_of`; each version scores them once. `predict` takes its name."""

    model: Model
    history: History
    predict: Callable[[str, DataFrame], DataFrame]
    as_of: datetime
    confidence: float = 0.95
    seed: int = 0
    _losses: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = self.history.labelled(self.as_of)

    def gap(self, before: str, after: str, start: datetime, end: datetime, *, known_from: datetime) -> Gap | None:
        """Loss of `before` minus that of `after` a post scored in [start, end); None below MIN_ROWS of them.

        `known_from`: neither learned from posts scored since. Whole days are drawn for the interval. A post that
        `after` gives no number for has no difference: it is left out and counted.
        """
        times, begin = self.rows["event_timestamp"], max(start, known_from)
        inside = ((times >= Timestamp(begin)) & (times < Timestamp(end))).to_numpy()
        old, new = (self.losses(version)[inside] for version in (before, after))
        usable = np.isfinite(new)
        rows = self.rows[inside][usable]
        if len(rows) < MIN_ROWS:
            return None
        until = rows["event_timestamp"].max()
        scored = self.history.posts["event_timestamp"]
        posts = int(((scored >= Timestamp(start)) & (scored <= until)).sum())
        saved = (old - new)[usable]
        draw = Draw(np.random.default_rng(self.seed), RESAMPLES, self.confidence)
        mean = draw.mean(saved, finer_blocks(rows, FEW_DAYS)) if np.isfinite(saved).all() else NEVER
        return Gap(mean, len(rows), posts, until.to_pydatetime(), int((~usable).sum()))

    def losses(self, version: str) -> np.ndarray:
        """One a mature row; not finite where the version gives no number."""
        if version not in self._losses:
            said = self.predict(version, self.rows) if len(self.rows) else self.rows
            found = self.model.losses(self.rows, said) if len(self.rows) else np.zeros(0)
            self._losses[version] = np.asarray(found, dtype=float)
        return self._losses[version]
