"""The important count comes in thousandths for two days."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_breaks import UnitChange

ONSET = 88  # a Friday

SCENARIO = Scenario(
    name="unit_change",
    why="A model trained on it would learn that counts a thousand times as large mean nothing.",
    group="broken",
    world=Columns(),
    right=("quarantine",),
    incidents=(UnitChange(ONSET),),
    onset=ONSET,
    within=2,
)
