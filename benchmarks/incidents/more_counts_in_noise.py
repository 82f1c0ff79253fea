"""The same growth by three tenths where each column wobbles by half as much from day to day anyway."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_moves import CountFactor

ONSET = 80  # a Thursday

SCENARIO = Scenario(
    name="more_counts_in_noise",
    why="Less than two deviations of a day: the hardest move of the suite, and nothing is to be done.",
    group="power",
    world=Columns(posts_per_day=5000, day_effect_sd=0.15),
    right=("none",),
    incidents=(CountFactor(ONSET, factor=1.3, column="c05_posts_7d"),),
    onset=ONSET,
    found_within=7,
    windows=35,
)
