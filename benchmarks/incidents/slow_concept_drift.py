"""What earns engagement changes over thirty days."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_moves import ConceptDrift

ONSET = 84  # a Monday

SCENARIO = Scenario(
    name="slow_concept_drift",
    why="What was learned loses a fifth, a little more each day, and only learning anew brings it back.",
    group="moved",
    world=Columns(),
    right=("retrain",),
    incidents=(ConceptDrift(ONSET, rise=0.2, ramp_days=30),),
    onset=ONSET,
    within=37,
    mature=True,
)
