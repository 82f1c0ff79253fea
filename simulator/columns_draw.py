"""Draw a world of columns, a day at a time: each day from generators of its own, so that no day moves another."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas import DataFrame

from simulator.columns import AXES, DOMAINS, LABELS, NEW_WORDS, PLATFORMS, TOPICS, WORD_SHARES, WORDS, Columns, Law, law
from simulator.columns_plan import Plan, quiet_plan
from simulator.draws import Floats, Ints, choose, generator
from trimtab.errors import SettingsError

COPIERS = 5  # authors of a flood
COPY_JITTER = 0.02  # sd between copies, in sd of the column
COPY_TARGET = -1.5  # what copies earn less, in the log
SPARE = 4.0  # posts drawn for each one kept where labels are kept unevenly
NOISE_TO_LOG_LOSS = 2.2  # relative change of the temperature that changes the mean log loss by as much as asked


@dataclass(frozen=True)
class Drawn:
    """`posts`: one row a post, sorted by event_timestamp. `outcomes`: post_id, target, label_known_at, oldest first.

    `posts` has post_id, author, platform, topic, link_domain, published_at, event_timestamp (when it became known)
    and the features of the world.
    """

    world: Columns
    posts: DataFrame
    outcomes: DataFrame


@dataclass(frozen=True)
class ColumnIncident:
    """What happens on the days [at, at + days), counted from the world's first; it never touches a day before.

    It draws random numbers of its own days alone, so those before are what they would have been without it.
    """

    at: int
    days: float = math.inf

    def __post_init__(self) -> None:
        if self.at < 0 or self.days < 1:
            raise SettingsError(f"An incident at day {self.at} for {self.days} days; give day 0 or later, 1 or more.")

    def on(self, plan: Plan) -> slice:
        """Its days as rows of a plan."""
        return slice(self.at, int(min(self.at + self.days, plan.world.days)))

    def hit(self, drawn: Drawn) -> NDArray[np.bool_]:
        """Its posts, by when they were published."""
        day = (drawn.posts["published_at"] - drawn.world.moment(0)).dt.days.to_numpy()
        return (day >= self.at) & (day < self.at + self.days)

    def conditions(self, plan: Plan) -> None:
        """Change, in place, what its days are drawn under."""

    def report(self, drawn: Drawn) -> Drawn:
        """What becomes known, given what would have."""
        return drawn


@dataclass(frozen=True)
class Block:
    """The posts of one day as arrays: codes of names, (numbers, posts) values, (flags, posts) and the target."""

    second: Ints
    author: Ints
    platform: Ints
    topic: Ints
    domain: Ints
    word: Ints
    numbers: Floats
    flags: NDArray[np.bool_]
    target: NDArray[np.generic]

    def __getitem__(self, kept: Ints) -> "Block":
        return Block(*(getattr(self, name)[..., kept] for name in self.__dataclass_fields__))


def draw(world: Columns, incidents: Iterable[ColumnIncident] = ()) -> Drawn:
    """Posts and outcomes of the whole world."""
    incidents = tuple(incidents)
    plan = quiet_plan(world, law(world))
    for incident in incidents:
        incident.conditions(plan)
    blocks = [draw_day(plan, day) for day in range(world.days)]
    drawn = _frames(world, blocks)
    for incident in incidents:
        drawn = incident.report(drawn)
    return drawn


def draw_day(plan: Plan, day: int) -> Block:
    uneven = bool((plan.odds[day] != 1).any())
    block = _posts(plan, day, SPARE if uneven else 1.0)
    return _kept(plan, day, block) if uneven else block


def _posts(plan: Plan, day: int, spare: float) -> Block:
    world, rng = plan.world, generator(plan.world.seed, day, "posts")
    hour = np.repeat(np.arange(24), rng.poisson(plan.rate[day] * spare))
    size = len(hour)
    second = np.sort(hour * 3600 + rng.integers(0, 3600, size))
    author = choose(rng, (np.arange(world.authors) + 5.0) ** -0.8, size)
    platform = choose(rng, np.exp(plan.platforms[day]), size)
    topic = choose(rng, np.exp(plan.topics[day]), size)
    domain = choose(rng, 1 / (np.arange(len(DOMAINS)) + 1.0), size)
    word = choose(rng, WORD_SHARES, size)
    new = generator(world.seed, day, "new words").random(size) < plan.new_words[day]
    word = np.where(new, word + len(WORDS), word)
    flags = rng.random((len(world.flags), size)) < 1 / (1 + np.exp(-plan.flags[day]))[:, None]
    wave = world.wave * np.sin(2 * np.pi * (second / 86400 - 0.4))
    latent = rng.standard_normal((len(world.numbers), size))
    if plan.flood[day]:
        _copy(plan, day, author, (platform, topic, word), latent, flags)
    numbers = _numbers(plan, day, latent, wave, word)
    target = _target(plan, day, numbers, flags, (platform, topic, word), author)
    return Block(second, author, platform, topic, domain, word, numbers, flags, target)


def _copy(
    plan: Plan, day: int, author: Ints, names: tuple[Ints, Ints, Ints], latent: Floats, flags: NDArray[np.bool_]
) -> None:
    """Let five authors repeat themselves on a share of the posts; writes into the arrays."""
    rng, habit = generator(plan.world.seed, day, "flood"), generator(plan.world.seed, 0, "copied")
    hit = np.flatnonzero(rng.random(len(author)) < plan.flood[day])
    copier = rng.integers(0, COPIERS, len(hit))
    text = habit.standard_normal((len(latent) + len(flags), COPIERS))
    latent[:, hit] = text[: len(latent), copier] + COPY_JITTER * latent[:, hit]
    flags[:, hit] = text[len(latent) :, copier] > 0
    for codes, known in zip(names, (PLATFORMS, TOPICS, WORDS), strict=True):
        codes[hit] = habit.integers(0, len(known), COPIERS)[copier]
    author[hit] = plan.world.authors + copier


def _numbers(plan: Plan, day: int, latent: Floats, wave: Floats, word: Ints) -> Floats:
    """Values of the numeric columns from standard normals, in place."""
    counts = len(plan.world.counts)
    latent[-2:] = 0.6 * latent[-2:] + 0.8 * plan.law.lexicon[word]
    latent *= plan.law.scale[:, None]
    latent += (plan.law.level + plan.level[day])[:, None]
    latent[:-2] += wave
    np.floor(np.exp(latent[:counts]), out=latent[:counts])
    return latent


def ready(plan: Plan, numbers: Floats, flags: NDArray[np.bool_], word: Ints) -> Floats:
    """(numbers + flags, posts) as the law reads them: centred and scaled, counts by their log1p."""
    world, found = plan.world, numbers.copy()
    np.log1p(found[: len(world.counts)], out=found[: len(world.counts)])
    found -= plan.law.level[:, None]
    found /= plan.law.scale[:, None]
    found[-2:, word >= len(WORDS)] = 0  # what a lexicon says of a word that it does not know means nothing
    return np.vstack([found, flags])


def _target(
    plan: Plan, day: int, numbers: Floats, flags: NDArray[np.bool_], names: tuple[Ints, Ints, Ints], author: Ints
) -> NDArray[np.generic]:
    """log1p of a count, or the code of a label."""
    world, law, rng = plan.world, plan.law, generator(plan.world.seed, day, "outcomes")
    platform, topic, word = names
    score = plan.weights[day] @ ready(plan, numbers, flags, word)
    score += named_score(law, platform, topic, word)
    score += AXES[world.target] * (plan.offset[day] + COPY_TARGET * (author >= world.authors))
    if world.target == "count":
        return np.maximum(score[0] + world.noise_sd * plan.noise[day] * rng.standard_normal(len(word)), 0)
    return (score / plan.noise[day] ** NOISE_TO_LOG_LOSS + rng.gumbel(size=score.shape)).argmax(axis=0)


def named_score(law: Law, platform: Ints, topic: Ints, word: Ints) -> Floats:
    """(outputs, posts): what the categories add, and the base."""
    return law.base[:, None] + law.topics[:, topic] + law.platforms[:, platform] + law.words[:, word]


def _kept(plan: Plan, day: int, block: Block) -> Block:
    """As many posts as usual, each label in proportion to its odds; what posts of a label are like stays."""
    rng = generator(plan.world.seed, day, "labels kept")
    share = plan.odds[day] / plan.odds[day].max()
    drawn = rng.random(len(block.target)) < share[block.target.astype(np.int64)]
    return block[np.sort(rng.permutation(np.flatnonzero(drawn))[: round(len(drawn) / SPARE)])]


def _frames(world: Columns, blocks: list[Block]) -> Drawn:
    whole = Block(*(np.concatenate([getattr(b, n) for b in blocks], axis=-1) for n in Block.__dataclass_fields__))
    day = np.repeat(np.arange(world.days), [len(block.second) for block in blocks])
    start = np.datetime64(world.start, "us")
    published = start + (whole.second + 86400 * day).astype("timedelta64[s]").astype("timedelta64[us]")
    moments = pd.DatetimeIndex(published).tz_localize("UTC")
    names = {
        "post_id": post_ids(len(day)),
        "author": _author_names(world.authors)[whole.author],
        "platform": np.array(PLATFORMS, object)[whole.platform],
        "topic": np.array(TOPICS, object)[whole.topic],
        "link_domain": np.array(DOMAINS, object)[whole.domain],
        "word": np.array(WORDS + NEW_WORDS, object)[whole.word],
    }
    keys = DataFrame({**names, "published_at": moments, "event_timestamp": moments})
    flags = DataFrame(whole.flags.T, columns=list(world.flags), copy=False)
    numbers = DataFrame(whole.numbers.T, columns=list(world.numbers), copy=False)
    target = whole.target if world.target == "count" else np.array(LABELS, object)[whole.target]
    known = (moments + pd.Timedelta(hours=world.label_delay_hours)).as_unit("us")
    outcomes = DataFrame({"post_id": names["post_id"], "target": target, "label_known_at": known})
    return Drawn(world, pd.concat([keys, numbers, flags], axis=1, copy=False), outcomes)


def post_ids(size: int) -> NDArray[np.object_]:
    """p00000000, p00000001, ..., made once for all worlds."""
    return _ids(1 << max(size - 1, 1).bit_length())[:size].copy()


@lru_cache(maxsize=2)
def _ids(size: int) -> NDArray[np.object_]:
    return np.array([f"p{number:08d}" for number in range(size)], object)


@lru_cache(maxsize=2)
def _author_names(size: int) -> NDArray[np.object_]:
    return np.array([f"author_{number}" for number in range(size)] + [f"flood_{n}" for n in range(COPIERS)], object)
