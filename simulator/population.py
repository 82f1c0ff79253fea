"""Who posts what, when and where: authors with habits, topics that come and go, platforms that differ."""

import numpy as np
from pandas import DataFrame

from simulator.day import Conditions
from simulator.draws import Floats, Ints, choose, generator, normal, uniform, wander
from simulator.words import DOMAINS, TOPICS
from simulator.world import World

# Share of a day's posts by hour (UTC): a trough at four in the morning, a peak at eight in the evening.
HOURS = np.array([14, 9, 6, 4, 3, 4, 8, 16, 26, 32, 34, 36, 40, 40, 37, 36, 38, 42, 48, 54, 56, 50, 38, 24], float)
WEEKDAYS = np.array([1.05, 1.08, 1.08, 1.04, 1.0, 0.85, 0.9])  # Monday first
WEEKDAYS_MEAN_ONE = WEEKDAYS / WEEKDAYS.mean()
BUSY = 5  # authors that few_authors_share speaks of
FAVOURITES = 3


def draft(world: World, day: int, now: Conditions) -> DataFrame:
    """The posts of a day before they have words or counts, in order of time; one row a post."""
    rng = generator(world.seed, day, "posts")
    seconds = _moments(world, day, now)
    size = len(seconds)
    slot = _authors(world, now, rng, size)
    author = author_id(world, slot, day)
    topic_slot = _topics(world, day, author, rng, size)
    seed = world.seed
    image_habit, video_habit, link_habit = (
        uniform(seed, f"{kind} habit", author) for kind in ("image", "video", "link")
    )
    has_video = rng.random(size) < 0.3 * video_habit
    has_link = rng.random(size) < 0.5 * link_habit
    return DataFrame(
        {
            "second": seconds,
            "author": author,
            "platform": _platforms(world, author, rng, size),
            "topic_slot": topic_slot,
            "topic": topic_id(world, topic_slot, day),
            "has_video": has_video,
            "has_image": ~has_video & (rng.random(size) < 0.7 * image_habit),
            "has_link": has_link,
            "domain": np.where(has_link, choose(rng, 1 / np.arange(1.0, len(DOMAINS) + 1), size), -1),
            "clauses": np.minimum(rng.poisson(0.5 + 4 * uniform(seed, "length habit", author) ** 2), 10),
            "question": rng.random(size) < 0.05 + 0.3 * uniform(seed, "question habit", author),
            "emoji": rng.random(size) < 0.6 * uniform(seed, "emoji habit", author),
            "tags": rng.binomial(3, 0.5 * uniform(seed, "tag habit", author)),
            "mention": rng.random(size) < 0.1,
            "caps": rng.random(size) < 0.06,
            "feeling": _feelings(world, author, topic_slot, day, now, rng),
        }
    )


def author_id(world: World, slot: Ints, day: int) -> Ints:
    """Who holds an author's place today: people stay about 200 days (log-normal), then another takes it."""
    life = np.maximum(200 * np.exp(0.8 * normal(world.seed, "author life", slot)), 30)
    return slot + world.authors * _generation(life, uniform(world.seed, "author phase", slot), day)


def reach(world: World, author: Ints, day: int, concept: int) -> Floats:
    """Log reach: a person's own level (sd 0.9) and its slow ups and downs (sd 0.3, about a month)."""
    own = 0.9 * normal(world.seed, f"reach {concept}", author)
    return own + 0.3 * wander(world.seed, "reach wander", author, day, 30)


def topic_id(world: World, slot: Ints, day: int) -> Ints:
    """Which topic holds a place today."""
    return slot + world.topics * _generation(_topic_life(world, slot), uniform(world.seed, "topic phase", slot), day)


