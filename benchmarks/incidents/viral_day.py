"""One day of four times the posts and five times the counts."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_moves import ViralDay

ONSET = 85  # a Tuesday

SCENARIO = Scenario(
    name="viral_day",
    why="A burst is over before a model trained on it serves, and what it teaches is wrong.",
    group="passing",
    world=Columns(),
    right=("none",),
    incidents=(ViralDay(ONSET),),
    onset=ONSET,
)
