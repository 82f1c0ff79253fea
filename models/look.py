"""What a look found: the gain of each candidate, in words that `models.gain` and the decision share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from models.intervals import Interval


@dataclass(frozen=True)
class Gain:
    """One candidate on the judged posts. `per_post` is the champion's loss minus its own: positive is better."""

    action: Literal["recalibrate", "retrain"]
    since: datetime | None  # posts learned from were scored since; None: all history
    per_post: Interval
    learned_rows: int

    def __str__(self) -> str:
        start = f"since {self.since:%Y-%m-%d}" if self.since else "of all history"
        return f"{self.action} on {self.learned_rows:,} posts {start} gains {self.per_post} a post"


@dataclass(frozen=True)
class Look:
    """What was measured. Without `gains`, `note` says why in one sentence; `champion_loss` is NaN where unknown."""

    champion_loss: float
    rows: int  # newest mature posts, on which all were judged
    cut: datetime | None  # they were scored since
    gains: tuple[Gain, ...]
    note: str = ""

    def best(self, action: str) -> Gain | None:
        """The candidate of this action with the largest gain; the first of equals."""
        return max((gain for gain in self.gains if gain.action == action), key=lambda g: g.per_post.value, default=None)
