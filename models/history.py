"""Posts of a period with the features they were scored on and every version of their outcome.

One History serves a whole replay as well as one production run: each feature row is point-in-time and
as-known-at already, so the only thing that still depends on the moment is which outcomes are known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pandas import DataFrame, Series, Timestamp

from models.frames import scoring_rows
from models.spec import Model
from models.stores import Stores
from trimtab.labels import target_versions
from trimtab.windows import Window

SOURCES = ("posts", "snapshots", "labels")  # tables that rows to learn from come from


@dataclass(frozen=True)
class Origin:
    """What a History was read from, so that it can be read again: versions are Delta's, by table."""

    period: Window
    as_of: datetime
    lake: Mapping[str, int]
    features_as_of: datetime  # of the feature views, which may have been built earlier or later
    features_lake: Mapping[str, int]
    blocked: tuple[Window, ...] = ()


@dataclass(frozen=True)
class History:
    """`posts`: one row a post, sorted by event_timestamp. `outcomes`: post_id, target, label_known_at, oldest first.

    `origin` is None where the rows are not those of a lake: made up, or changed since they were read.
    """

    posts: DataFrame
    outcomes: DataFrame
    origin: Origin | None = None

    def scored_in(self, window: Window) -> DataFrame:
        """Posts that became known, and so were scored, in the window."""
        return self.posts[_within(self.posts["event_timestamp"], window)]

    def labelled(self, as_of: datetime, since: datetime | None = None) -> DataFrame:
        """Mature rows as `as_of` knew them: posts with target and label_known_at; `since` bounds their scoring time."""
        known = self.outcomes[self.outcomes["label_known_at"] <= Timestamp(as_of)]
        newest = known.drop_duplicates("post_id", keep="last")
        posts = self.posts if since is None else self.posts[self.posts["event_timestamp"] >= Timestamp(since)]
        rows = posts.merge(newest, on="post_id", how="inner")
        return rows[rows["label_known_at"] > rows["event_timestamp"]].reset_index(drop=True)

    def matured_in(self, window: Window) -> DataFrame:
        """Mature rows whose outcome became known in the window, as its end knew them."""
        rows = self.labelled(window.end)
        return rows[_within(rows["label_known_at"], window)].reset_index(drop=True)

    def without(self, windows: Sequence[Window]) -> "History":
        """But for what came in during the windows: the posts scored in them, and the outcomes that became known."""
        posts, outcomes = self.posts, self.outcomes
        for window in windows:
            posts = posts[~_within(posts["event_timestamp"], window)]
            outcomes = outcomes[~_within(outcomes["label_known_at"], window)]
        known = self.origin
        return History(posts, outcomes, known and replace(known, blocked=(*known.blocked, *windows)))


def load_history(stores: Stores, model: Model, period: Window, as_of: datetime) -> History:
    """Rows scored in `period`, with outcomes known by `as_of`. Features must have been refreshed for it.

    Every table is read at one version, which the origin names: what is ingested meanwhile comes in as a whole later.
    """
    engagement, versions = stores.settings.engagement, {table: stores.lake.version(table) for table in SOURCES}
    lake, (built_at, built_from) = stores.lake.at(versions), stores.features_built()
    return History(
        posts=scoring_rows(stores.features, lake, model.service, as_of=as_of, window=period),
        outcomes=target_versions(lake, model.target, engagement.count, engagement.horizon, as_of),
        origin=Origin(period, as_of, versions, built_at or as_of, built_from),
    )


def training_period(stores: Stores, as_of: datetime) -> Window:
    return Window(as_of - timedelta(days=stores.settings.training.history_days), as_of)


def _within(times: Series, window: Window) -> Series:
    return (times >= Timestamp(window.start)) & (times < Timestamp(window.end))
