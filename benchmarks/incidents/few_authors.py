"""Five authors copy themselves until three of five posts are theirs, for three days."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_moves import Flood

ONSET = 87  # a Thursday

SCENARIO = Scenario(
    name="few_authors",
    why="A model trained on it would learn five people, and what copies earn.",
    group="broken",
    world=Columns(),
    right=("quarantine",),
    incidents=(Flood(ONSET),),
    onset=ONSET,
    within=3,
)
