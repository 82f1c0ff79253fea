"""Every post earns a third more, the order of posts stays."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_moves import LevelShift

ONSET = 88  # a Friday

SCENARIO = Scenario(
    name="calibration_only",
    why="The level alone is off: refitting a line mends all of it, and the weights are as good as new ones.",
    group="moved",
    world=Columns(),
    right=("recalibrate",),
    incidents=(LevelShift(ONSET),),
    onset=ONSET,
    within=7,
    mature=True,
)
