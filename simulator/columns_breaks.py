"""Incidents in a world of columns where the data breaks: the world is what it was, what is known of it is not."""

from dataclasses import dataclass, replace

import numpy as np
from pandas import Series, Timedelta

from simulator.columns_draw import ColumnIncident, Drawn
from simulator.columns_plan import Plan


@dataclass(frozen=True)
class Outage(ColumnIncident):
    """In some hours of its days hardly a post comes in, and the labels due in them are lost."""

    days: float = 2
    from_hour: int = 6
    hours: int = 16  # of each day
    left: float = 0.01  # share of the posts of these hours that come in all the same

    def conditions(self, plan: Plan) -> None:
        plan.rate[self.on(plan), self.from_hour : self.from_hour + self.hours] *= self.left

    def report(self, drawn: Drawn) -> Drawn:
        since = drawn.outcomes["label_known_at"] - drawn.world.moment(self.at)
        hour = since.dt.seconds // 3600
        down = (since.dt.days >= 0) & (since.dt.days < self.days)
        down &= (hour >= self.from_hour) & (hour < self.from_hour + self.hours)
        return replace(drawn, outcomes=drawn.outcomes[~down].reset_index(drop=True))


@dataclass(frozen=True)
class UnitChange(ColumnIncident):
    """One column comes in another unit."""

    days: float = 2
    factor: float = 1000.0
    column: str = ""  # the important one unless named

    def report(self, drawn: Drawn) -> Drawn:
        name = self.column or drawn.world.important
        return _column(drawn, name, drawn.posts[name].where(~self.hit(drawn), drawn.posts[name] * self.factor))


@dataclass(frozen=True)
class NullColumn(ColumnIncident):
    """One numeric column comes empty."""

    days: float = 3
    column: str = ""  # the important one unless named

    def report(self, drawn: Drawn) -> Drawn:
        name = self.column or drawn.world.important
        return _column(drawn, name, drawn.posts[name].where(~self.hit(drawn), np.nan))


@dataclass(frozen=True)
class LateData(ColumnIncident):
    """Posts become known days after they were published, and what became of them no sooner than an hour later."""

    days: float = 1
    late_days: float = 3

    def report(self, drawn: Drawn) -> Drawn:
        late, delay = self.hit(drawn), Timedelta(days=self.late_days)
        event = drawn.posts["event_timestamp"].where(~late, drawn.posts["published_at"] + delay)
        posts = drawn.posts.assign(event_timestamp=event).sort_values("event_timestamp", kind="stable")
        return _known_later(
            replace(drawn, posts=posts.reset_index(drop=True)),
            drawn.posts["post_id"][late],
            event[late] + Timedelta(hours=1),
        )


@dataclass(frozen=True)
class LateLabels(ColumnIncident):
    """The labels of the posts of its days come days later than usual."""

    days: float = 7
    late_days: float = 6

    def report(self, drawn: Drawn) -> Drawn:
        late, usual = self.hit(drawn), Timedelta(hours=drawn.world.label_delay_hours)
        known = drawn.posts["published_at"][late] + usual + Timedelta(days=self.late_days)
        return _known_later(drawn, drawn.posts["post_id"][late], known)


def _column(drawn: Drawn, name: str, values: Series) -> Drawn:
    return replace(drawn, posts=drawn.posts.assign(**{name: values}))


def _known_later(drawn: Drawn, post_id: Series, moment: Series) -> Drawn:
    """The outcomes of some posts become known at a moment each, unless they were later anyway."""
    later = drawn.outcomes["post_id"].map(Series(moment.to_numpy(), post_id.to_numpy()))
    usual = drawn.outcomes["label_known_at"]
    known = usual.where(later.isna() | (later <= usual), later)
    outcomes = drawn.outcomes.assign(label_known_at=known).sort_values("label_known_at", kind="stable")
    return replace(drawn, outcomes=outcomes.reset_index(drop=True))
