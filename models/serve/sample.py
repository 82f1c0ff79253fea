"""Posts that every bundle must score before it serves: plain, empty, long, and as strange as they come."""

from datetime import UTC, datetime

import numpy as np

from models.serve.online import Table, nothing, rows_of, table
from models.serve.schemas import Post
from trimtab.authors import Authors
from trimtab.features import MOMENTUM

AT = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
POSTS = (
    Post(platform="reddit", topic="python", author="ana", text="I love how fast this got! 🚀", has_image=False),
    Post(platform="reddit", text=""),
    Post(platform="x", topic="news", text="@ben this is NOT good... https://a.example #fail", link_domain="a.example"),
    Post(platform="x", topic="سياسة", text="ليس جيدا؟ " * 200, body_chars=0),
    Post(platform="\u200b", topic="\u0000", text="\ufffd\n\t" + "?!" * 300, has_video=True),
)


def sample_table() -> Table:
    """The posts twice: with no momentum known, and with one post of momentum everywhere."""
    rows = rows_of(POSTS, Authors(bytes(32)), AT)
    unknown = nothing(rows, tuple(MOMENTUM))
    once = dict.fromkeys(unknown, np.ones(len(rows), np.float32))
    one, other = table(rows, unknown).columns, table(rows, once).columns
    return Table({name: np.concatenate([one[name], other[name]]) for name in one})
