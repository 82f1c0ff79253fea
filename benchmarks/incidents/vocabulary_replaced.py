"""Seven of ten posts use words never seen before."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_moves import VocabularyReplaced

ONSET = 86  # a Wednesday

SCENARIO = Scenario(
    name="vocabulary_replaced",
    why="The words carried a good part of what could be known, and the new ones have to be learned.",
    group="moved",
    world=Columns(),
    right=("retrain",),
    incidents=(VocabularyReplaced(ONSET),),
    onset=ONSET,
    within=7,
    mature=True,
)
