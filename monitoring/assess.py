"""One closed window of one model, measured: the evidence that a decision rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
from pandas import DataFrame

from models.gain import look
from models.history import History
from models.intervals import Interval
from models.look import Look
from models.spec import FitSettings, Model
from monitoring.alarm import Alarm, alarm
from monitoring.daybook import DayBook
from monitoring.decide import calls, confidence, wants_look
from monitoring.estimate import NEWEST_DAYS, Labelled, estimated, fit_estimator
from monitoring.evidence import Evidence, Guards
from monitoring.gaps import gaps
from monitoring.measures import Measure
from monitoring.one_label import one_label
from monitoring.performance import mean_loss, performance
from monitoring.probation import Trial, Version, before_labels, on_labels
from monitoring.quality import judge_quality, quality_gaps
from monitoring.reference import DAY, reference_of
from monitoring.volume import RECENT
from trimtab.settings import Settings
from trimtab.windows import Window

EVERYTHING = frozenset({"evidence", "look"})
ESTIMATE_DAYS = 56  # of labels that an estimate is made from


@dataclass(frozen=True)
class Serving:
    """What serves, what served before, and since when; times are ends of the work that they name."""

    champion: Version
    trained_at: datetime  # as_of of the champion's training
    fresh_since: datetime | None = None  # it learned nothing known from here on; None: Training.fresh_days before
    files: Mapping[str, bytes] | None = None  # of its bundle; without them nothing is recalibrated
    previous: Version | None = None
    promoted_at: datetime | None = None
    watched: bool = True  # False once the watch over the champion has ended
    guards: Guards = field(default_factory=Guards)
    blocked: tuple[Window, ...] = ()  # windows whose data was quarantined


def assess(
    model: Model,
    history: History,
    serving: Serving,
    window: Window,
    settings: Settings,
    *,
    looks_at: frozenset[str] = EVERYTHING,
    book: DayBook | None = None,
    quarantined: Mapping[str, int] | None = None,
    arrived: int | None = None,
) -> Evidence:
    """Quality, alarm, performance and, where it is called for, a look at what acting would gain."""
    book = book or open_book(model, history, serving, window, settings)
    whole = _whole(window)
    current, matured = history.scored_in(window), _known_between(book, whole.start, whole.end)
    quality = fitness(book, window, quarantined, arrived)
    found, label_delay = _alarm(book, serving, window, settings), book.label_delay(window.end)
    trial = _trial(serving)
    evidence = Evidence(
        model=model.name,
        version=serving.champion.version,
        window=window,
        as_of=window.end,
        rows=len(current),
        measures=(*quality, *_performance(model, book, matured, window, settings), *_estimate(book, whole, settings)),
        alarm=found,
        changed_at=_changed_at(found, label_delay),
        label_delay=label_delay,
        guards=serving.guards,
        quarantined_batches=tuple(sorted(quarantined or ())),
        posts_per_day=book.posts_per_day(window.end),
        promoted_at=serving.promoted_at,
        previous=serving.previous.version if serving.previous else None,
        paired=on_labels(model, book, trial, window, settings) if trial else None,
        early=before_labels(model, book, trial, window, settings) if trial else None,
        watched=trial is not None,
        unjudged=(*gaps(book, found, matured, window), *quality_gaps(book.quality, len(current), quality)),
    )
    if "look" in looks_at and wants_look(evidence, settings):
        evidence = replace(evidence, look=_look(model, history, serving, evidence, settings))
    return evidence


def open_book(model: Model, history: History, serving: Serving, window: Window, settings: Settings) -> DayBook:
    """The daily numbers of the champion, on days that end as the window does."""
    return DayBook(
        model,
        history,
        serving.champion,
        reference_of(serving.trained_at, serving.fresh_since, window.end, settings),
        settings,
        serving.blocked,
    )


def fitness(
    book: DayBook, window: Window, quarantined: Mapping[str, int] | None = None, arrived: int | None = None
) -> tuple[Measure, ...]:
    """Whether the posts and labels of the window are fit to be judged by; `quarantined` of `arrived` rows were not."""
    whole, history = _whole(window), book.history
    matured = _known_between(book, whole.start, whole.end)
    found = judge_quality(
        book.quality,
        history.scored_in(window),
        window,
        matured=matured,
        recent=history.scored_in(Window(window.start - RECENT, window.start))["event_timestamp"],
        blocked=book.blocked,
        quarantined=quarantined,
        arrived=arrived,
        unit_factor=book.settings.ingest.unit_factor,
    )
    before = book.matured["target"][book.label_day < book.reference.days]
    return (*found, one_label(before, matured, window))


def _whole(window: Window) -> Window:
    """In days: of a shorter window the one that it ends."""
    return Window(min(window.start, window.end - DAY), window.end)


def _known_between(book: DayBook, start: datetime, end: datetime) -> DataFrame:
    """Rows whose outcome became known in whole days from `start` to before `end`."""
    return book.matured[(book.label_day >= book.day_at(start)) & (book.label_day < book.day_at(end))]


def _alarm(book: DayBook, serving: Serving, window: Window, settings: Settings) -> Alarm | None:
    streams, days = book.until(window.end)
    tested = days.total - days.reference
    if tested <= 0:
        return None
    guards = serving.guards
    answered = None if guards.unsure else guards.last_answer_at  # what was left open is not answered
    quiet = round((answered - serving.trained_at) / DAY) if answered and answered > serving.trained_at else 0
    return alarm(
        streams,
        days,
        window.end,
        window_days=max(round((window.end - window.start) / DAY), 1),
        quiet_days=min(quiet, tested - 1),
        budget=settings.monitoring.unneeded_retrains_per_year,
    )


def _performance(
    model: Model, book: DayBook, matured: DataFrame, window: Window, settings: Settings
) -> tuple[Measure, ...]:
    said = book.said.loc[matured.index]
    return performance(
        model, matured, said, _usual_loss(model, book, window, settings), settings.monitoring, seed=settings.seed
    )


def _usual_loss(model: Model, book: DayBook, window: Window, settings: Settings) -> Interval | None:
    """What the champion reached on the first rows that it cannot have learned from, before the window."""
    own, until = book.reference.own, book.reference.usual_until(book.day_at(window.start))
    if until not in book.usual:
        rows = book.matured[(book.label_day >= own) & (book.label_day < until)]
        book.usual[until] = mean_loss(model, rows, book.said.loc[rows.index], settings.monitoring, seed=settings.seed)
    return book.usual[until]


def _trial(serving: Serving) -> Trial | None:
    """None where nothing is on probation: no version served before, or the watch has ended."""
    if serving.previous is None or serving.promoted_at is None or not serving.watched:
        return None
    return Trial(serving.previous, serving.promoted_at)


def _estimate(book: DayBook, window: Window, settings: Settings) -> tuple[Measure, ...]:
    """The loss of the window before its labels come, from how unsure the version is of its posts."""
    end = book.day_at(window.end)
    rows = np.flatnonzero((book.label_day >= max(book.reference.own, end - ESTIMATE_DAYS)) & (book.label_day < end))
    at = book.matured["at"].to_numpy()[rows]
    raw, losses, day = book.unsure[at], book.losses[rows], book.post_day[at]
    old = day < (day.max() if len(day) else 0) - NEWEST_DAYS
    now = (book.post_day >= book.day_at(window.start)) & (book.post_day < end)
    estimator = fit_estimator(raw[old], losses[old], day[old])
    newest = Labelled(raw, losses, day)
    return estimated(estimator, book.unsure[now], newest, settings.monitoring.confidence).measures


def _look(
    model: Model,
    history: History,
    serving: Serving,
    evidence: Evidence,
    settings: Settings,
) -> Look:
    """On the rows that a retrain would be given."""
    since = evidence.as_of - timedelta(days=settings.training.history_days)
    return look(
        model,
        history.without(serving.blocked).labelled(evidence.as_of, since),
        serving.champion,
        serving.files,
        as_of=evidence.as_of,
        trained_at=serving.trained_at,
        changed_at=evidence.changed_at if calls(evidence) else None,
        training=settings.training,
        fit=FitSettings.of(settings),
        confidence=confidence(evidence.guards.looks),
        seed=settings.seed,
    )


def _changed_at(found: Alarm | None, label_delay: timedelta) -> datetime | None:
    """The day from which on posts are of the new world: labels tell of posts published a delay before they came."""
    if found is None or not found.raised or found.changed_at is None:
        return None
    late = found.performance or found.streams[0].kind == "label"
    return found.changed_at - (label_delay if late else timedelta(0))
