"""Twice as many posts are negative, and each is as before."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_moves import LabelShift

ONSET = 89  # a Saturday

SCENARIO = Scenario(
    name="label_shift",
    why="Only the odds of the labels moved: a shift of the scores mends it, from a few days of labels.",
    group="moved",
    world=Columns(target="label"),
    right=("recalibrate",),
    incidents=(LabelShift(ONSET),),
    onset=ONSET,
    within=7,
    mature=True,
)
