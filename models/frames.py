"""Frames that models learn from and score: one row a post, as it stood when it could first be scored."""

from datetime import datetime
from typing import Literal

import numpy as np
from pandas import DataFrame

from models.feature_store import FeatureStore
from trimtab.features import topic_key
from trimtab.labels import known_by, outcomes_as_of, sentiment_as_of
from trimtab.lake import Lake
from trimtab.settings import Engagement
from trimtab.windows import Window

IDENTITY = ["post_id", "author", "platform", "topic", "link_domain", "published_at"]


def training_rows(
    store: FeatureStore,
    lake: Lake,
    service: str,
    target: Literal["count", "label"],
    *,
    as_of: datetime,
    start: datetime | None = None,
    engagement: Engagement,
) -> DataFrame:
    """Posts whose outcome is known by `as_of`, first known from `start` on, sorted by event_timestamp.

    Columns: the service's features as known at event_timestamp (the post's first known time), IDENTITY,
    event_timestamp, label_known_at and target: log1p of the count at the horizon, or the sentiment label.
    """
    outcomes = _outcomes(lake, target, as_of, engagement)
    posts = first_seen(lake, as_of, start).merge(outcomes, on="post_id")
    return _featured(store, service, posts)


def scoring_rows(store: FeatureStore, lake: Lake, service: str, *, window: Window, as_of: datetime) -> DataFrame:
    """Posts first known in `window` and by `as_of`, with the columns of training_rows but no outcome."""
    posts = first_seen(lake, as_of, window.start)
    return _featured(store, service, posts[posts["event_timestamp"] < window.end])


def first_seen(lake: Lake, as_of: datetime, start: datetime | None = None) -> DataFrame:
    """IDENTITY of each post as it was when first known, and that moment as event_timestamp."""
    rows = known_by(lake, "posts", as_of, [*IDENTITY, "known_at"])
    first = rows.sort_values(["known_at", "post_id"], kind="stable").drop_duplicates("post_id")
    first = first.rename(columns={"known_at": "event_timestamp"})
    return first if start is None else first[first["event_timestamp"] >= start]


def _outcomes(lake: Lake, target: str, as_of: datetime, engagement: Engagement) -> DataFrame:
    if target == "label":
        return sentiment_as_of(lake, as_of).rename(columns={"label": "target"})
    counts = outcomes_as_of(lake, engagement.count, engagement.horizon, as_of)
    return counts.assign(target=np.log1p(counts["value"].clip(lower=0))).drop(columns="value")


def _featured(store: FeatureStore, service: str, posts: DataFrame) -> DataFrame:
    ordered = posts.sort_values(["event_timestamp", "post_id"], kind="stable").reset_index(drop=True)
    return store.frame(service, ordered.assign(topic_key=topic_key(ordered))).drop(columns="topic_key")
