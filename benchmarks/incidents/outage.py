"""Sixteen hours of each of two days are lost, posts and labels."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_breaks import Outage

ONSET = 86  # a Wednesday

SCENARIO = Scenario(
    name="outage",
    why="What is missing says nothing of the audience; the little that came in is in order.",
    group="passing",
    world=Columns(),
    right=("none",),
    incidents=(Outage(ONSET),),
    onset=ONSET,
    allowed=("quarantine",),
)
