"""The daily numbers of one version's world: what every window of it is judged from.

A day's numbers rest on that day's rows and on the reference alone, so they are worked out once a version and cut off
at the end of each window; a backtest pays for a version, not for every window that it served.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
from pandas import DataFrame, Series, Timestamp
from pandas.api.types import is_numeric_dtype

from models.gain import Predicts
from models.history import History
from models.intervals import Interval
from models.spec import Model
from monitoring.calibration import calibration_errors
from monitoring.estimator import raw_losses
from monitoring.measures import Kind
from monitoring.reference import DAY, Reference, feature_kinds
from monitoring.scored_once import ScoredOnce
from monitoring.shares import daily_distance, daily_level
from monitoring.spaces import Space, fit_space
from monitoring.streams import Days, Group, Side, Stream
from monitoring.usual import QualityReference, microseconds, prepare_quality
from trimtab.settings import Settings
from trimtab.windows import Window

MICROSECONDS_A_DAY = 86_400_000_000
SLICE_SHARE = (0.05, 0.95)  # of the rows: a smaller slice says nothing, a larger one nothing new
MOST_SLICES = 8
VOLUME_DAYS = 28  # that say how many posts a day are to come


@dataclass
class DayBook:
    """The numbers of one version over the days of `history`, first day first; `blocked` windows are left out."""

    model: Model
    history: History
    version: Predicts
    reference: Reference
    settings: Settings
    blocked: tuple[Window, ...] = ()
    spaces: dict[str, Space] = field(default_factory=dict)  # of the features; these three are filled by `streams`
    counts: dict[str, np.ndarray] = field(default_factory=dict)  # of each feature (days, cells of its space)
    usual: dict[int, Interval | None] = field(default_factory=dict)  # loss of its own days, by their end
    rows_of: dict[tuple[str, str, str], np.ndarray] = field(default_factory=dict)  # behind each level (days,)
    others: dict[str, ScoredOnce] = field(default_factory=dict)  # versions that this one is compared with, by name

    @cached_property
    def posts(self) -> DataFrame:
        posts = self.fit_history.posts
        return posts[(posts["event_timestamp"] >= Timestamp(self.reference.start)).to_numpy()].reset_index(drop=True)

    @cached_property
    def fit_history(self) -> History:
        """But for what came in while the data was broken."""
        return self.history.without(self.blocked)

    @cached_property
    def predictions(self) -> DataFrame:
        """Of `posts`, in their order."""
        return self.version.predict(self.posts)

    @cached_property
    def matured(self) -> DataFrame:
        """Every outcome as it became known, with its post and `at`, the position of the post in `posts`."""
        outcomes = self.fit_history.outcomes
        since = outcomes["label_known_at"] >= Timestamp(self.reference.start)
        posts = self.posts.assign(at=np.arange(len(self.posts)))
        rows = posts.merge(outcomes[since], on="post_id", how="inner")
        return rows[rows["label_known_at"] > rows["event_timestamp"]].reset_index(drop=True)

    @cached_property
    def losses(self) -> np.ndarray:
        """One a row of `matured`."""
        return np.asarray(self.model.losses(self.matured, self.said), dtype=float)

    @cached_property
    def said(self) -> DataFrame:
        """What the version said of each row of `matured`."""
        return self.predictions.iloc[self.matured["at"].to_numpy()].set_axis(self.matured.index)

    @cached_property
    def streams(self) -> tuple[Stream, ...]:
        return (*self._features(), *self._outputs(), *self._performance())

    def until(self, end: datetime) -> tuple[tuple[Stream, ...], Days]:
        """The streams and days up to `end`, which lies a whole number of days after the reference began.

        Days after the last row have no numbers: they are days all the same, or others would take their place.
        """
        total = self.day_at(end)
        silent = np.full(max(total - self.total, 0), np.nan)
        cut = tuple(
            replace(s, values=np.append(s.values, silent)[:total], noise=np.append(s.noise, silent)[:total])
            for s in self.streams
        )
        first = self.reference.start.weekday()
        return cut, Days((first + np.arange(total)) % 7, self.reference.days)

    @cached_property
    def total(self) -> int:
        """Days from the start of the reference to the last row."""
        last = [rows[name].max() for rows, name in ((self.posts, "event_timestamp"), (self.matured, "label_known_at"))]
        ends = [moment for moment in last if moment == moment]
        span = (max(ends).to_pydatetime() - self.reference.start) // DAY + 1 if ends else 0
        return max(int(span), self.reference.days)

    @cached_property
    def rows_a_day(self) -> np.ndarray:
        return np.bincount(self.post_day, minlength=self.total)[: self.total]

    def posts_per_day(self, end: datetime) -> float:
        """Over the newest days before `end` that had any: the coming weeks are like them, not like the reference."""
        last = max(self.day_at(end), 0)
        seen = self.rows_a_day[max(last - VOLUME_DAYS, 0) : last]
        return float(seen[seen > 0].mean()) if (seen > 0).any() else 0.0

    def label_delay(self, end: datetime) -> timedelta:
        """From a post to its label: the median of those known before `end`."""
        known = self.matured[self.label_day < self.day_at(end)]
        delay = (known["label_known_at"] - known["event_timestamp"]).median()
        return delay.to_pytimedelta() if delay == delay else timedelta(0)

    @cached_property
    def quality(self) -> QualityReference:
        """How the reference days differ, for the rules on broken data."""
        window = self.reference.window()
        known = self.matured["label_known_at"]
        matured = self.matured[(known < Timestamp(window.end)).to_numpy()]
        columns = [name for name in self.model.features if name in self.history.posts]
        names = [name for name, kind in feature_kinds(self.model, self.posts).items() if kind == "category"]
        return prepare_quality(
            self.history.scored_in(window), window, columns, matured=matured, categories=names, blocked=self.blocked
        )

    @property
    def _in_reference(self) -> np.ndarray:
        return np.arange(self.total) < self.reference.days

    def day_of(self, moments: Series) -> np.ndarray:
        """The day of each moment, 0 the first of the reference."""
        start = round(self.reference.start.timestamp() * 1_000_000)
        return (microseconds(moments) - start) // MICROSECONDS_A_DAY

    @cached_property
    def label_day(self) -> np.ndarray:
        """Of each row of `matured`, the day on which its outcome became known."""
        return self.day_of(self.matured["label_known_at"])

    @cached_property
    def post_day(self) -> np.ndarray:
        """Of each row of `posts`, the day on which it was scored."""
        return self.day_of(self.posts["event_timestamp"])

    @cached_property
    def unsure(self) -> np.ndarray:
        """Of each row of `posts`, how unsure the version says it is of it."""
        return raw_losses(self.predictions)

    def day_at(self, moment: datetime) -> int:
        return round((moment - self.reference.start) / DAY)

    def _features(self) -> list[Stream]:
        day = self.post_day
        inside = day < self.reference.days
        before = self.posts[inside]
        found = []
        for name, kind in feature_kinds(self.model, before).items():
            space = fit_space(name, before[name], kind, self.settings.monitoring.min_rows)
            if space is not None:
                self.spaces[name] = space
                found += self._of_column("drift", space, self.posts[name], day, ("feature", "shares"))
        return found

    def _of_column(
        self, kind: Kind, space: Space, column: Series, day: np.ndarray, groups: tuple[Group, Group]
    ) -> list[Stream]:
        """Its level, where it has one, and how far its shares lie from the reference's."""
        found = []
        level = space.level(column)
        if level is not None:
            found.append(self._level(kind, space.name, groups[0], level, day))
        shares = self.counts[space.name] = space.shares(column, day, self.total)
        rows = np.bincount(day, minlength=self.total).astype(float)
        distance = daily_distance(shares, self._in_reference, rows, space.clumping)
        found.append(Stream(kind, space.name, groups[1], distance, np.zeros(self.total), "up", "shares"))
        return found

    def _level(
        self,
        kind: Kind,
        name: str,
        group: Group,
        numbers: np.ndarray,
        day: np.ndarray,
        side: Side = "both",
        part: str = "all",
        own: int = 0,
    ) -> Stream:
        known = np.where(np.isfinite(numbers), numbers, np.nan)
        mean, noise, rows = daily_level(known, day, self.total, self._in_reference)
        self.rows_of[kind, name, part] = rows
        return Stream(kind, name, group, mean, noise, side, part, own)

    def _outputs(self) -> list[Stream]:
        """What the version says, and what the labels say, as levels: a number, or the share of each class."""
        day, matured = self.post_day, self.label_day
        numbers = {name: self.predictions[name] for name in numbers_of(self.predictions)} if len(self.posts) else {}
        said = [self._level("prediction", n, "output", v.to_numpy(float), day) for n, v in numbers.items()]
        target = self.matured["target"]
        if is_numeric_dtype(target):
            return [*said, self._level("label", "target", "output", target.to_numpy(float), matured)]
        shares = {str(c): (target == c).to_numpy(float) for c in sorted(target.dropna().unique())}
        return [*said, *(self._level("label", n, "output", share, matured) for n, share in shares.items())]

    def _performance(self) -> list[Stream]:
        if self.matured.empty:
            return []
        day, own = self.label_day, self.reference.own
        errors = calibration_errors(self.matured["target"], self.said, nominal=self.settings.engagement.interval_share)
        found = [self._level("performance", "loss", "loss", self.losses, day, "up", own=own)]
        for name, error in errors.items():
            found.append(self._level("calibration", str(name), "calibration", error.to_numpy(float), day, own=own))
        for slicing, part, inside in self._slices():
            numbers = np.where(inside, self.losses, np.nan)
            found.append(self._level("performance", slicing, "slice", numbers, day, "up", part, own))
        return found

    def _slices(self) -> list[tuple[str, str, np.ndarray]]:
        """(slicing, slice, rows inside) of the largest slices of the reference days: later rows have no say in them."""
        before, found = self.model.slices(self.matured[self.label_day < self.reference.days]), []
        for slicing, names in self.model.slices(self.matured).astype(str).items():
            shares = before[slicing].astype(str).value_counts(normalize=True)
            if "other" in shares:
                continue  # which slices are common is known only once all rows are
            kept = shares[shares.between(*SLICE_SHARE)].index
            found += [(str(slicing), str(part), (names == part).to_numpy(), float(shares[part])) for part in kept]
        largest = sorted(found, key=lambda part: (-part[3], part[0], part[1]))[:MOST_SLICES]
        return [(slicing, part, inside) for slicing, part, inside, _ in largest]


def numbers_of(predictions: DataFrame) -> list[str]:
    """The columns of predictions that are numbers: the value, or the probability of each class."""
    return [str(name) for name in predictions if name == "value" or str(name).startswith("p_")]
