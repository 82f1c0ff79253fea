"""The important count comes empty for three days."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_breaks import NullColumn

ONSET = 84  # a Monday

SCENARIO = Scenario(
    name="null_column",
    why="A model trained on it would learn to do without its best column.",
    group="broken",
    world=Columns(target="label"),
    right=("quarantine",),
    incidents=(NullColumn(ONSET),),
    onset=ONSET,
    within=2,
)
