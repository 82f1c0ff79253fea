"""The posts of a day become known three days later."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_breaks import LateData

ONSET = 88  # a Friday

SCENARIO = Scenario(
    name="late_data",
    why="An empty day and then a double one are a delay, and no other audience.",
    group="passing",
    world=Columns(),
    right=("none",),
    incidents=(LateData(ONSET),),
    onset=ONSET,
    allowed=("quarantine",),
)
