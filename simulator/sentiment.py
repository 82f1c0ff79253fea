"""Labels: some posts get one, hours or days late, from people who are sometimes wrong."""

import numpy as np
from pandas import DataFrame

from simulator.day import Conditions
from simulator.draws import generator
from simulator.world import World
from trimtab.posts import SENTIMENTS

LABELLERS = 5
DELAY_MEDIAN_HOURS, DELAY_SPREAD = 18.0, 1.0  # log-normal
DELAY_LIMITS_HOURS = (1.0, 14 * 24.0)


def labels(world: World, day: int, now: Conditions, posts: DataFrame) -> DataFrame:
    """Columns row (of the post), second (after the day's midnight), label and labeller."""
    size, rng = len(posts), generator(world.seed, day, "labels")
    chosen = np.flatnonzero(rng.random(size) < world.label_share * now.label_share)
    hours = DELAY_MEDIAN_HOURS * np.exp(DELAY_SPREAD * rng.standard_normal(size)) * now.label_delay
    feeling = posts["feeling"].to_numpy()
    # A slip goes to the neighbour: from either end to neutral, from neutral to either end.
    neighbour = np.where(feeling == 0, rng.choice([-1, 1], size), 0)
    said = np.where(rng.random(size) < world.label_noise, neighbour, feeling)
    late = (np.clip(hours, *DELAY_LIMITS_HOURS) * 3600).astype(np.int64)
    labeller = np.array([f"labeller_{n + 1}" for n in range(LABELLERS)], dtype=object)
    frame = {
        "second": posts["second"].to_numpy() + late,
        "label": np.array(SENTIMENTS, dtype=object)[said + 1],
        "labeller": labeller[rng.integers(0, LABELLERS, size)],
    }
    return DataFrame({"row": np.arange(size), **frame}).iloc[chosen]
