"""One row a post with its features, as it stood when it could first be scored: what models learn from and score."""

from datetime import datetime

from pandas import DataFrame

from models.feature_store import FeatureStore
from trimtab.features import topic_key
from trimtab.labels import known_by
from trimtab.lake import Lake
from trimtab.windows import Window

IDENTITY = ["post_id", "author", "platform", "topic", "link_domain", "published_at"]


def scoring_rows(store: FeatureStore, lake: Lake, service: str, *, window: Window, as_of: datetime) -> DataFrame:
    """Posts first known in `window` and by `as_of`, sorted by that moment, event_timestamp.

    Columns: IDENTITY, event_timestamp and the service's features as known then.
    """
    posts = first_seen(lake, as_of, window.start)
    return _featured(store, service, posts[posts["event_timestamp"] < window.end])


def first_seen(lake: Lake, as_of: datetime, start: datetime | None = None) -> DataFrame:
    """IDENTITY of each post as it was when first known, and that moment as event_timestamp."""
    rows = known_by(lake, "posts", as_of, [*IDENTITY, "known_at"])
    first = rows.sort_values(["known_at", "post_id"], kind="stable").drop_duplicates("post_id")
    first = first.rename(columns={"known_at": "event_timestamp"})
    return first if start is None else first[first["event_timestamp"] >= start]


def _featured(store: FeatureStore, service: str, posts: DataFrame) -> DataFrame:
    ordered = posts.sort_values(["event_timestamp", "post_id"], kind="stable").reset_index(drop=True)
    return store.frame(service, ordered.assign(topic_key=topic_key(ordered))).drop(columns="topic_key")
