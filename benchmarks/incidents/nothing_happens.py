"""A quarter of a year in which nothing happens."""

from benchmarks.incidents.scenario import QUIET_WINDOWS, Scenario
from simulator.columns import Columns

SCENARIO = Scenario(
    name="nothing_happens",
    why="A model that is as good as it can be must be left alone, for every retrain costs and may harm.",
    group="quiet",
    world=Columns(),
    right=("none",),
    windows=QUIET_WINDOWS,
)
