"""The labels of a week come six days late."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_breaks import LateLabels

ONSET = 84  # a Monday

SCENARIO = Scenario(
    name="late_labels",
    why="Without labels nothing is known to be worse, and when they come nothing is.",
    group="passing",
    world=Columns(target="label"),
    right=("none",),
    incidents=(LateLabels(ONSET),),
    onset=ONSET,
)
