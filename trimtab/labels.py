"""What was known when: posts and outcomes as a given moment could have seen them.

Every table keeps all that was ever learned, one row per thing and known time. These readers see the rows known by
`as_of`, so a later correction cannot leak in, and what they say of a moment is the same whenever they are asked.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pandas import DataFrame

from trimtab.lake import Lake


def first_seen(lake: Lake, as_of: datetime, columns: Sequence[str]) -> DataFrame:
    """`columns` of each post as it was when first known, and that moment as known_at; oldest first.

    What a post says of itself later changes nothing of what was scored and learned before.
    """
    rows = known_by(lake, "posts", as_of, ["post_id", *columns, "known_at"])
    return rows.sort_values(["known_at", "post_id"], kind="stable").drop_duplicates("post_id")


def outcome_versions(lake: Lake, count: str, horizon: timedelta, as_of: datetime) -> DataFrame:
    """Every version of each mature outcome known by `as_of`, in order of known time.

    The outcome is the count in the earliest snapshot measured at or after published_at + horizon; a post without
    one is immature and absent. Columns post_id, value, label_known_at; more than one row a post means that it was
    corrected, and the last is in force.
    """
    posts = first_seen(lake, as_of, ["published_at"])[["post_id", "published_at"]]
    snapshots = known_by(lake, "snapshots", as_of, ["post_id", "measured_at", "known_at", count])
    joined = snapshots.dropna(subset=[count]).merge(posts, on="post_id")
    joined = joined[joined["measured_at"] >= joined["published_at"] + horizon]
    joined = joined.sort_values(["known_at", "post_id", "measured_at"], kind="stable")
    # The earliest snapshot known so far: one measured earlier but learned later changes the outcome from then on.
    first = joined.groupby("post_id", sort=False)["measured_at"].cummin()
    mature = joined[joined["measured_at"] == first]
    return mature.rename(columns={count: "value", "known_at": "label_known_at"})[
        ["post_id", "value", "label_known_at"]
    ].astype({"value": float})


def sentiment_versions(lake: Lake, as_of: datetime) -> DataFrame:
    """Every label known by `as_of`, so ordered that the last of a post is the one in force.

    Of two labellers at one moment one has the last word, the same however the rows lie in their files.
    """
    rows = known_by(lake, "labels", as_of).sort_values(["labelled_at", "known_at", "row_hash"], kind="stable")
    return rows.rename(columns={"known_at": "label_known_at"})[["post_id", "label", "label_known_at"]]


def target_versions(
    lake: Lake, target: Literal["count", "label"], count: str, horizon: timedelta, as_of: datetime
) -> DataFrame:
    """Outcomes in the space that a model learns, every version: post_id, target, label_known_at.

    target is log1p(count) as float, or the label as a string.
    """
    if target == "label":
        return sentiment_versions(lake, as_of).rename(columns={"label": "target"})
    versions = outcome_versions(lake, count, horizon, as_of)
    return versions.assign(target=np.log1p(versions["value"].clip(lower=0)))[["post_id", "target", "label_known_at"]]


def known_by(lake: Lake, table: str, as_of: datetime, columns: list[str] | None = None) -> DataFrame:
    """All rows of a table learned by `as_of`, corrections included."""
    moment = pa.scalar(as_of, pa.timestamp("us", tz="UTC"))
    return lake.read(table, columns, pc.field("known_at") <= moment).to_pandas()
