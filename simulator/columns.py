"""A world of posts as plain columns: no words are written, so a year costs a second or less.

It is what detectors are tried on: many columns of every kind, day effects, a season, heavy tails, a target with a
known law, and nothing that moves unless an incident moves it.
"""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

import numpy as np
from scipy.special import ndtri, softmax

from simulator.draws import Floats, generator
from trimtab.errors import SettingsError

LABELS = ("negative", "neutral", "positive")
PLATFORMS = ("agora", "chirper", "clips")
TOPICS = tuple(f"topic_{number:02d}" for number in range(20))
DOMAINS = ("none", "news.example", "video.example", "shop.example", "blog.example", "photo.example")
WORDS = tuple(f"word_{number:02d}" for number in range(24))
NEW_WORDS = tuple(f"new_word_{number:02d}" for number in range(24))  # of a vocabulary that replaces the other
WORD_SHARES = 1 / (np.arange(len(WORDS)) + 3.0)  # up to a constant
CATEGORIES = ("platform", "topic", "word")
DERIVED = ("word_score", "word_rank")  # what a lexicon says of the word: nothing, where it does not know the word
FLAGS = 3
MEAN_WAVE = 0.34  # of the wave over the hours that posts come at
LEAST_COLUMNS = len(CATEGORIES) + len(DERIVED) + FLAGS + 2
COUNT_SHARE = 0.6  # of the columns that are neither categories, flags nor derived


@dataclass(frozen=True)
class Columns:
    """What is drawn. Worlds that differ in `days` alone agree on every day that both have; so do incidents."""

    seed: int = 0
    days: int = 146
    posts_per_day: float = 1000.0  # mean over a quiet week
    start: date = date(2024, 1, 1)  # a Monday
    columns: int = 30  # features, categories included
    target: Literal["count", "label"] = "count"
    day_effect_sd: float = 0.15  # of each column's level from day to day: in the log of counts, in sd of numbers
    volume_sd: float = 0.15  # of the log of a day's number of posts
    target_day_sd: float = 0.05  # of the level of the target (in its log) that no column tells of
    loss_day_sd: float = 0.05  # of the mean loss of the best predictor, relative
    rho: float = 0.0  # correlation of the effects of one day with those of the next
    wave: float = 0.6  # of levels over the day, in the log: half of trough to peak
    weekend: float = 0.35  # of levels on Saturday and Sunday, in the log
    sigma: float = 2.0  # of the log of counts
    noise_sd: float = 0.7  # of the target in its log: what cannot be predicted
    label_delay_hours: float = 48.0
    authors: int = 500

    def __post_init__(self) -> None:
        if self.columns < LEAST_COLUMNS:
            raise SettingsError(f"columns is {self.columns}; give {LEAST_COLUMNS} or more.")
        if self.days < 1 or self.posts_per_day <= 0:
            raise SettingsError(f"{self.days} days of {self.posts_per_day} posts hold nothing; give more of both.")
        if not -1 < self.rho < 1:
            raise SettingsError(f"rho is {self.rho}; give a number between -1 and 1.")

    @property
    def counts(self) -> tuple[str, ...]:
        """Heavy-tailed counts, the important one first."""
        return tuple(f"c{place:02d}_posts_7d" for place in range(round(COUNT_SHARE * self._free)))

    @property
    def plain(self) -> tuple[str, ...]:
        """Numbers with a normal law."""
        return tuple(f"x{place:02d}" for place in range(len(self.counts), self._free))

    @property
    def numbers(self) -> tuple[str, ...]:
        """Everything numeric, in the order of a day's matrix."""
        return (*self.counts, *self.plain, *DERIVED)

    @property
    def flags(self) -> tuple[str, ...]:
        return tuple(f"f{place:02d}" for place in range(self._free, self._free + FLAGS))

    @property
    def features(self) -> tuple[str, ...]:
        return (*self.numbers, *self.flags, *CATEGORIES)

    @property
    def important(self) -> str:
        """The column with the largest weight."""
        return self.counts[0]

    @property
    def _free(self) -> int:
        return self.columns - len(CATEGORIES) - len(DERIVED) - FLAGS

    def moment(self, day: int) -> datetime:
        """Midnight at which a day begins, UTC."""
        return datetime.combine(self.start + timedelta(days=day), time(), UTC)


