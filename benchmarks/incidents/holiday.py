"""Two days of fewer posts, by other people in other places."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_moves import Holiday

ONSET = 91  # a Monday

SCENARIO = Scenario(
    name="holiday",
    why="It is over in two days, and the model is as good as before.",
    group="passing",
    world=Columns(),
    right=("none",),
    incidents=(Holiday(ONSET),),
    onset=ONSET,
)
