"""One row a post with its features, as it stood when it could first be scored: what models learn from and score."""

from datetime import datetime

from pandas import DataFrame

from models.feature_store import FeatureStore
from trimtab.features import topic_key
from trimtab.labels import first_seen
from trimtab.lake import Lake
from trimtab.windows import Window

IDENTITY = ["post_id", "author", "platform", "topic", "link_domain", "published_at"]


def scoring_rows(store: FeatureStore, lake: Lake, service: str, *, window: Window, as_of: datetime) -> DataFrame:
    """Posts first known in `window` and by `as_of`, sorted by that moment, event_timestamp.

    Columns: IDENTITY, event_timestamp and the service's features as known then.
    """
    posts = entities(lake, as_of)
    inside = (posts["event_timestamp"] >= window.start) & (posts["event_timestamp"] < window.end)
    return _featured(store, service, posts[inside])


def entities(lake: Lake, as_of: datetime) -> DataFrame:
    """IDENTITY of each post as it was when first known, and that moment as event_timestamp."""
    return first_seen(lake, as_of, IDENTITY[1:]).rename(columns={"known_at": "event_timestamp"})


def _featured(store: FeatureStore, service: str, posts: DataFrame) -> DataFrame:
    ordered = posts.sort_values(["event_timestamp", "post_id"], kind="stable").reset_index(drop=True)
    return store.frame(service, ordered.assign(topic_key=topic_key(ordered))).drop(columns="topic_key")
