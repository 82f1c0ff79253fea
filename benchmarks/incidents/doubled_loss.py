"""The loss doubles, and nothing that could be learned would lower it."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_moves import Noisier

ONSET = 86  # a Wednesday

SCENARIO = Scenario(
    name="doubled_loss",
    why="It must be seen, and since no training gains anything, nothing is to be done.",
    group="power",
    world=Columns(),
    right=("none",),
    incidents=(Noisier(ONSET, factor=2.0),),
    onset=ONSET,
    found_within=3,
    mature=True,
)