def topic_names(world: World, topic: Ints) -> list[str]:
    """Names such as gaming, or gaming_2 for the second topic that held the place."""
    names = []
    for slot, life in zip(topic % world.topics, topic // world.topics, strict=True):
        again = life * (1 + world.topics // len(TOPICS)) + slot // len(TOPICS)
        names.append(TOPICS[slot % len(TOPICS)] + (f"_{again + 1}" if again else ""))
    return names


def interest(world: World, slot: Ints, day: int) -> Floats:
    """How alive a topic is, 0 to 1: a fast rise and a slow decay over its life, or a steady hum."""
    age = day / _topic_life(world, slot) + uniform(world.seed, "topic phase", slot)
    bump = np.exp(-(np.log((age % 1 + 1e-9) / 0.2) ** 2) / (2 * 0.8**2))
    hum = np.clip(0.6 + 0.15 * wander(world.seed, "topic hum", slot, day, 20), 0, 1)
    return np.where(_lasting(slot), hum, bump)


def _lasting(slot: Ints) -> np.ndarray:
    return np.asarray(slot) % 3 == 0


def _topic_life(world: World, slot: Ints) -> Floats:
    """Days: 30 to 150 for a topic that ends."""
    return np.where(_lasting(slot), 1e9, 30 + 120 * uniform(world.seed, "topic life", slot))


def _generation(life: Floats, phase: Floats, day: int) -> Ints:
    return np.floor(day / life + phase).astype(np.int64)


def _moments(world: World, day: int, now: Conditions) -> Ints:
    """Seconds after midnight, sorted: a Poisson number of posts in each hour."""
    effect = world.volume_sd * generator(world.seed, day, "volume effect").standard_normal()
    rng = generator(world.seed, day, "moments")
    weekday = WEEKDAYS_MEAN_ONE[world.date_of(day).weekday()]
    rate = world.posts_per_day * weekday * now.volume * np.exp(effect) * HOURS / HOURS.sum() * np.array(now.hours)
    hour = np.repeat(np.arange(24), rng.poisson(rate))
    return np.sort(hour * 3600 + rng.integers(0, 3600, len(hour)))


def _authors(world: World, now: Conditions, rng: np.random.Generator, size: int) -> Ints:
    """Places drawn by a Zipf-like law: the busiest few write much of it."""
    slot = choose(rng, (np.arange(world.authors) + 5.0) ** -0.8, size)
    few = rng.random(size) < now.few_authors_share
    return np.where(few, rng.integers(0, min(BUSY, world.authors), size), slot)


def _topics(world: World, day: int, author: Ints, rng: np.random.Generator, size: int) -> Ints:
    """Three of five posts go to one of the author's three favourites, the others where the interest is."""
    slots = np.arange(world.topics)
    pull = np.exp(0.7 * normal(world.seed, "topic size", slots)) * (0.05 + interest(world, slots, day))
    favourite = uniform(world.seed, "favourite", author, rng.integers(0, FAVOURITES, size)) * world.topics
    return np.where(rng.random(size) < 0.6, favourite.astype(np.int64), choose(rng, pull, size))


def _platforms(world: World, author: Ints, rng: np.random.Generator, size: int) -> Ints:
    """Four of five posts go to the author's home platform."""
    home = (uniform(world.seed, "home platform", author) * len(world.platforms)).astype(np.int64)
    return np.where(rng.random(size) < 0.8, home, rng.integers(0, len(world.platforms), size))


def _feelings(
    world: World, author: Ints, topic_slot: Ints, day: int, now: Conditions, rng: np.random.Generator
) -> Ints:
    """-1, 0 or 1: an author's temper and a topic's mood tilt the odds of negative and positive."""
    tilt = 0.7 * normal(world.seed, "temper", author) + now.mood
    tilt = tilt + 0.5 * wander(world.seed, "topic mood", topic_slot, day, 25)
    bad, good = 0.8 * np.exp(-tilt), np.exp(tilt)
    draw = rng.random(len(author)) * (1 + bad + good)
    return np.where(draw < bad, -1, np.where(draw < bad + good, 1, 0))