@dataclass(frozen=True)
class Law:
    """What a seed makes of columns and target for good. `outputs` is 1 for a count, 3 for labels.

    The target (or the score of each label) is linear in numbers (counts as (log1p - level) / sigma), flags and the
    effects of the categories.
    """

    level: Floats  # (numbers,) of the log of counts; 0 for the others
    scale: Floats  # (numbers,) sigma for counts, 1 for the others
    weights: Floats  # (outputs, numbers + flags)
    other: Floats  # as weights, of the same length and orthogonal: where they turn to
    flags: Floats  # (flags,) log-odds
    topics: Floats  # (outputs, topics)
    platforms: Floats  # (outputs, platforms)
    words: Floats  # (outputs, words and new words)
    lexicon: Floats  # (words and new words,) what the derived columns know; 0 for new words
    base: Floats  # (outputs,)


SIZES = {"count": 0.13, "label": 0.2}  # sd of the ordinary weights
IMPORTANT = {"count": 0.5, "label": 0.75}  # the largest weight
WORD_SD = {"count": 0.6, "label": 0.75}
AXES = {"count": np.ones((1, 1)), "label": np.array([[-1.0], [0.0], [1.0]])}  # what lifts one label sinks another
LABEL_SHARES = np.array([0.2, 0.5, 0.3])  # on average


def law(world: Columns) -> Law:
    """The law of a world: half of the ordinary columns say something, the important one much."""
    rng, kind = generator(world.seed, 0, "law"), world.target
    counts, numbers = len(world.counts), len(world.numbers)
    told = rng.normal(0, SIZES[kind], numbers + FLAGS) * (rng.random(numbers + FLAGS) < 0.5)
    told[0], told[counts], told[numbers - 2 : numbers] = IMPORTANT[kind], IMPORTANT[kind] / 2, IMPORTANT[kind] / 3
    turned = rng.normal(0, 1, numbers + FLAGS)
    turned[numbers - 2 :] = 0
    turned -= turned @ told / (told @ told) * told
    axis, words = AXES[kind], rng.normal(0, WORD_SD[kind], len(WORDS) + len(NEW_WORDS))
    words -= np.average(words[: len(WORDS)], weights=WORD_SHARES)
    lexicon = np.where(np.arange(len(words)) < len(WORDS), words / WORD_SD[kind], 0)
    return Law(
        level=np.concatenate([rng.uniform(2.5, 4, counts), np.zeros(numbers - counts)]),
        scale=np.concatenate([np.full(counts, world.sigma), np.ones(numbers - counts)]),
        weights=axis * told,
        other=axis * turned * np.sqrt(told @ told / (turned @ turned)),
        flags=rng.uniform(-1.5, 0, FLAGS),
        topics=axis * rng.normal(0, 0.2, len(TOPICS)),
        platforms=axis * rng.normal(0, 0.2, len(PLATFORMS)),
        words=axis * words,
        lexicon=lexicon,
        base=np.array([6.0]) if kind == "count" else _label_base(world, told),
    )


def _label_base(world: Columns, told: Floats) -> Floats:
    """(labels,) such that labels come in about LABEL_SHARES: the tilt of a post taken as normal."""
    numbers = told[: len(world.numbers) - 2] / np.where(np.arange(len(world.numbers) - 2) < len(world.counts), 2, 1)
    season = world.weekend * 2 / 7 + world.wave * MEAN_WAVE
    spread = math.sqrt(told @ told + WORD_SD["label"] ** 2)
    tilt = season * numbers.sum() + told[-FLAGS:].sum() / 3 + spread * ndtri((np.arange(99) + 0.5) / 99)
    base = np.log(LABEL_SHARES)
    for _ in range(20):
        base = base + np.log(LABEL_SHARES / softmax(base + AXES["label"].T * tilt[:, None], axis=1).mean(axis=0))
    return base
