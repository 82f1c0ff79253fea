"""From mature rows to a registered challenger, with the fresh rows that it is judged on."""

import importlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from pandas import DataFrame, Timestamp

from models.evaluate import scorecard
from models.history import History
from models.scores import Scorecard
from models.spec import Fitted, Model
from models.stores import Stores
from models.story import RunStory
from trimtab.errors import NotEnoughData
from trimtab.settings import Training


@dataclass(frozen=True)
class Trained:
    """A registered challenger and the rows that it never learned from."""

    version: str
    learned_rows: int
    fresh: DataFrame
    scorecard: Scorecard


def split_fresh(rows: DataFrame, as_of: datetime, training: Training) -> tuple[DataFrame, DataFrame]:
    """(rows to learn from, fresh rows to judge on), as if training had run when the first fresh post came in.

    Fresh are the posts scored in the last `fresh_days` (more where these are fewer than `fresh_rows`); learned from
    are the rows whose outcome was known before. A row between the two is in neither.
    """
    if len(rows) < training.min_rows:
        raise NotEnoughData.rows(
            len(rows),
            training.min_rows,
            "mature rows",
            "Wait for outcomes to mature, or lower TRIMTAB_TRAINING__MIN_ROWS.",
        )
    scored = rows["event_timestamp"]
    by_rows = scored.nlargest(training.fresh_rows).min()
    cut = min(Timestamp(as_of - timedelta(days=training.fresh_days)), by_rows)
    learned, fresh = rows[rows["label_known_at"] < cut], rows[scored >= cut]
    if len(learned) < training.min_rows:
        raise NotEnoughData.rows(
            len(learned),
            training.min_rows,
            f"mature rows older than the {len(fresh):,} fresh ones",
            "Train on a longer history, or lower TRIMTAB_TRAINING__FRESH_DAYS.",
        )
    return learned.reset_index(drop=True), fresh.reset_index(drop=True)


def train_challenger(
    stores: Stores, model: Model, history: History, as_of: datetime, reason: str, key: str, report: Path | None = None
) -> Trained:
    """Fit on what was mature by `as_of`, score the fresh rows, and register the run with its story."""
    settings = stores.settings
    learned, fresh = split_fresh(history.labelled(as_of), as_of, settings.training)
    fitted = model.fit(learned, stores.fit_settings)
    predictions = predict_with(model, fitted, fresh)
    card = scorecard(
        model,
        "challenger",
        fresh,
        predictions,
        seed=settings.seed,
        resamples=settings.release.resamples,
        confidence=settings.release.confidence,
    )
    story = RunStory(
        as_of=as_of,
        start=learned["event_timestamp"].min().to_pydatetime(),
        end=learned["event_timestamp"].max().to_pydatetime(),
        rows=len(learned),
        data_versions={table: stores.lake.version(table) for table in ("posts", "snapshots", "labels")},
        reason=reason,
        scorecard=card,
        fresh=fresh,
        predictions=predictions,
        report=report,
    )
    return Trained(stores.registry.register(model, fitted, story, key), len(learned), fresh, card)


def predict_with(model: Model, fitted: Fitted, rows: DataFrame) -> DataFrame:
    """Predictions of a bundle that is not registered yet, by the very code that would travel with it."""
    scorer = importlib.import_module(model.scoring).Scorer
    with TemporaryDirectory() as folder:
        for name, content in fitted.files.items():
            Path(folder, name).write_bytes(content)
        return scorer.load(folder).predict(rows)
