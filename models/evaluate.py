"""Scorecards and comparisons: how good a version is, on which rows, and how sure we can be of it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from pandas import DataFrame, factorize

from models.intervals import Draw, Interval, blocks_of, pooled
from models.spec import Model
from trimtab.errors import NotEnoughData, TrimtabError

__all__ = ["Comparison", "Interval", "Scorecard", "SliceDelta", "SliceScore", "Unscorable", "compare", "scorecard"]
MIN_ROWS = 30  # fewer rows are no slice, and no ground to compare on


class Unscorable(TrimtabError):
    """A version gave losses that are not numbers."""


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
        moments = {"start": self.start.isoformat(), "end": self.end.isoformat()}
        return asdict(self) | moments | {"slices": [asdict(part) for part in self.slices], "better": self.better}


def scorecard(
    model: Model,
    version: str,
    rows: DataFrame,
    predictions: DataFrame,
    *,
    seed: int = 0,
    resamples: int = 500,
    confidence: float = 0.95,
) -> Scorecard:
    """The metrics of `predictions` (in the order of `rows`) on rows with target, overall and by slice."""
    _enough(rows)
    blocks = pooled(blocks_of(rows))
    draw = Draw(np.random.default_rng(seed), resamples, confidence)
    overall = _metrics(model, rows, predictions, blocks, draw)
    found = list(_slices(model, rows))
    kept = [part for part in found if _judged(part[2], blocks)]
    return Scorecard(
        model=model.name,
        version=version,
        rows=len(rows),
        start=rows["event_timestamp"].min().to_pydatetime(),
        end=rows["event_timestamp"].max().to_pydatetime(),
        overall=overall,
        slices=tuple(
            SliceScore(slicing, name, len(at), _metrics(model, rows.iloc[at], predictions.iloc[at], blocks[at], draw))
            for slicing, name, at in kept
        ),
        headline=model.headline,
        confidence=confidence,
        left_out=len(found) - len(kept),
    )


def compare(
    model: Model,
    champion: str,
    challenger: str,
    rows: DataFrame,
    champion_predictions: DataFrame,
    challenger_predictions: DataFrame,
    *,
    seed: int = 0,
    resamples: int = 500,
    confidence: float = 0.95,
) -> Comparison:
    """Both versions' losses on the same rows, paired: a drawn day is drawn for both.

    Raises NotEnoughData below MIN_ROWS rows and Unscorable where a loss is not a number.
    """
    _enough(rows)
    before = _losses(model, champion, rows, champion_predictions)
    after = _losses(model, challenger, rows, challenger_predictions)
    blocks = blocks_of(rows)
    draw = Draw(np.random.default_rng(seed), resamples, confidence)
    delta = draw.mean(after - before, blocks)
    found = list(_slices(model, rows))
    kept = [part for part in found if _judged(part[2], blocks)]
    is_headline = np.isclose(model.metrics(rows, champion_predictions)[model.headline], before.mean())
    return Comparison(
        model=model.name,
        champion=champion,
        challenger=challenger,
        measure=model.headline if is_headline else "mean loss",
        rows=len(rows),
        start=rows["event_timestamp"].min().to_pydatetime(),
        end=rows["event_timestamp"].max().to_pydatetime(),
        champion_loss=float(before.mean()),
        challenger_loss=float(after.mean()),
        delta=delta,
        slices=tuple(
            _delta(slicing, name, before[at], after[at], draw.mean((after - before)[at], blocks[at]))
            for slicing, name, at in kept
        ),
        confidence=confidence,
        left_out=len(found) - len(kept),
    )


def _delta(slicing: str, name: str, before: np.ndarray, after: np.ndarray, delta: Interval) -> SliceDelta:
    return SliceDelta(slicing, name, len(before), float(before.mean()), float(after.mean()), delta)


def _metrics(
    model: Model, rows: DataFrame, predictions: DataFrame, blocks: np.ndarray, draw: Draw
) -> dict[str, Interval]:
    without = [
        model.metrics(rows[kept], predictions[kept]) for kept in (blocks != block for block in np.unique(blocks))
    ]
    return {
        name: draw.metric(float(value), np.array([part[name] for part in without], dtype=float))
        for name, value in model.metrics(rows, predictions).items()
    }


def _losses(model: Model, version: str, rows: DataFrame, predictions: DataFrame) -> np.ndarray:
    losses = np.asarray(model.losses(rows, predictions), dtype=float)
    bad = int((~np.isfinite(losses)).sum())
    if bad:
        raise Unscorable(
            f"{model.name} {version} has {bad:,} of {len(rows):,} losses that are not numbers; "
            "give rows with a target, and a version that scores each of them."
        )
    return losses


def _enough(rows: DataFrame) -> None:
    if len(rows) < MIN_ROWS:
        fix = "Wait for labels, or take a longer window."
        raise NotEnoughData.rows(len(rows), MIN_ROWS, "mature rows to judge on", fix)


def _slices(model: Model, rows: DataFrame) -> Iterator[tuple[str, str, np.ndarray]]:
    """(slicing, slice, positions) for every slice of every slicing, by name."""
    for slicing, column in model.slices(rows).items():
        codes, names = factorize(column.astype(str).to_numpy(), sort=True)
        order = np.argsort(codes, kind="stable")
        parts = np.split(order, np.cumsum(np.bincount(codes, minlength=len(names)))[:-1])
        yield from ((str(slicing), str(name), at) for name, at in zip(names, parts, strict=True))


def _judged(positions: np.ndarray, blocks: np.ndarray) -> bool:
    """Whether a slice has the rows, on more than one day, that an interval needs."""
    return len(positions) >= MIN_ROWS and len(np.unique(blocks[positions])) > 1
