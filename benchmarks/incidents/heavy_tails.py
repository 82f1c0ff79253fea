"""Counts whose largest outweighs all others."""

from benchmarks.incidents.scenario import QUIET_WINDOWS, Scenario
from simulator.columns import Columns

SCENARIO = Scenario(
    name="heavy_tails",
    why="The mean of such counts jumps every day, and means nothing.",
    group="quiet",
    world=Columns(sigma=3.0),
    right=("none",),
    windows=QUIET_WINDOWS,
)
