"""Incidents where the data breaks: the world is what it was, and what is known of it is not."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import pandas as pd

from simulator.day import Conditions, Day
from simulator.incidents.base import Incident
from simulator.world import World
from trimtab.errors import SettingsError, hint
from trimtab.posts import COUNTS, MEDIA

EMPTIABLE = ("topic", "author", "text", "link_domain", *MEDIA, *COUNTS, "label")


@dataclass(frozen=True)
class Outage(Incident, kind="outage"):
    """Traffic falls to nearly nothing; what would have been measured or labelled in those hours is lost.

    Either `hours` or, when that is 0, whole `days`.
    """

    days: float = 1.0
    hours: float = 0.0
    from_hour: int = 0
    left: float = 0.01  # share of traffic

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("hours", 0 <= self.hours <= 24 * 365, "0 to 8760")
        self.require("from_hour", 0 <= self.from_hour <= 23, "an hour from 0 to 23")
        self.require("left", 0 <= self.left < 1, "the share of traffic that is left, from 0 to below 1")

    @property
    def start(self) -> datetime:
        return datetime.combine(self.at, time(self.from_hour), UTC)

    @property
    def end(self) -> datetime:
        return self.start + (timedelta(hours=self.hours) if self.hours else timedelta(days=self.days))

    def active(self, day: date) -> bool:
        return self.at <= day <= self.end.date()

    def conditions(self, now: Conditions, day: date) -> Conditions:
        moments = [datetime.combine(day, time(hour), UTC) for hour in range(24)]
        left = [self.left if self.start <= moment < self.end else 1.0 for moment in moments]
        return replace(now, hours=tuple(a * b for a, b in zip(now.hours, left, strict=True)))

    def report(self, day: Day) -> Day:
        measured, labelled = day.snapshots["measured_at"], day.labels["labelled_at"]
        return replace(
            day,
            snapshots=day.snapshots[(measured < self.start) | (measured >= self.end)],
            labels=day.labels[(labelled < self.start) | (labelled >= self.end)],
        )


@dataclass(frozen=True)
class UnitChange(Incident, kind="unit_change"):
    """Counts come in another unit, from one platform or from all."""

    days: float = 2.0
    factor: int = 1000
    platform: str = "all"
    count: str = "all"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("factor", 2 <= self.factor <= 1_000_000, "a whole number from 2 to 1000000")
        self.require("count", self.count in ("all", *COUNTS), f"all or one of {', '.join(COUNTS)}")

    def check(self, world: World) -> None:
        super().check(world)
        if self.platform not in ("all", *world.platforms):
            raise SettingsError(
                f"{self.kind}: platform '{self.platform}' is not in this world.{hint(self.platform, world.platforms)} "
                f"Give all or one of {', '.join(world.platforms)}."
            )

    def report(self, day: Day) -> Day:
        snapshots = day.snapshots.copy()
        hit = (snapshots["platform"] == self.platform) | (self.platform == "all")
        for count in COUNTS if self.count == "all" else (self.count,):
            snapshots[count] = snapshots[count].where(~hit, snapshots[count] * self.factor)
        return replace(day, snapshots=snapshots)


@dataclass(frozen=True)
class NullColumn(Incident, kind="null_column"):
    """A column of posts, counts or labels comes empty."""

    days: float = 2.0
    column: str = "author"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.column not in EMPTIABLE:
            near = hint(self.column, EMPTIABLE)
            raise SettingsError(f"{self.kind}: no column '{self.column}'.{near} Known: {', '.join(EMPTIABLE)}.")

    def report(self, day: Day) -> Day:
        if self.column == "label":
            return replace(day, labels=day.labels.assign(label=None))
        if self.column in COUNTS:
            empty = pd.array([pd.NA] * len(day.snapshots), dtype="Int64")
            return replace(day, snapshots=day.snapshots.assign(**{self.column: empty}))
        return replace(day, posts=day.posts.assign(**{self.column: None}))
