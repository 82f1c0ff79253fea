"""Scorecards and comparisons: how good a version is, on which rows, and how sure we can be of it."""

from collections.abc import Iterator

import numpy as np
from pandas import DataFrame, factorize

from models.intervals import Draw, Interval, authors_of, blocks_of, finer_blocks, pooled
from models.scores import Comparison, Scorecard, SliceDelta, SliceScore
from models.spec import Model
from trimtab.errors import NotEnoughData, TrimtabError

__all__ = ["Comparison", "Interval", "Scorecard", "SliceDelta", "SliceScore", "Unscorable", "compare", "scorecard"]
MIN_ROWS = 30  # fewer rows are no slice, and no ground to compare on
FEW_DAYS = 4  # below which days are cut into runs: two days would never tell one version from another


class Unscorable(TrimtabError):
    """A version gave losses that are not numbers."""


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
    found = list(slices_of(model, rows))
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
    """Both versions' losses on the same rows, paired: a drawn day is drawn for both, and so is an author.

    Raises NotEnoughData below MIN_ROWS rows and Unscorable where a loss is not a number.
    """
    _enough(rows)
    before = _losses(model, champion, rows, champion_predictions)
    after = _losses(model, challenger, rows, challenger_predictions)
    blocks = finer_blocks(rows, FEW_DAYS)
    draw = Draw(np.random.default_rng(seed), resamples, confidence)
    delta = draw.two_way(after - before, blocks, authors_of(rows))
    found = list(slices_of(model, rows))
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


def slices_of(model: Model, rows: DataFrame) -> Iterator[tuple[str, str, np.ndarray]]:
    """(slicing, slice, positions) for every slice of every slicing, by name."""
    for slicing, column in model.slices(rows).items():
        codes, names = factorize(column.astype(str).to_numpy(), sort=True)
        order = np.argsort(codes, kind="stable")
        parts = np.split(order, np.cumsum(np.bincount(codes, minlength=len(names)))[:-1])
        yield from ((str(slicing), str(name), at) for name, at in zip(names, parts, strict=True))


def _judged(positions: np.ndarray, blocks: np.ndarray) -> bool:
    """Whether a slice has the rows, on more than one day, that an interval needs."""
    return len(positions) >= MIN_ROWS and len(np.unique(blocks[positions])) > 1
