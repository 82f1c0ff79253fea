"""From mature rows to a registered challenger, with the fresh rows that it is judged on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pandas import DataFrame, Timestamp

from models.about import about_of
from models.bundle import scorer_of
from models.evaluate import scorecard
from models.history import SOURCES, History
from models.request import Made, Request
from models.scores import Scorecard
from models.spec import FitSettings, Fitted, Model
from models.stores import Stores
from models.story import RunStory
from trimtab.errors import NotEnoughData, RegistryError
from trimtab.settings import Settings, Training

CALIBRATION_DAYS = 28  # that a calibrator is refitted on, at most: it says how the world is now
CALIBRATION_ROWS = 100  # that it takes, at least


@dataclass(frozen=True)
class Trained:
    """A registered challenger and the rows that it never learned from."""

    version: str
    learned_rows: int
    fresh: DataFrame
    scorecard: Scorecard


def split_fresh(
    rows: DataFrame,
    as_of: datetime,
    training: Training,
    *,
    since: datetime | None = None,
    cut: datetime | None = None,
) -> tuple[DataFrame, DataFrame]:
    """(rows to learn from, fresh rows to judge on), as if training had run when the first fresh post came in.

    Fresh are the posts scored since `cut`, or as `usual_cut` has it; learned from are the rows of
    `known_before`, from which a row may be missing that is not fresh either.
    """
    if len(rows) < training.min_rows:
        raise NotEnoughData.rows(
            len(rows),
            training.min_rows,
            "mature rows",
            "Wait for outcomes to mature, or lower TRIMTAB_TRAINING__MIN_ROWS.",
        )
    begin = Timestamp(cut) if cut is not None else usual_cut(rows, as_of, training)
    learned, fresh = known_before(rows, begin, since), rows[rows["event_timestamp"] >= begin]
    if len(learned) < training.min_rows:
        bound = f" and scored since {since:%Y-%m-%d %H:%M}" if since is not None else ""
        raise NotEnoughData.rows(
            len(learned),
            training.min_rows,
            f"mature rows older than the {len(fresh):,} fresh ones{bound}",
            "Train on a longer history, or lower TRIMTAB_TRAINING__FRESH_DAYS.",
        )
    return learned.reset_index(drop=True), fresh.reset_index(drop=True)


def usual_cut(rows: DataFrame, as_of: datetime, training: Training) -> Timestamp:
    """Since when posts are fresh: the last `fresh_days`, more where these hold fewer than `fresh_rows` posts."""
    by_rows = rows["event_timestamp"].nlargest(training.fresh_rows).min()
    return min(Timestamp(as_of - timedelta(days=training.fresh_days)), by_rows)


def known_before(rows: DataFrame, cut: datetime, since: datetime | None = None) -> DataFrame:
    """Rows to learn from: those whose outcome was known before `cut`; of a new world, those scored in it before `cut`.

    In a world that began at `since`, to wait for outcomes that were known before the cut would leave hardly a post to
    learn from. None is judged on all the same: what is judged was scored later.
    """
    if since is None:
        return rows[rows["label_known_at"] < Timestamp(cut)]
    scored = rows["event_timestamp"]
    return rows[(scored >= Timestamp(since)) & (scored < Timestamp(cut))]


def unseen(rows: DataFrame, trained_at: datetime, training: Training) -> DataFrame:
    """Rows that a version trained at that moment cannot have learned from.

    Their outcome came later; and they are no older than what it was judged on, so that an outcome that was merely
    corrected later is not taken for a new one.
    """
    oldest = Timestamp(trained_at - timedelta(days=training.fresh_days))
    return rows[(rows["label_known_at"] >= Timestamp(trained_at)) & (rows["event_timestamp"] >= oldest)]


def calibration_rows(
    rows: DataFrame, cut: datetime, trained_at: datetime, training: Training, since: datetime | None = None
) -> DataFrame:
    """What the calibrator of a version trained at `trained_at` is refitted on: recent rows that it never learned from.

    A booster is surer of the rows it learned than of any other: a calibrator fitted on them would believe it.
    """
    month = cut - timedelta(days=CALIBRATION_DAYS)
    begin = month if since is None else max(since, month)
    recent = known_before(unseen(rows, trained_at, training), cut, begin)
    if len(recent) < CALIBRATION_ROWS:
        raise NotEnoughData.rows(
            len(recent),
            CALIBRATION_ROWS,
            f"rows to recalibrate on (scored from {begin:%Y-%m-%d %H:%M} to {cut:%Y-%m-%d %H:%M}, with outcomes that "
            f"came after the training of {trained_at:%Y-%m-%d %H:%M})",
            "Wait for outcomes to mature, or retrain.",
        )
    return recent.reset_index(drop=True)


def split_calibration(
    rows: DataFrame,
    as_of: datetime,
    trained_at: datetime,
    training: Training,
    *,
    since: datetime | None = None,
    cut: datetime | None = None,
) -> tuple[DataFrame, DataFrame]:
    """(rows to refit the calibrator on, fresh rows to judge on), as `split_fresh` has them for a retrain."""
    begin = Timestamp(cut) if cut is not None else usual_cut(rows, as_of, training)
    learned = calibration_rows(rows, begin.to_pydatetime(), trained_at, training, since)
    return learned, rows[rows["event_timestamp"] >= begin].reset_index(drop=True)


def train_challenger(
    stores: Stores,
    model: Model,
    history: History,
    as_of: datetime,
    reason: str,
    key: str,
    report: Path | None = None,
    *,
    since: datetime | None = None,
    cut: datetime | None = None,
) -> Trained:
    """Fit on what was mature by `as_of`, score the fresh rows, and register the run with its story."""
    made = make(model, history, Request(as_of, since, cut), stores.settings.training, stores.fit_settings)
    return enter(stores, model, made, reason, key, report)


def make(model: Model, history: History, request: Request, training: Training, fit: FitSettings) -> Made:
    """Carry a request out, in memory: the same rows, request and settings give the same bundle, byte for byte."""
    base = request.base
    if base is None:
        rows = history.labelled(request.as_of, request.as_of - timedelta(days=training.history_days))
        learned, fresh = split_fresh(rows, request.as_of, training, since=request.since, cut=request.cut)
        return Made(request, history, learned, fresh, model.fit(learned, fit))
    if model.recalibrate is None:
        raise RegistryError(f"{model.name} has no calibrator to refit: its MODEL names no `recalibrate`. Retrain it.")
    rows, about = history.labelled(request.as_of), {"since": request.since, "cut": request.cut}
    if rows.empty:
        raise NotEnoughData.rows(0, training.fresh_rows, "mature rows", "Wait for outcomes to mature.")
    learned, fresh = split_calibration(rows, request.as_of, base.as_of, training, **about)
    return Made(request, history, learned, fresh, model.recalibrate(base.files, learned, fit))


def enter(stores: Stores, model: Model, made: Made, reason: str, key: str, report: Path | None = None) -> Trained:
    """Score the fresh rows and register the run with its story."""
    predictions, card, about = told(stores, model, made)
    scored, origin = made.learned["event_timestamp"], made.history.origin
    story = RunStory(
        as_of=made.request.as_of,
        start=scored.min().to_pydatetime(),
        end=scored.max().to_pydatetime(),
        rows=len(made.learned),
        data_versions=origin.lake if origin else {table: stores.lake.version(table) for table in SOURCES},
        reason=reason,
        scorecard=card,
        fresh=made.fresh,
        predictions=predictions,
        report=report,
        base=made.request.base.version if made.request.base else None,
        about=about,
    )
    version = stores.registry.register(model, made.fitted, story, key)
    return Trained(version, len(made.learned), made.fresh, card)


def told(stores: Stores, model: Model, made: Made) -> tuple[DataFrame, Scorecard, dict[str, bytes]]:
    """(predictions of the fresh rows, scorecard on them, what the bundle says of itself)."""
    predictions = predict_with(model, made.fitted, made.fresh)
    card = _card(model, made, predictions, stores.settings)
    service = stores.features.definition(model.service)
    return predictions, card, about_of(model, made, predictions, card, service, stores.settings, stores.fit_settings)


def _card(model: Model, made: Made, predictions: DataFrame, settings: Settings) -> Scorecard:
    release = settings.release
    return scorecard(
        model,
        "challenger",
        made.fresh,
        predictions,
        seed=settings.seed,
        resamples=release.resamples,
        confidence=release.confidence,
    )


def predict_with(model: Model, fitted: Fitted, rows: DataFrame) -> DataFrame:
    """Predictions of a bundle that is not registered yet."""
    return scorer_of(model.scoring, fitted.files).predict(rows)
