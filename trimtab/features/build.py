"""The views that Feast serves, each built from what the lake knew.

Every row's event_timestamp is the moment from which it was known, so that a point-in-time join on it is
as-known-at by construction, and a view built later agrees with one built earlier on all that was known then.
"""

from datetime import datetime

import pandas as pd
import pyarrow as pa
from pandas import DataFrame

from trimtab.features.content import NUMBERS, STRINGS, content_features
from trimtab.features.rolling import Aggregates, lives, steps
from trimtab.labels import known_by, outcome_versions
from trimtab.lake import Lake
from trimtab.posts import TIME
from trimtab.settings import Settings

AUTHOR = Aggregates("author", (7, 28), best=(28,))
TOPIC = Aggregates("topic", (7, 28, 90), deviation=(90,), trend=(7, 28))
DOMAIN = Aggregates("domain", (7, 28, 90), deviation=(90,))
MOMENTUM = {  # view -> (its key, its columns)
    "author_activity": ("author", AUTHOR),
    "topic_momentum": ("topic_key", TOPIC),
    "domain_momentum": ("link_domain", DOMAIN),
}
KEYS = {"post_content": "post_id", **{view: key for view, (key, _) in MOMENTUM.items()}}
VIEWS = tuple(KEYS)


def build(lake: Lake, as_of: datetime, settings: Settings) -> dict[str, DataFrame]:
    """Every view as known by `as_of`: its key, event_timestamp, its columns; sorted by both, no two alike."""
    posts = known_by(lake, "posts", as_of)
    engagement = settings.engagement
    outcomes = outcome_versions(lake, engagement.count, engagement.horizon, as_of)
    keyed = posts[["post_id", "author", "link_domain", "known_at"]].assign(topic_key=topic_key(posts))
    lived = lives(keyed, outcomes)
    momentum = {view: steps(lived, key, wanted) for view, (key, wanted) in MOMENTUM.items()}
    return {"post_content": post_content(posts), **momentum}


def post_content(posts: DataFrame) -> DataFrame:
    """Content of every version of each post, from when that version was known."""
    ordered = posts.sort_values(["post_id", "known_at", "row_hash"], kind="stable")
    newest = ordered.drop_duplicates(["post_id", "known_at"], keep="last").reset_index(drop=True)
    named = newest[["post_id"]].assign(event_timestamp=newest["known_at"])
    return pd.concat([named, content_features(newest)], axis=1)


def topic_key(posts: DataFrame) -> pd.Series:
    """A topic is told from its namesake elsewhere by its platform: `reddit/python`."""
    return posts["platform"].str.cat(posts["topic"], sep="/")


def schema(view: str) -> pa.Schema:
    """Columns and types of a view, the same whether it has rows or none."""
    strings, numbers = (STRINGS, NUMBERS) if view == "post_content" else ((), MOMENTUM[view][1].columns)
    named = [(KEYS[view], pa.string()), ("event_timestamp", TIME)]
    return pa.schema([*named, *((name, pa.string()) for name in strings), *((name, pa.float32()) for name in numbers)])
