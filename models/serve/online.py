"""Features of posts that were just handed in: content from the post itself, momentum from Feast's online store.

Arrays, for a frame costs a single post more than its features do.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import pandas as pd
from pandas import DataFrame

from models.kept_keys import OnlineRows
from models.serve.schemas import Post
from trimtab.authors import Authors
from trimtab.features import KEYS, MOMENTUM
from trimtab.features.content import NUMBERS, STATED, arrow, content_numbers

WORDS = ("text", "platform", "topic", "author", "link_domain")  # strings of a frame
SERVED = {*WORDS, *NUMBERS, *(name for _, view in MOMENTUM.values() for name in view.columns)}
Columns = dict[str, np.ndarray]
Read = Callable[[str, Sequence[str]], OnlineRows]  # (view, keys) -> what is served


@dataclass(frozen=True)
class Rows:
    """Posts in the lake's words; what is blank is none."""

    ids: list[str | None]
    words: dict[str, list[str | None]]  # by name of WORDS
    keys: dict[str, list[str]]  # by key of a view of momentum; empty where there is none
    stated: dict[str, np.ndarray]  # by name of STATED, float32
    published: list[datetime]

    def __len__(self) -> int:
        return len(self.ids)


def rows_of(posts: Sequence[Post], authors: Authors, now: datetime) -> Rows:
    """The posts, with hashed authors; one without a moment is published now."""
    words = {name: [_said(getattr(post, name)) for post in posts] for name in WORDS}
    pairs = list(zip(words["author"], words["platform"], strict=True))
    words["author"] = [authors.digest(author, str(platform)) if author else None for author, platform in pairs]
    topics = zip(words["platform"], words["topic"], strict=True)
    return Rows(
        ids=[_full_id(post) for post in posts],
        words=words,
        keys={
            "author": [author or "" for author in words["author"]],
            "topic_key": [f"{platform}/{topic}" if topic else "" for platform, topic in topics],
            "link_domain": [domain or "" for domain in words["link_domain"]],
        },
        stated={name: _numbers([getattr(post, name) for post in posts]) for name in STATED},
        published=[post.published_at or now for post in posts],
    )


def momentum(read: Read, rows: Rows, views: Sequence[str]) -> tuple[Columns, dict[str, np.ndarray]]:
    """Columns of `views` for each row, and by key (author, topic_key, link_domain) whether the store knew it."""
    columns: Columns = {}
    known: dict[str, np.ndarray] = {}
    for view in views:
        found = read(view, rows.keys[KEYS[view]])
        columns |= zip(found.names, found.numbers.T, strict=True)
        known[KEYS[view]] = found.known
    return columns, known


def nothing(rows: Rows, views: Sequence[str]) -> Columns:
    """What stands in where the store does not answer: not known."""
    unknown = np.full(len(rows), np.nan, np.float32)
    return {name: unknown for view in views for name in MOMENTUM[view][1].columns}


class Table:
    """What a version scores: WORDS as objects, content and momentum as float32, an array a column."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns["text"])

    @cached_property
    def frame(self) -> DataFrame:
        """For code that reads no arrays; made once."""
        words = np.array([self.columns[name] for name in WORDS], object)
        numbers = {name: values for name, values in self.columns.items() if name not in WORDS}
        parts = DataFrame(words.T, columns=list(WORDS)), DataFrame(np.array([*numbers.values()]).T, columns=[*numbers])
        return pd.concat(parts, axis=1)


def table(rows: Rows, momentum: Columns) -> Table:
    """The posts with their content and what is known of author, topic and link."""
    text = [text or "" for text in rows.words["text"]]
    published = np.array([moment.replace(tzinfo=None) for moment in rows.published], "datetime64[us]")
    content = content_numbers(arrow(np.array(text, dtype=object)), rows.stated, published)
    words = {name: np.array(text if name == "text" else rows.words[name], object) for name in WORDS}
    return Table({**words, **dict(zip(NUMBERS, content, strict=True)), **momentum})


def _said(value: str | None) -> str | None:
    return value if value and not value.isspace() else None


def _numbers(values: list[bool | int | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values], np.float32)


def _full_id(post: Post) -> str | None:
    if not post.post_id or post.post_id.startswith(f"{post.platform}:"):
        return post.post_id or None
    return f"{post.platform}:{post.post_id}"
