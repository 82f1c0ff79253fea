"""A hundred columns, of which some look odd on any day."""

from benchmarks.incidents.scenario import QUIET_WINDOWS, Scenario
from simulator.columns import Columns

SCENARIO = Scenario(
    name="many_columns",
    why="Whoever tests each column as if it were alone finds something every day.",
    group="quiet",
    world=Columns(columns=100),
    right=("none",),
    windows=QUIET_WINDOWS,
)
