"""What earns engagement changes overnight."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_moves import ConceptDrift

ONSET = 87  # a Thursday

SCENARIO = Scenario(
    name="sudden_concept_drift",
    why="What was learned loses an eighth from one day to the next, and only learning anew brings it back.",
    group="moved",
    world=Columns(),
    right=("retrain",),
    incidents=(ConceptDrift(ONSET, rise=0.12),),
    onset=ONSET,
    within=7,
    mature=True,
)
