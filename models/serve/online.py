"""Features of posts that were just handed in: content from the post itself, momentum from Feast's online store."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from pandas import DataFrame

from models.online_store import OnlineRows
from models.serve.schemas import Post
from trimtab.authors import Authors
from trimtab.features import KEYS, MOMENTUM
from trimtab.features.content import content_features
from trimtab.posts import MEDIA

OWN = ("post_id", "platform", "topic", "text", "link_domain", "body_chars", *MEDIA)
Columns = dict[str, np.ndarray]


Read = Callable[[str, Sequence[str]], OnlineRows]  # (view, keys) -> what is served


def posts_frame(posts: Sequence[Post], authors: Authors, now: datetime) -> DataFrame:
    """The posts in the lake's words, with topic_key; a blank author, topic or link is none."""
    columns: dict[str, Any] = {name: np.array([getattr(post, name) for post in posts], dtype=object) for name in OWN}
    hashed = [authors.digest(post.author, post.platform) if post.author else None for post in posts]
    moments = [post.published_at or now for post in posts]
    columns["post_id"] = [_full_id(post) for post in posts]
    columns["author"] = np.array(hashed, dtype=object)
    columns["topic_key"] = [f"{post.platform}/{post.topic}" if post.topic else "" for post in posts]
    columns["published_at"] = np.array([moment.replace(tzinfo=None) for moment in moments], "datetime64[us]")
    return DataFrame(columns).assign(published_at=lambda rows: rows["published_at"].dt.tz_localize("UTC"))


def momentum(read: Read, rows: DataFrame, views: Sequence[str]) -> tuple[Columns, dict[str, np.ndarray]]:
    """Columns of `views` for each row, and by key (author, topic_key, link_domain) whether the store knew it."""
    columns: Columns = {}
    known: dict[str, np.ndarray] = {}
    for view in views:
        names = ["" if key is None else key for key in rows[KEYS[view]]]
        distinct, at = np.unique(np.array(names, dtype=object), return_inverse=True)
        found = read(view, distinct.tolist())
        columns |= {name: values[at] for name, values in found.columns.items()}
        known[KEYS[view]] = found.known[at]
    return columns, known


def nothing(rows: DataFrame, views: Sequence[str]) -> Columns:
    """What stands in where the store does not answer: not known."""
    unknown = np.full(len(rows), np.nan, np.float32)
    return {name: unknown for view in views for name in MOMENTUM[view][1].columns}


def frame(rows: DataFrame, columns: Mapping[str, np.ndarray]) -> DataFrame:
    """What a version scores: identity, content and momentum of each post."""
    content = content_features(rows)
    named = {name: rows[name].array for name in ("post_id", "author", "link_domain", "published_at")}
    return DataFrame({**named, **{name: content[name].array for name in content}, **columns})


def _full_id(post: Post) -> str | None:
    if not post.post_id or post.post_id.startswith(f"{post.platform}:"):
        return post.post_id or None
    return f"{post.platform}:{post.post_id}"
