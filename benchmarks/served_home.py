"""A home to serve from: a simulated stream, taken in; the engagement model, trained; features, materialised online."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from pandas import DataFrame

from models.engagement import MODEL
from models.history import load_history
from models.promotion import promote
from models.stores import Stores
from models.train import train_challenger
from monitoring.door import Door, ingest
from simulator.world import World
from simulator.write import write
from trimtab.authors import Authors
from trimtab.features import topic_key
from trimtab.features.content import content_features
from trimtab.settings import Settings
from trimtab.source import load
from trimtab.windows import Window, utc

WORLD = World(days=40, posts_per_day=150)
START, END = utc(str(WORLD.start)), utc(str(WORLD.end))
BATCHES, ONES = 20, 2_000


@dataclass(frozen=True)
class Asked:
    """Bodies of requests: one post; a batch of posts; the same batches as the frames that the version reads.

    `posts`: the batches once more, as rows of the lake.
    """

    ones: list[bytes]
    batches: list[bytes]
    frames: list[bytes]
    posts: list[DataFrame]


def prepared(folder: Path) -> Stores:
    """The stores below `folder`, made if they are not there."""
    stores = Stores(Settings(home=folder / "home"))
    if stores.settings.ledger_path.exists():
        return stores
    source = write(folder / "stream", WORLD)
    ingest(Door(stores.lake, Authors.of(stores.settings.home), stores.settings.ingest, datetime.now(UTC)), load(source))
    stores.refresh_features(END)
    history = load_history(stores, MODEL, Window(START, END), END)
    trained = train_challenger(stores, MODEL, history, END, "To be served.", "benchmark")
    stores.features.materialize(END)
    about: dict[str, Any] = {"at": END, "actor": "benchmark", "reason": "to be served"}
    promote(stores.registry, stores.ledger, MODEL.name, trained.version, **about)
    return stores


def asked(stores: Stores, batch: int) -> Asked:
    """Posts of the stream, drawn by lot, as clients would send them."""
    files = sorted((stores.settings.home.parent / "stream" / "posts").glob("*.jsonl"))
    posts = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    sent = {
        _id(post): {"post_id": _id(post), **{key: value for key, value in post.items() if key != "id"}}
        for post in posts
    }
    known = load_history(stores, MODEL, Window(START, END), END).posts.set_index("post_id")
    lake = stores.lake.read("posts").to_pandas().set_index("post_id")
    names, draw = sorted(sent.keys() & set(known.index)), np.random.default_rng(0)
    drawn = [list(draw.choice(names, batch, replace=False)) for _ in range(BATCHES)]
    return Asked(
        ones=[_body([sent[name]]) for name in draw.choice(names, ONES)],
        batches=[_body([sent[name] for name in some]) for some in drawn],
        frames=[_frame(known.loc[some, list(MODEL.features)]) for some in drawn],
        posts=[lake.loc[some].reset_index() for some in drawn],
    )


def features_seconds(stores: Stores, posts: DataFrame, times: int = 5) -> float:
    """Of the processor, to make rows with features of posts and write them as JSON; the least of several times."""

    def make() -> float:
        began = time.process_time()
        keys = posts[["post_id", "author", "link_domain"]].fillna("").assign(topic_key=topic_key(posts))
        momentum = stores.features.online(MODEL.service, keys)
        content = content_features(posts)
        _frame(momentum.assign(**{name: content[name].to_numpy() for name in content})[list(MODEL.features)])
        return time.process_time() - began

    return min(make() for _ in range(times))


def _id(post: dict[str, Any]) -> str:
    return f"{post['platform']}:{post['id']}"


def _body(posts: list[dict[str, Any]]) -> bytes:
    return json.dumps({"posts": posts}).encode()


def _frame(rows: DataFrame) -> bytes:
    """As MLflow's scoring server takes it; what is missing is null."""
    return f'{{"dataframe_split": {rows.to_json(orient="split", index=False)}}}'.encode()
