"""One heavy-tailed count grows by three tenths, at five thousand posts a day."""

from benchmarks.incidents.scenario import Scenario
from simulator.columns import Columns
from simulator.columns_moves import CountFactor

ONSET = 80  # a Thursday

SCENARIO = Scenario(
    name="more_counts",
    why="Stock detectors find less the more rows they have: it must be seen, and nothing is to be done.",
    group="power",
    world=Columns(posts_per_day=5000, day_effect_sd=0.0),
    right=("none",),
    incidents=(CountFactor(ONSET, factor=1.3, column="c05_posts_7d"),),
    onset=ONSET,
    found_within=7,
    windows=35,
)
