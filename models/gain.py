"""The look: what each cheap candidate would gain, measured on mature posts that neither it nor the champion learned.

After a change there are few days to learn from and to judge on, so candidates of the new world are cross-fitted over
its days: each day is judged by a fit on the others, and every day is one observation, since the posts of a day share
its news. Candidates of all history learn from posts scored before a moment `cut` and are judged on those scored since.
Nothing is registered.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

import numpy as np
from pandas import DataFrame, Timestamp

from models.evaluate import MIN_ROWS
from models.intervals import Draw, Interval, blocks_of, finer_blocks
from models.look import Gain, Look
from models.spec import FitSettings, Fitted, Model
from models.train import CALIBRATION_DAYS, CALIBRATION_ROWS, known_before, predict_with, unseen, usual_cut
from trimtab.errors import NotEnoughData
from trimtab.settings import Training

FEW_DAYS = 4  # below as many, runs within them are drawn
FOLDS = 4  # of the days since a change
MANY_DAYS = 14  # half of which are enough to learn from
JUDGED_SHARE = 1 / 3  # newest part of the days since a change that is judged; the older part is learned from
MOST_SHARE = 1 / 2  # that may be judged where posts are few
LEAST_DAYS = 1.0


class Predicts(Protocol):
    """A version in memory."""

    def predict(self, frame: DataFrame) -> DataFrame: ...


@dataclass(frozen=True)
class Candidate:
    """A way to fit, not run yet. Without `learned` it is cross-fitted over the days that are judged."""

    action: Literal["recalibrate", "retrain"]
    since: datetime | None
    learned: DataFrame | None
    at_hand: int  # rows that it would learn from if it were carried out now, with the newest kept to judge on
    least_rows: int
    fit: Callable[[DataFrame], Fitted]

    @property
    def name(self) -> str:
        return f"{self.action}{f' since {self.since:%Y-%m-%d}' if self.since and self.action == 'retrain' else ''}"


def look(
    model: Model,
    rows: DataFrame,
    champion: Predicts,
    files: Mapping[str, bytes] | None,
    *,
    as_of: datetime,
    trained_at: datetime,
    changed_at: datetime | None,
    training: Training,
    fit: FitSettings,
    confidence: float,
    resamples: int = 2000,
    seed: int = 0,
) -> Look:
    """Measure every candidate on `rows` (mature rows with target, as `as_of` knew them).

    `files` is the champion's bundle, without which nothing is recalibrated; `trained_at` its as_of; `changed_at` the
    estimated day on which the world moved. Thin data give a Look without gains, never an error.
    """
    rows = rows[rows["label_known_at"] <= Timestamp(as_of)]
    cut, fresh = judged_rows(rows, as_of, trained_at, changed_at, training)
    if cut is None or len(fresh) < MIN_ROWS:
        since = f" scored since {changed_at:%Y-%m-%d}" if changed_at else ""
        note = f"{len(fresh):,} mature posts{since} came after the champion was trained; it takes {MIN_ROWS} to judge."
        return Look(math.nan, len(fresh), cut, (), note)
    world = fresh if changed_at is None else _scored_since(unseen(rows, trained_at, training), changed_at)
    before = _losses(model, world, champion.predict(world))
    bad, found = int((~np.isfinite(before)).sum()), []
    for candidate in candidates(model, rows, files, cut, trained_at, changed_at, training, fit):
        draw = Draw(np.random.default_rng(seed), resamples, confidence)  # the same draw for each: they are compared
        judged = (world["event_timestamp"] >= (candidate.since if candidate.learned is None else cut)).to_numpy()
        found.append(_measured(model, candidate, world[judged].reset_index(drop=True), before[judged], draw))
    silent = f"The champion's loss is not a number on {bad:,} posts: any candidate with numbers gains."
    notes = [silent] * (bad > 0) + [part for part in found if isinstance(part, str)]
    gains = tuple(part for part in found if isinstance(part, Gain))
    return Look(math.inf if bad else float(before.mean()), len(world), cut, gains, " ".join(notes))


def judged_rows(
    rows: DataFrame, as_of: datetime, trained_at: datetime, changed_at: datetime | None, training: Training
) -> tuple[datetime | None, DataFrame]:
    """(cut, rows scored since that the champion cannot have learned). (None, no rows) where nothing is there."""
    rows = unseen(rows, trained_at, training)
    if changed_at is not None:
        rows = rows[rows["event_timestamp"] >= Timestamp(changed_at)]
    if rows.empty:
        return None, rows
    cut = _since_change(rows, changed_at, training) if changed_at is not None else _newest_days(rows, as_of, training)
    cut = max(cut, rows["event_timestamp"].min())  # so that a retrain with this cut is judged on these rows too
    return cut.to_pydatetime(), rows[rows["event_timestamp"] >= cut].reset_index(drop=True)


def candidates(
    model: Model,
    rows: DataFrame,
    files: Mapping[str, bytes] | None,
    cut: datetime,
    trained_at: datetime,
    changed_at: datetime | None,
    training: Training,
    fit: FitSettings,
) -> Iterator[Candidate]:
    """Recalibrate the champion, retrain on all history, retrain on what was scored since the change."""
    recalibrate, month = model.recalibrate, cut - timedelta(days=CALIBRATION_DAYS)
    if recalibrate is not None and files is not None:
        known = unseen(rows, trained_at, training)
        before = None if changed_at else _scored_since(known_before(known, cut), month)
        since = max(changed_at, month) if changed_at else month
        at_hand = len(known_before(known, cut, since))
        yield Candidate(
            "recalibrate", since, before, at_hand, CALIBRATION_ROWS, lambda learned: recalibrate(files, learned, fit)
        )
    everything, least = known_before(rows, cut).reset_index(drop=True), training.min_rows
    yield Candidate("retrain", None, everything, len(everything), least, lambda learned: model.fit(learned, fit))
    if changed_at is not None and Timestamp(changed_at) > rows["event_timestamp"].min():
        at_hand = len(known_before(rows, cut, changed_at))
        yield Candidate("retrain", changed_at, None, at_hand, least, lambda learned: model.fit(learned, fit))


def _newest_days(rows: DataFrame, as_of: datetime, training: Training) -> Timestamp:
    """fresh_days of the newest mature days, more where they hold fewer than fresh_rows posts."""
    newest = rows["event_timestamp"].max()
    return usual_cut(rows, min(newest.to_pydatetime(), as_of), training)


def _since_change(rows: DataFrame, changed_at: datetime, training: Training) -> Timestamp:
    """The newest third of the days since the change: a day at least, fresh_days at most.

    Where that holds fewer than fresh_rows posts it reaches further back, though never so far that more are judged than
    are left to learn from.
    """
    scored, day = rows["event_timestamp"], timedelta(days=1)
    newest, most = scored.max(), training.fresh_days * day
    third = min(max((newest - Timestamp(changed_at)) * JUDGED_SHARE, LEAST_DAYS * day), most)
    wanted = max(min(training.fresh_rows, int(len(rows) * MOST_SHARE)), 1)
    by_rows = scored.nlargest(wanted).min()
    return max(min(newest - third, by_rows), newest - most)


def _losses(model: Model, rows: DataFrame, predictions: DataFrame) -> np.ndarray:
    return np.asarray(model.losses(rows, predictions), dtype=float)


def _measured(model: Model, candidate: Candidate, judged: DataFrame, before: np.ndarray, draw: Draw) -> Gain | str:
    """The gain, or in one sentence why there is none. Infinite where the champion gives no numbers: none is worse."""
    after, learned_rows = np.full(len(judged), np.nan), 0
    try:
        _enough(candidate.at_hand, candidate.least_rows)
        for fold in _folds(judged) if candidate.learned is None else [np.ones(len(judged), bool)]:
            learned = judged[~fold].reset_index(drop=True) if candidate.learned is None else candidate.learned
            _enough(len(learned), candidate.least_rows)
            rows = judged[fold].reset_index(drop=True)
            after[fold] = _losses(model, rows, predict_with(model, candidate.fit(learned), rows))
            learned_rows = max(learned_rows, len(learned))
    except NotEnoughData as error:
        return f"No {candidate.name}: {error}"
    if not np.isfinite(after).all():
        return f"No {candidate.name}: it gave losses that are not numbers."
    endless = Interval(math.inf, math.inf, math.inf)
    finite = np.isfinite(before).all()
    per_post = draw.mean(before - after, finer_blocks(judged, FEW_DAYS)) if finite else endless
    return Gain(candidate.action, candidate.since, per_post, learned_rows)


def _folds(rows: DataFrame) -> list[np.ndarray]:
    """The rows of every FOLDS-th day, each day in one fold; two folds where days are many, or only two."""
    day = blocks_of(rows)
    many = min(FOLDS, int(day.max()) + 1) if day.max() < MANY_DAYS else 2
    return [day % many == fold for fold in range(many)]


def _enough(rows: int, least: int) -> None:
    if rows < least:
        raise NotEnoughData.rows(rows, least, "mature rows to learn from", "Wait for outcomes to mature.")


def _scored_since(rows: DataFrame, moment: datetime) -> DataFrame:
    return rows[rows["event_timestamp"] >= Timestamp(moment)].reset_index(drop=True)
