"""The important count really doubles, and what it means stays."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_moves import CountFactor

ONSET = 86  # a Wednesday

SCENARIO = Scenario(
    name="doubled_column",
    why="It must be seen, and since the model follows it, nothing is to be done.",
    group="power",
    world=Columns(),
    right=("none",),
    incidents=(CountFactor(ONSET, factor=2.0),),
    onset=ONSET,
    found_within=3,
)
