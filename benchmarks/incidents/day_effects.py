"""Levels that wobble from day to day, target included, and stay off for days."""

from benchmarks.incidents.scenario import QUIET_WINDOWS, Scenario
from simulator.columns import Columns

SCENARIO = Scenario(
    name="day_effects",
    why="Days differ more than posts do; whoever counts posts alone takes every day for another world.",
    group="quiet",
    world=Columns(target_day_sd=0.15, volume_sd=0.3, rho=0.4),
    right=("none",),
    windows=QUIET_WINDOWS,
)
