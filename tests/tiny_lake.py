"""A real lake of made-up posts, and the tiny model on features that Feast serves of it."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from pandas import DataFrame

from models.blocked import blocked_windows
from models.history import load_history, training_period
from models.request import Base, Request
from models.spec import FitSettings, Fitted, Model
from models.stores import Stores
from models.train import enter, make
from tests import tiny_model
from trimtab.lake import Lake
from trimtab.posts import LABELS, POSTS, SENTIMENTS, SNAPSHOTS
from trimtab.settings import Monitoring, Settings, Training
from trimtab.windows import utc

START = utc("2012-04-01")
HORIZON = timedelta(hours=48)
DAYS, A_DAY = 40, 20
SAYINGS = {"negative": "I hate {}", "neutral": "{} starts at 7", "positive": "I love {}, great"}
THINGS = ["the game", "this film", "my phone", "the weather", "her show"]


def fit(rows: DataFrame, settings: FitSettings) -> Fitted:
    return tiny_model.fit(rows, settings, MODEL.features)


def slices(rows: DataFrame) -> DataFrame:
    return rows[["platform"]]


MODEL = Model(**vars(tiny_model.MODEL) | {"features": ("chars", "topic_mean_28d"), "fit": fit, "slices": slices})


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def settings(home: Path, *models: str) -> Settings:
    training = Training(min_rows=100, fresh_days=7, fresh_rows=50, threads=1)
    return Settings(
        home=home,
        models=("tests.tiny_lake", *models),
        training=training,
        monitoring=Monitoring(reference_days=14),
    )


def ingest(lake: Lake, first: float, last: float, seed: int = 0, known: float | None = None) -> None:
    """Posts of the days from `first` to `last`, with counts after 48 hours and labels after a day.

    `known`: the day on which all of it is learned, where that is not when it happened.
    """
    draw, count = np.random.default_rng([seed, int(first)]), int((last - first) * A_DAY)
    label, thing = draw.choice(SENTIMENTS, count), draw.choice(THINGS, count)
    at = [day(number) for number in np.sort(draw.uniform(first, last, count)).round(4)]
    posts = [_post(f"{seed}-{first}-{i}", *about) for i, about in enumerate(zip(at, label, thing, strict=True))]
    counts = [int(draw.poisson(5 + len(post["text"]))) for post in posts]
    late = None if known is None else day(known)
    snapshots = [{"measured_at": moment + HORIZON, "comments": n} for moment, n in zip(at, counts, strict=True)]
    labels = [{"labelled_at": moment + HORIZON / 2, "label": said} for moment, said in zip(at, label, strict=True)]
    told = [
        ("posts", POSTS, posts, "published_at"),
        ("snapshots", SNAPSHOTS, snapshots, "measured_at"),
        ("labels", LABELS, labels, "labelled_at"),
    ]
    for table, schema, rows, moment in told:
        named = [{"post_id": post["post_id"], **row} for post, row in zip(posts, rows, strict=True)]
        whole = [row | {"known_at": late or row[moment], "source": "t", "row_hash": i} for i, row in enumerate(named)]
        lake.append(table, pa.Table.from_pylist(whole, schema))


def train(stores: Stores, model: Model, as_of: datetime, base: str | None = None, **about: datetime) -> str:
    """A version as the flows make it, but for the judgement: features, history, what is blocked, fit, registration.

    With a `base` its calibrator alone is new.
    """
    stores.refresh_features(as_of)
    blocked = blocked_windows(stores.ledger, model.name, as_of)
    history = load_history(stores, model, training_period(stores, as_of), as_of).without(blocked)
    registry, name = stores.registry, model.name
    bundle = Base(base, registry.info(name, base).as_of, registry.files(name, base)) if base else None
    request = Request(as_of, base=bundle, **about)
    made = make(model, history, request, stores.settings.training, stores.fit_settings)
    return enter(stores, model, made, "a test", f"{as_of} {base} {about}").version


def _post(name: str, at: datetime, label: str, thing: str) -> dict[str, object]:
    text = SAYINGS[label].format(thing)
    about = {"platform": "reddit", "topic": thing.split()[-1], "author": None, "link_domain": None}
    return {"post_id": f"reddit:{name}", "text": text, "published_at": at, **about}
