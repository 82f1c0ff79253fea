"""What an incident is: a kind, a first day, and what it does to the days that it is active on."""

import math
from dataclasses import dataclass, fields
from datetime import date
from typing import ClassVar

from simulator.day import Conditions, Day
from simulator.world import World
from trimtab.errors import SettingsError

KINDS: dict[str, type["Incident"]] = {}


@dataclass(frozen=True)
class Incident:
    """It changes the conditions that a day is drawn under, or the day after it was drawn.

    It draws no random numbers of its own, so the days before it are what they would have been without it.
    """

    at: date
    days: float = math.inf
    kind: ClassVar[str] = ""

    def __init_subclass__(cls, kind: str) -> None:
        cls.kind = kind
        KINDS[kind] = cls

    def __post_init__(self) -> None:
        self.require("days", self.days >= 1, "1 or more")

    def __str__(self) -> str:
        """The spec that `parse` reads."""
        options = [
            f"{name}={getattr(self, name)}" for name, usual in self.defaults().items() if getattr(self, name) != usual
        ]
        return f"{self.kind}@{self.at}" + (":" + ",".join(options) if options else "")

    @classmethod
    def defaults(cls) -> dict[str, float | int | str]:
        """Every option and its usual value."""
        return {field.name: field.default for field in fields(cls) if field.name != "at"}  # type: ignore[misc]

    def require(self, name: str, good: bool, wanted: str) -> None:
        """Refuse an option's value."""
        if not good:
            raise SettingsError(f"{self.kind}: {name} is {getattr(self, name)!r}; give {wanted}.")

    def active(self, day: date) -> bool:
        return 0 <= (day - self.at).days < self.days

    def check(self, world: World) -> None:
        """Refuse what cannot happen in this world."""
        if self.at < world.start:
            raise SettingsError(f"{self} begins before the world does, on {world.start}; give a later date.")

    def conditions(self, now: Conditions, day: date) -> Conditions:
        """The conditions that posts of an active day are drawn under, given those so far."""
        return now

    def report(self, day: Day) -> Day:
        """What becomes known on an active day, given what would have."""
        return day
