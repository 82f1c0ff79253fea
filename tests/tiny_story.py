"""A training run of the tiny model, told."""

from datetime import UTC, datetime

from pandas import DataFrame

from models.evaluate import scorecard
from models.registry import Registry
from models.spec import FitSettings, Fitted
from models.story import RunStory
from tests.tiny_model import MODEL, fit, frame
from tests.tiny_scoring import Scorer

AT = datetime(2012, 4, 21, tzinfo=UTC)


def story_of(fitted: Fitted, learned: DataFrame, fresh: DataFrame, folder, reason: str = "First version.") -> RunStory:
    for name, content in fitted.files.items():
        (folder / name).write_bytes(content)
    predictions = Scorer.load(str(folder)).predict(fresh)
    return RunStory(
        as_of=AT,
        start=learned["event_timestamp"].min().to_pydatetime(),
        end=learned["event_timestamp"].max().to_pydatetime(),
        rows=len(learned),
        data_versions={"posts": 12, "snapshots": 9, "labels": 3},
        reason=reason,
        scorecard=scorecard(MODEL, "challenger", fresh, predictions),
        fresh=fresh,
        predictions=predictions,
    )


def register(registry: Registry, folder, key: str, model=MODEL, shift: float = 0.0, **more) -> str:
    """Fit the tiny model on a world that has moved by `shift` and register it."""
    learned, fresh = frame(seed=1, shift=shift), frame(200, days=10, seed=2, shift=shift)
    fitted = fit(learned, FitSettings())
    return registry.register(model, fitted, story_of(fitted, learned, fresh, folder, **more), key)
