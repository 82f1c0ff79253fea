"""What a scenario is: a world, what happens in it, and which action is right when it has."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib import import_module
from pkgutil import iter_modules
from typing import Literal

import benchmarks.incidents
from benchmarks.incidents.model import model_for
from models.spec import Model
from simulator.columns import Columns
from simulator.columns_draw import ColumnIncident, Drawn, draw

Action = Literal["none", "quarantine", "recalibrate", "retrain", "rollback"]
START_DAY = 63  # of the world, on which the first champion is trained: 8 weeks are before it and a week before those
WINDOWS = 60  # of a day each, after it
QUIET_WINDOWS = 90
TAIL_DAYS = 3  # so that the posts of the last window get their outcomes


@dataclass(frozen=True)
class Release:
    """A version that goes out on a day though it is worse: `benchmarks.incidents.recalibrating.damaged` makes it."""

    day: int
    worse: float = 0.10  # mean loss over that of a good version, relative
    kind: Literal["weights"] = "weights"  # what is damaged


@dataclass(frozen=True)
class Scenario:
    """One entry of the suite; days are numbered from the world's first, windows are days."""

    name: str
    why: str
    group: Literal["quiet", "passing", "broken", "moved", "release", "power"]
    world: Columns  # of any seed
    right: tuple[Action, ...]
    incidents: tuple[ColumnIncident, ...] = ()
    onset: int | None = None  # day
    within: int = 0  # windows after the onset, or after its labels matured, in which the right action must come
    allowed: tuple[Action, ...] = ()  # harmless besides
    mature: bool = False  # whether the delay counts from the first labels of the onset
    found_within: int = 0  # windows in which an alarm must come, whatever is done about it; 0 asks for none
    release: Release | None = None
    windows: int = WINDOWS
    start_day: int = START_DAY

    def draw(self, seed: int) -> Drawn:
        """The posts and outcomes of one run."""
        return draw(self.world_of(seed), self.incidents)

    def world_of(self, seed: int) -> Columns:
        return replace(self.world, seed=seed, days=self.start_day + self.windows + TAIL_DAYS)

    @property
    def model(self) -> Model:
        """LINEAR where the world counts, CLASSES where it labels, over the columns of the world."""
        return model_for(self.world)

    @property
    def start(self) -> datetime:
        """When the first champion is trained; its first window begins."""
        return self.world.moment(self.start_day)

    @property
    def end(self) -> datetime:
        """The end of the last window."""
        return self.world.moment(self.start_day + self.windows)

    @property
    def onset_at(self) -> datetime | None:
        return None if self.onset is None else self.world.moment(self.onset)

    @property
    def counted_from(self) -> datetime | None:
        """When the delay begins to count."""
        wait = timedelta(hours=self.world.label_delay_hours if self.mature else 0)
        return None if self.onset is None else self.world.moment(self.onset) + wait

    @property
    def deadline(self) -> datetime | None:
        """The end of the last window in which the right action, or where one is asked for the alarm, is in time."""
        allowed = timedelta(days=self.within or self.found_within)
        return self.counted_from + allowed if self.counted_from and allowed else None


def scenarios() -> dict[str, Scenario]:
    """Every module of the package that has a SCENARIO, by name in order of the alphabet."""
    names = [info.name for info in iter_modules(benchmarks.incidents.__path__) if not info.name.startswith("_")]
    modules = [import_module(f"{benchmarks.incidents.__name__}.{name}") for name in sorted(names)]
    found = [module.SCENARIO for module in modules if hasattr(module, "SCENARIO")]
    return {scenario.name: scenario for scenario in found}
