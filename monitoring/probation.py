"""A new champion on probation: held against the version before it, on the posts that both scored.

Labels decide (monitoring/paired.py). Before they come, the difference of the two losses is estimated from the
difference in how unsure the two versions are, which warns and decides nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
from pandas import DataFrame, Timestamp

from models.intervals import Draw
from models.spec import Model
from monitoring.daybook import DayBook
from monitoring.estimate import trust
from monitoring.estimator import fit_estimator, is_number, raw_losses
from monitoring.paired import Early, Paired, days_of, label_days, paired, spread_of, whole_days
from monitoring.scored_once import ScoredOnce
from monitoring.watch_wording import until
from trimtab.settings import Settings
from trimtab.windows import Window

RESAMPLES = 1_000
BEFORE = timedelta(days=28)  # before the promotion, that show how much days differ
EARLY_DAYS = 5  # with labels that neither version learned, from which an estimate may warn
EARLY_CONFIDENCE = 0.99


class Version(Protocol):
    @property
    def version(self) -> str: ...

    def predict(self, frame: DataFrame) -> DataFrame: ...


@dataclass(frozen=True)
class Trial:
    """Which version is held against which, and since when."""

    previous: Version
    promoted_at: datetime


def on_labels(model: Model, book: DayBook, trial: Trial, window: Window, settings: Settings) -> Paired | None:
    """On the mature posts that were scored since the promotion, as far as the watch goes; None on too few.

    Labels of a day count once the day is over, so that all who look, in whatever windows, look at the same test.
    """
    rows, end = book.matured, whole_days(min(window.end, until(trial.promoted_at, settings)))
    known = rows["label_known_at"] < Timestamp(end)
    since = rows["event_timestamp"] >= Timestamp(trial.promoted_at)
    at = np.flatnonzero(known & since)
    if len(at) < settings.monitoring.min_rows or window.start >= end:
        return None
    recent = known & ~since & (rows["label_known_at"] >= Timestamp(trial.promoted_at - BEFORE))
    recent &= rows["label_known_at"] < Timestamp(trial.promoted_at)
    before, other = np.flatnonzero(recent), peer(book, trial)
    return paired(
        rows.iloc[at],
        book.losses[at],
        other.losses(model, rows.iloc[at]),
        spread=_spread(rows.iloc[before], book.losses[before], other.losses(model, rows.iloc[before])),
        watch=settings.watch,
        draw=Draw(np.random.default_rng(settings.seed), RESAMPLES, settings.monitoring.confidence),
    )


def before_labels(model: Model, book: DayBook, trial: Trial, window: Window, settings: Settings) -> Early | None:
    """On the posts scored since the promotion that have no label yet; None where there are too few."""
    times, rows = book.posts["event_timestamp"], book.matured
    labelled = rows[(rows["label_known_at"] < Timestamp(window.end)).to_numpy()]
    new = ((times >= Timestamp(trial.promoted_at)) & (times < Timestamp(window.end))).to_numpy()
    new[labelled["at"].to_numpy()] = False
    at = np.flatnonzero(new)
    if len(at) < settings.monitoring.min_rows or window.end > until(trial.promoted_at, settings):
        return None
    other = peer(book, trial)
    theirs = raw_losses(other.said(at))
    silent = int((~is_number(book.unsure[at]) & is_number(theirs)).sum())
    own = labelled[book.label_day[labelled.index] >= book.reference.own]
    estimator = fit_estimator(
        book.unsure[own["at"]] - raw_losses(other.said(own["at"].to_numpy())),
        book.losses[own.index] - other.losses(model, own),
        book.post_day[own["at"]],
    )
    raw = book.unsure[at] - theirs
    doubt = trust(estimator, raw, least_days=EARLY_DAYS)
    return Early(None if doubt else estimator.estimate(raw, EARLY_CONFIDENCE), len(at), silent)


def peer(book: DayBook, trial: Trial) -> ScoredOnce:
    """What the version before says of the posts of the book."""
    return book.others.setdefault(trial.previous.version, ScoredOnce(trial.previous, book.posts))


def _spread(rows: DataFrame, champion: np.ndarray, previous: np.ndarray) -> float:
    usable = np.isfinite(champion) & np.isfinite(previous)
    return spread_of(days_of(label_days(rows[usable]), champion[usable], previous[usable]))
