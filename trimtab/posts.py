"""The tables of the lake: what a post, an engagement snapshot and a label are made of."""

import pyarrow as pa

TIME = pa.timestamp("us", tz="UTC")
COUNTS = ("likes", "shares", "comments", "views")
MEDIA = ("has_image", "has_video", "has_link")
SENTIMENTS = ("negative", "neutral", "positive")

POSTS = pa.schema(
    [
        ("post_id", pa.string()),
        ("platform", pa.string()),
        ("topic", pa.string()),
        ("author", pa.string()),
        ("text", pa.string()),
        ("link_domain", pa.string()),
        ("body_chars", pa.int32()),
        *[(flag, pa.bool_()) for flag in MEDIA],
        ("published_at", TIME),
        ("known_at", TIME),
        ("source", pa.string()),
        ("row_hash", pa.int64()),
    ]
)
SNAPSHOTS = pa.schema(
    [
        ("post_id", pa.string()),
        ("measured_at", TIME),
        *[(count, pa.int64()) for count in COUNTS],
        ("known_at", TIME),
        ("source", pa.string()),
        ("row_hash", pa.int64()),
    ]
)
LABELS = pa.schema(
    [
        ("post_id", pa.string()),
        ("label", pa.string()),
        ("labelled_at", TIME),
        ("labeller", pa.string()),
        ("known_at", TIME),
        ("source", pa.string()),
        ("row_hash", pa.int64()),
    ]
)
PREDICTIONS = pa.schema(
    [
        ("post_id", pa.string()),
        ("model", pa.string()),
        ("version", pa.string()),
        ("role", pa.string()),
        ("scored_at", TIME),
        ("published_at", TIME),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("probabilities", pa.list_(pa.float64())),
    ]
)
MEASURES = pa.schema(
    [
        ("model", pa.string()),
        ("version", pa.string()),
        ("window_start", TIME),
        ("window_end", TIME),
        ("as_of", TIME),
        ("kind", pa.string()),
        ("name", pa.string()),
        ("slice", pa.string()),
        ("value", pa.float64()),
        ("threshold", pa.float64()),
        ("alarm", pa.bool_()),
        ("rows", pa.int64()),
        ("usual", pa.float64()),
        ("surprise", pa.float64()),
        ("spent", pa.float64()),
        ("stock", pa.string()),
    ]
)
BATCHES = pa.schema(
    [
        ("source", pa.string()),
        ("batch_id", pa.string()),
        ("file", pa.string()),
        ("rows", pa.int64()),
        ("at", TIME),
        ("verdict", pa.string()),
        ("profile", pa.string()),
    ]
)
QUARANTINE = pa.schema(
    [
        ("quarantine_id", pa.string()),
        ("source", pa.string()),
        ("batch_id", pa.string()),
        ("scope", pa.string()),
        ("reason", pa.string()),
        ("raw", pa.string()),
        ("at", TIME),
        ("state", pa.string()),
    ]
)

TABLES: dict[str, pa.Schema] = {
    "posts": POSTS,
    "snapshots": SNAPSHOTS,
    "labels": LABELS,
    "predictions": PREDICTIONS,
    "measures": MEASURES,
    "batches": BATCHES,
    "quarantine": QUARANTINE,
}
# What tells one thing from another; a second row under the same key is a correction.
KEYS = {
    "posts": ("post_id",),
    "snapshots": ("post_id", "measured_at"),
    "labels": ("post_id", "labelled_at", "labeller"),
}
