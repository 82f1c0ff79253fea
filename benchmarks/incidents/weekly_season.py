"""A week and a day twice as pronounced as usual."""

from benchmarks.incidents.scenario import QUIET_WINDOWS, Scenario
from simulator.columns import Columns

SCENARIO = Scenario(
    name="weekly_season",
    why="A weekend is no drift: it was there last week.",
    group="quiet",
    world=Columns(wave=1.2, weekend=0.7),
    right=("none",),
    windows=QUIET_WINDOWS,
)
