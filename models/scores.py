"""What a judgement says: scorecards of one version and comparisons of two. Each prints as one sentence."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from models.intervals import Interval


@dataclass(frozen=True)
class SliceScore:
    """The metrics of one version on one slice."""

    slicing: str
    slice: str
    rows: int
    metrics: dict[str, Interval]


@dataclass(frozen=True)
class Scorecard:
    """The metrics of one version on one set of rows; `headline` leads, `left_out` slices were too small."""

    model: str
    version: str
    rows: int
    start: datetime
    end: datetime
    overall: dict[str, Interval]
    slices: tuple[SliceScore, ...]
    headline: str
    confidence: float
    left_out: int

    @property
    def weakest(self) -> SliceScore | None:
        """The slice with the highest headline."""
        return max(self.slices, key=lambda part: part.metrics[self.headline].value, default=None)

    def __str__(self) -> str:
        score, weak = self.overall[self.headline], ""
        if self.weakest is not None:
            value = self.weakest.metrics[self.headline].value
            weak = f"; weakest slice {self.weakest.slicing} {self.weakest.slice}: {value:.3f} on {self.weakest.rows:,}"
        return (
            f"{self.model} {self.version}: {self.headline} {score.value:.3f} ({self.confidence * 100:g} % interval "
            f"{score.low:.3f} to {score.high:.3f}) on {self.rows:,} posts of {self.start:%Y-%m-%d} to "
            f"{self.end:%Y-%m-%d}{weak}."
        )


@dataclass(frozen=True)
class SliceDelta:
    """Mean losses of both versions on one slice, and challenger minus champion."""

    slicing: str
    slice: str
    rows: int
    champion_loss: float
    challenger_loss: float
    delta: Interval


@dataclass(frozen=True)
class Comparison:
    """Two versions on the same rows; `delta` is challenger minus champion, so that negative is better."""

    model: str
    champion: str
    challenger: str
    measure: str
    rows: int
    start: datetime
    end: datetime
    champion_loss: float
    challenger_loss: float
    delta: Interval
    slices: tuple[SliceDelta, ...]
    confidence: float
    left_out: int

    @property
    def better(self) -> bool:
        return self.delta.high < 0

    @property
    def worse(self) -> bool:
        return self.delta.low > 0

    def __str__(self) -> str:
        verdict = "beats" if self.better else "is worse than" if self.worse else "is not shown to beat"
        gap = f"by {abs(self.delta.value):.3f} ({100 * self.share:.1f} %)"
        if not (self.better or self.worse):
            gap = f"(difference {self.delta.value:+.3f})"
        return (
            f"Challenger {self.challenger} {verdict} champion {self.champion} {gap} in {self.measure} on the same "
            f"{self.rows:,} fresh posts ({self.confidence * 100:g} % interval "
            f"{self.delta.low:.3f} to {self.delta.high:.3f})."
        )

    @property
    def share(self) -> float:
        """The size of the difference as a share of the champion's loss."""
        return abs(self.delta.value) / self.champion_loss if self.champion_loss else 0.0

    def evidence(self) -> dict[str, Any]:
        """Plain values, for the ledger and for JSON."""
        return asdict(self) | {"start": self.start.isoformat(), "end": self.end.isoformat(), "better": self.better}

    @classmethod
    def from_evidence(cls, kept: Mapping[str, Any]) -> "Comparison":
        """The comparison that `evidence` wrote down."""
        slices = (SliceDelta(**part | {"delta": Interval(**part["delta"])}) for part in kept["slices"])
        moments = {name: datetime.fromisoformat(kept[name]) for name in ("start", "end")}
        plain = {name: kept[name] for name in cls.__dataclass_fields__}
        return cls(**plain | moments | {"delta": Interval(**kept["delta"]), "slices": tuple(slices)})
