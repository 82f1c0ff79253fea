"""What posts earn: heavy-tailed counts around a mean that can be learnt, growing to the horizon."""

from dataclasses import astuple, dataclass

import numpy as np
from pandas import DataFrame

from simulator.day import Conditions
from simulator.draws import Floats, Ints, generator, normal, uniform, wander
from simulator.population import interest, reach
from simulator.world import World
from trimtab.posts import COUNTS

HORIZON_HOURS = 48.0
AGES_HOURS = (1.0, 6.0, 24.0, HORIZON_HOURS)  # when a post is measured, each up to ten minutes late
# Log mean of an average post, and the spread that each count has of its own; a shared spread comes on top.
BASE = {"likes": 3.0, "shares": 1.2, "comments": 2.0, "views": 6.5}
OWN_SD = {"likes": 0.3, "shares": 0.5, "comments": 0.4, "views": 0.3}
SHARED_SD = 0.55
VIRAL_SHARE, VIRAL_BOOST = 0.01, 2.0  # one post in a hundred takes off for no reason
HALF_LIFE_HOURS = (3.0, 6.0, 10.0)  # how fast platforms are, in turn


@dataclass(frozen=True)
class Weights:
    """What earns engagement: added to the log of every count."""

    image: float
    video: float
    link: float
    question: float
    length: float  # per e-fold of clauses
    emoji: float
    hashtag: float  # each
    caps: float
    negative: float
    positive: float
    weekend: float
    hour: float  # height of the daily wave, at its top at the platform's hour
    platform: float  # about the distance from the quietest platform to the loudest
    every: float  # evens out what a post earns on average


FIRST = Weights(0.5, 1.0, -0.6, 0.6, 0.4, 0.2, -0.1, -0.4, 0.4, 0.1, 0.2, 0.4, 1.0, 0.0)
SECOND = Weights(-0.4, -0.4, 1.1, -0.4, -0.4, -0.1, 0.3, 0.4, -0.2, 0.4, -0.2, -0.4, -1.0, 0.4)


def expected(world: World, day: int, now: Conditions, posts: DataFrame) -> DataFrame:
    """The log of each count's mean at the horizon, before the luck of the single post; one row a post."""
    effect = world.day_effect_sd * generator(world.seed, day, "day effect").standard_normal()
    earned = _earned(world, day, posts, FIRST, 0)
    if now.concept:
        earned = (1 - now.concept) * earned + now.concept * _earned(world, day, posts, SECOND, 1)
    common = earned + effect + now.level
    return DataFrame({count: BASE[count] + common for count in COUNTS}, index=posts.index)


def snapshots(world: World, day: int, posts: DataFrame, log_mean: DataFrame) -> DataFrame:
    """Columns row (of the post), second (after the day's midnight) and the counts; four rows a post."""
    size, rng = len(posts), generator(world.seed, day, "counts")
    luck = SHARED_SD * rng.standard_normal(size) + VIRAL_BOOST * (rng.random(size) < VIRAL_SHARE)
    final = {}
    for count in COUNTS:
        own = OWN_SD[count] * rng.standard_normal(size)
        final[count] = rng.poisson(np.exp(np.minimum(log_mean[count].to_numpy() + luck + own, 20)))
    share = _shares(posts["platform"].to_numpy())
    late = rng.integers(0, 600, (len(AGES_HOURS), size))
    measured = [posts["second"].to_numpy() + int(age * 3600) + late[n] for n, age in enumerate(AGES_HOURS)]
    grown = {count: _grow(rng, final[count], share).ravel() for count in COUNTS}
    row = np.tile(np.arange(size), len(AGES_HOURS))
    return DataFrame({"row": row, "second": np.concatenate(measured), **grown})


def _earned(world: World, day: int, posts: DataFrame, weights: Weights, concept: int) -> Floats:
    """What author, topic, platform, hour and content earn under one concept."""
    seed, platform = world.seed, posts["platform"].to_numpy()
    author, topic = posts["author"].to_numpy(), posts["topic"].to_numpy()
    appeal = 0.4 * normal(seed, f"appeal {concept}", topic) + 0.25 * wander(seed, "appeal", topic, day, 15)
    momentum = 0.8 * (interest(world, posts["topic_slot"].to_numpy(), day) - 0.5)
    domain = np.where(posts["has_link"], 0.3 * normal(seed, f"domain {concept}", posts["domain"].to_numpy()), 0)
    who = reach(world, author, day, concept) + appeal + momentum + domain
    return who + _where_and_when(world, day, platform, posts["second"].to_numpy(), weights) + _content(posts, weights)


def _where_and_when(world: World, day: int, platform: Ints, second: Ints, weights: Weights) -> Floats:
    rank = np.argsort(np.argsort(uniform(world.seed, "platform level", np.arange(len(world.platforms)))))
    level = weights.platform * ((rank + 0.5) / len(world.platforms) - 0.5)
    top_hour = 12 + 8 * uniform(world.seed, "top hour", platform)
    wave = weights.hour * np.cos(2 * np.pi * (second / 3600 - top_hour) / 24)
    weekend = weights.weekend * (world.date_of(day).weekday() >= 5)
    return level[platform] + wave + weekend + weights.every


def _content(posts: DataFrame, weights: Weights) -> Floats:
    feeling = posts["feeling"]
    parts = [
        posts["has_image"], posts["has_video"], posts["has_link"], posts["question"], np.log1p(posts["clauses"]) - 0.8,
        posts["emoji"], posts["tags"], posts["caps"], feeling < 0, feeling > 0,
    ]  # fmt: skip
    matrix = np.column_stack([np.asarray(part, dtype=float) for part in parts])
    return np.asarray(matrix @ np.array(astuple(weights)[: len(parts)]), dtype=float)


def _shares(platform: Ints) -> Floats:
    """Share of the final count that is there at each age: 1 - 2^-(age / half life), reaching 1 at the horizon."""
    half_life = np.array(HALF_LIFE_HOURS)[platform % len(HALF_LIFE_HOURS)]
    grown = 1 - 2.0 ** (-np.array(AGES_HOURS)[:, None] / half_life)
    return np.asarray(grown / grown[-1], dtype=float)


def _grow(rng: np.random.Generator, final: Ints, share: Floats) -> Ints:
    """Counts at each age by thinning the final count backwards, so that they never fall."""
    steps = [final]
    for age in range(len(share) - 2, -1, -1):
        steps.append(rng.binomial(steps[-1], share[age] / share[age + 1]))
    return np.stack(steps[::-1])
