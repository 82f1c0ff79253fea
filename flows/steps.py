"""The steps that flows are made of: functions of the rooms below, as Prefect tasks.

A task adds its name, its place in the UI and nothing else; the work and its tests are below.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from models.history import load_history, training_period
from models.retrain import retrain
from models.score import write_predictions
from models.stores import Stores
from monitoring.watch import assess_window, champion_posts, record
from trimtab import settings


def step(name: str, work: Callable[..., Any]) -> Any:
    # No cache: inputs are stores and frames, whose hash says nothing about what is in them.
    return task(name=name, cache_policy=NO_CACHE)(work)


def open_stores(home: str | None) -> Stores:
    """The edge of a flow run: settings are read here and nowhere below."""
    return Stores(settings.load(Path(home) if home else None))


def moment(as_of: datetime | None) -> datetime:
    """`as_of`, or now: the clock of a flow run is read here and nowhere below."""
    return (as_of or datetime.now(UTC)).astimezone(UTC)


refresh_features = step("refresh features", Stores.refresh_features)
gather_history = step(
    "gather history",
    lambda stores, model, as_of: load_history(stores, model, training_period(stores, as_of), as_of),
)
train_and_judge = step("train and judge", retrain)
find_posts = step("find posts", champion_posts)
write_scores = step("write scores", write_predictions)
assess = step("assess window", assess_window)
write_record = step("record decision", record)
