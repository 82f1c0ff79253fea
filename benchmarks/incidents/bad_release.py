"""A version a tenth worse than the one before it goes out."""

from benchmarks.incidents.scenario import Release, Scenario
from simulator.columns import Columns

ONSET = 85  # a Tuesday

SCENARIO = Scenario(
    name="bad_release",
    why="The world is as it was, and a good version is at hand.",
    group="release",
    world=Columns(),
    right=("rollback",),
    onset=ONSET,
    within=7,
    mature=True,
    release=Release(ONSET),
)
