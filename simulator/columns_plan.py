"""The conditions of each day of a world of columns: what incidents change before anything is drawn."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from simulator.columns import PLATFORMS, TOPICS, Columns, Law
from simulator.draws import Floats, generator
from simulator.population import HOURS, WEEKDAYS_MEAN_ONE

EFFECTS = ("volume", "target", "noise")  # day effects besides those of columns and categories


@dataclass
class Plan:
    """One row a day. Incidents write into the rows of their own days."""

    world: Columns
    law: Law
    rate: Floats  # (days, 24) posts expected in each hour
    level: Floats  # (days, numbers) shift of a column, in the log for counts
    flags: Floats  # (days, flags) log-odds
    topics: Floats  # (days, topics) log of the share, up to a constant
    platforms: Floats  # (days, platforms) likewise
    weights: Floats  # (days, outputs, numbers + flags)
    offset: Floats  # (days,) of the target, or of positive over negative
    noise: Floats  # (days,) factor of what cannot be predicted
    odds: Floats  # (days, labels) share of the posts of each label that are kept; the number of posts stays
    new_words: Floats  # (days,) share of posts that use the new vocabulary
    flood: Floats  # (days,) share of posts that five authors write by copying


def quiet_plan(world: Columns, law: Law) -> Plan:
    """The plan of a world in which nothing happens: day effects, the week and the hours."""
    days, numbers, flags = world.days, len(world.numbers), len(world.flags)
    sizes = (len(EFFECTS), numbers, flags, len(TOPICS), len(PLATFORMS))
    effects, *shifts = np.split(day_effects(world, sum(sizes)), np.cumsum(sizes)[:-1], axis=1)
    weekend = world.weekend * np.array([weekday(world, day) >= 5 for day in range(days)])
    level, flag, topic, platform = (world.day_effect_sd * shift for shift in shifts)
    level[:, -2:] = 0  # the derived columns know the word and nothing of the day
    level[:, :-2] += weekend[:, None]
    week = np.array([WEEKDAYS_MEAN_ONE[weekday(world, day)] for day in range(days)])
    volume = world.posts_per_day * week * np.exp(world.volume_sd * effects[:, 0])
    return Plan(
        world=world,
        law=law,
        rate=volume[:, None] * HOURS / HOURS.sum(),
        level=level,
        flags=law.flags + flag,
        topics=-np.log(np.arange(len(TOPICS)) + 2.0) + topic,
        platforms=np.log([0.5, 0.3, 0.2]) + platform,
        weights=np.broadcast_to(law.weights, (days, *law.weights.shape)).copy(),
        offset=world.target_day_sd * effects[:, 1],
        noise=np.exp(world.loss_day_sd * effects[:, 2]),
        odds=np.ones((days, 3)),
        new_words=np.zeros(days),
        flood=np.zeros(days),
    )


def day_effects(world: Columns, size: int) -> Floats:
    """(days, size) standard normals, each day's leaning on the day before by `rho`."""
    drawn = np.stack([generator(world.seed, day, "day effects").standard_normal(size) for day in range(world.days)])
    if world.rho:
        for day in range(1, world.days):
            drawn[day] = world.rho * drawn[day - 1] + np.sqrt(1 - world.rho**2) * drawn[day]
    return drawn


def weekday(world: Columns, day: int) -> int:
    return (world.start + timedelta(days=day)).weekday()
