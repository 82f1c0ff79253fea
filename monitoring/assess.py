"""One closed window of one model, measured: the evidence that a decision rests on."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from pandas import DataFrame
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from models.evaluate import MIN_ROWS, Interval, compare
from models.history import History
from models.registry import LoadedVersion
from models.spec import Model
from models.train import split_fresh
from monitoring.decide import PROBATION
from monitoring.drift import drift, same_weekdays
from monitoring.evidence import Evidence
from monitoring.measures import Measure
from monitoring.performance import mean_loss, performance
from monitoring.quality import quality
from monitoring.spaces import Kind
from trimtab.errors import NotEnoughData
from trimtab.settings import Settings
from trimtab.windows import Window

COUNTS = ("_posts_", "chars", "words")  # parts of the names of features that are counts
UNWATCHED = ("author",)  # keys, not features: a new author is not drift


@dataclass(frozen=True)
class Serving:
    """What serves, what served before, and since when; times are ends of the work that they name."""

    champion: LoadedVersion
    trained_at: datetime  # as_of of the champion's training: what it was compared on lies before
    previous: LoadedVersion | None = None
    previous_trained_at: datetime | None = None
    promoted_at: datetime | None = None
    last_retrain_at: datetime | None = None


def assess(
    model: Model,
    history: History,
    serving: Serving,
    window: Window,
    settings: Settings,
    *,
    quarantined: Mapping[str, int] | None = None,
    arrived: int | None = None,
    report: Path | None = None,
) -> Evidence:
    """Quality, drift, prediction drift and performance of the window, as known at its end."""
    current, before = history.scored_in(window), _reference_window(serving, settings)
    reference = same_weekdays(history.scored_in(before), window)
    labels = history.outcomes["label_known_at"]
    known = labels[labels <= window.end]
    measures = (
        *quality(
            history.scored_in(before),
            current,
            settings.monitoring,
            reference_window=before,
            window=window,
            quarantined=quarantined,
            arrived=arrived,
        ),
        *_drift(model, serving, reference, current, window, settings, report),
        *_performance(model, history, serving, window, settings),
    )
    return Evidence(
        model=model.name,
        version=serving.champion.version,
        window=window,
        as_of=window.end,
        rows=len(current),
        horizon=settings.engagement.horizon,
        measures=measures,
        quarantined_batches=tuple(quarantined or ()),
        last_label_at=None if known.empty else known.max().to_pydatetime(),
        last_retrain_at=serving.last_retrain_at,
        promoted_at=serving.promoted_at,
        previous=serving.previous.version if serving.previous else None,
        against_previous=_against_previous(model, history, serving, window, settings),
    )


def feature_kinds(model: Model, rows: DataFrame) -> dict[str, Kind]:
    """How each watched feature is compared: text by its words, names by their shares, counts in log space."""
    return {name: _kind(name, rows) for name in model.features if name in rows and name not in UNWATCHED}


def _kind(name: str, rows: DataFrame) -> Kind:
    if name == "text":
        return "text"
    if is_bool_dtype(rows[name]) or not is_numeric_dtype(rows[name]):
        return "category"
    return "count" if any(part in name for part in COUNTS) else "number"


def _reference_window(serving: Serving, settings: Settings) -> Window:
    """Whole weeks before the champion was trained: the world that it learned."""
    return Window(serving.trained_at - timedelta(days=settings.monitoring.reference_days), serving.trained_at)


def _drift(
    model: Model,
    serving: Serving,
    reference: DataFrame,
    current: DataFrame,
    window: Window,
    settings: Settings,
    report: Path | None,
) -> tuple[Measure, ...]:
    title = (
        f"{model.name} {serving.champion.version}: {window} against the {len(reference):,} posts before its training"
    )
    kinds = feature_kinds(model, reference)
    features = drift(reference, current, kinds, settings.monitoring, report, title=title)
    if reference.empty or current.empty:
        return features
    said = [serving.champion.predict(rows) for rows in (reference, current)]
    outputs: dict[str, Kind] = {name: "number" for name in said[0] if name == "value" or name.startswith("p_")}
    return *features, *drift(said[0], said[1], outputs, settings.monitoring, kind="prediction")


def _performance(
    model: Model, history: History, serving: Serving, window: Window, settings: Settings
) -> tuple[Measure, ...]:
    matured = history.matured_in(window)
    predictions = serving.champion.predict(matured) if len(matured) else matured
    reference = _reference_loss(model, history, serving, window, settings)
    return performance(model, matured, predictions, reference, settings.monitoring, seed=settings.seed)


def _reference_loss(
    model: Model, history: History, serving: Serving, window: Window, settings: Settings
) -> Interval | None:
    """The lower of what the champion and the version before it reached on the rows that each was judged on.

    A version promoted in the middle of a move was judged on rows of both worlds: held to those alone, it could never
    be found wanting. After probation it is: a world that has become harder for good is no reason to retrain for ever.
    """
    versions = [(serving.champion, serving.trained_at)]
    if serving.previous is not None and serving.previous_trained_at is not None and _on_probation(serving, window):
        versions.append((serving.previous, serving.previous_trained_at))
    losses = [_judged_loss(model, history, *version, settings) for version in versions]
    return min((loss for loss in losses if loss is not None), key=lambda loss: loss.value, default=None)


def _on_probation(serving: Serving, window: Window) -> bool:
    return serving.promoted_at is not None and window.end - serving.promoted_at <= PROBATION


def _judged_loss(
    model: Model, history: History, version: LoadedVersion, trained_at: datetime, settings: Settings
) -> Interval | None:
    try:
        _, judged = split_fresh(history.labelled(trained_at), trained_at, settings.training)
    except NotEnoughData:  # its rows are older than the history that is kept
        return None
    return mean_loss(model, judged, version.predict(judged), settings.monitoring, seed=settings.seed)


def _against_previous(
    model: Model, history: History, serving: Serving, window: Window, settings: Settings
) -> Interval | None:
    """Champion minus previous on the mature posts that the champion scored since its promotion."""
    if serving.previous is None or serving.promoted_at is None:
        return None
    rows = history.labelled(window.end, since=serving.promoted_at)
    if len(rows) < max(settings.monitoring.min_rows, MIN_ROWS):
        return None
    before, now = serving.previous.predict(rows), serving.champion.predict(rows)
    if np.isfinite(model.losses(rows, before)).all() and not np.isfinite(model.losses(rows, now)).all():
        return Interval(math.inf, math.inf, math.inf)  # nothing can be compared, and nothing is worse
    return compare(
        model,
        serving.previous.version,
        serving.champion.version,
        rows,
        before,
        now,
        seed=settings.seed,
        resamples=settings.release.resamples,
        confidence=settings.monitoring.confidence,
    ).delta
