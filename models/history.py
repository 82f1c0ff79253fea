"""Posts of a period with the features they were scored on and every version of their outcome.

One History serves a whole replay as well as one production run: each feature row is point-in-time and
as-known-at already, so the only thing that still depends on the moment is which outcomes are known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pandas import DataFrame, Series, Timestamp

from models.frames import scoring_rows
from models.spec import Model
from models.stores import Stores
from trimtab.labels import target_versions
from trimtab.windows import Window


@dataclass(frozen=True)
class History:
    """`posts`: one row a post, sorted by event_timestamp. `outcomes`: post_id, target, label_known_at, oldest first."""

    posts: DataFrame
    outcomes: DataFrame

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
        return History(posts, outcomes)


def load_history(stores: Stores, model: Model, period: Window, as_of: datetime) -> History:
    """Rows scored in `period`, with outcomes known by `as_of`. Features must have been refreshed for it."""
    engagement = stores.settings.engagement
    return History(
        posts=scoring_rows(stores.features, stores.lake, model.service, as_of=as_of, window=period),
        outcomes=target_versions(stores.lake, model.target, engagement.count, engagement.horizon, as_of),
    )


def training_period(stores: Stores, as_of: datetime) -> Window:
    return Window(as_of - timedelta(days=stores.settings.training.history_days), as_of)


def _within(times: Series, window: Window) -> Series:
    return (times >= Timestamp(window.start)) & (times < Timestamp(window.end))
