"""Which words are in use on a day: topics' own words, and words for feelings with what they mean by then."""

import numpy as np
from numpy.typing import NDArray

from simulator import words
from simulator.day import Conditions
from simulator.draws import Floats, Ints, choose, normal, uniform, wander
from simulator.population import topic_id
from simulator.world import World

Strings = NDArray[np.object_]
TOPIC_WORDS = 14  # a topic's own words at a time; each stays 20 to 100 days
# How a feeling shows in a phrase; what is left over does not show. Ironic means the opposite word.
PLAINLY, NEGATED, IRONIC, EITHER_WAY = 0.84, 0.09, 0.01, 0.02
SHOWN_WITHOUT_FEELING = 0.05


def topic_words(world: World, day: int, now: Conditions) -> Strings:
    """A table of words: one row a topic's place, one column a word."""
    slot = np.arange(world.topics)[:, None]
    place = np.arange(TOPIC_WORDS)[None, :]
    topic = topic_id(world, slot, day)
    stay = 20 + 80 * uniform(world.seed, "word stay", topic, place)
    turn = np.floor(day / stay + uniform(world.seed, "word phase", topic, place)).astype(np.int64)
    noun = uniform(world.seed, "noun", topic, place, turn) * len(words.NOUNS)
    known = np.array(words.NOUNS, dtype=object)[noun.astype(np.int64)]
    replaced = uniform(world.seed, "new noun", topic, place) < now.new_words_share
    return np.where(replaced, coined(world, topic * TOPIC_WORDS + place), known)


def coined(world: World, key: Ints) -> Strings:
    """A word never seen before for each key: four syllables."""
    syllables = np.array(words.SYLLABLES, dtype=object)
    parts = [uniform(world.seed, f"syllable {n}", key) * len(syllables) for n in range(4)]
    a, b, c, d = (syllables[part.astype(np.int64)] for part in parts)
    return np.asarray(a + b + c + d, dtype=object)


class Feelings:
    """The words for feelings on one day, and how they are said."""

    def __init__(self, world: World, day: int, now: Conditions) -> None:
        index = np.arange(len(words.GOOD))
        self.usage = [self._usage(world, name, index, day) for name in ("bad", "good")]
        own = [np.array(words.BAD, dtype=object), np.array(words.GOOD, dtype=object)]
        flipped = uniform(world.seed, "flip", index) < now.flipped_share
        said = [np.where(flipped, own[1 - side], own[side]) for side in (0, 1)]
        key = -1 - index - 1000 * flipped
        replaced = [uniform(world.seed, "new feeling", side, index) < now.new_words_share for side in (0, 1)]
        self.table = [np.where(replaced[s], coined(world, key - 2000 * s), said[s]) for s in (0, 1)]

    @staticmethod
    def _usage(world: World, side: str, index: Ints, day: int) -> Floats:
        """How often each word is used: some more than others, and it slowly moves."""
        lasting = 0.6 * normal(world.seed, f"usage {side}", index)
        return np.exp(lasting + 0.7 * wander(world.seed, f"usage {side}", index, day, 40))

    def phrases(self, feeling: Ints, rng: np.random.Generator, doubt: float = 0.0) -> Strings:
        """One phrase per feeling (-1, 0, 1); a share `doubt` of them speaks of some other feeling."""
        size = len(feeling)
        feeling = np.where(rng.random(size) < doubt, rng.integers(-1, 2, size), feeling)
        stray = (feeling == 0) & (rng.random(size) < SHOWN_WITHOUT_FEELING)
        feeling = np.where(stray, rng.choice([-1, 1], size), feeling)
        mode = np.searchsorted(np.cumsum([PLAINLY, NEGATED, IRONIC, EITHER_WAY]), rng.random(size), side="right")
        word = self._words(np.where((mode == 1) | (mode == 2), -feeling, feeling), rng)
        negation = np.where(mode == 1, pick(rng, words.NEGATIONS, size), "")
        plain = (feeling == 0) | (mode == 4)
        loaded = np.where(mode == 3, pick(rng, words.EITHER, size), word)
        said = np.where(plain, pick(rng, words.PLAIN, size), loaded)
        return np.asarray(np.where(plain, "", negation) + pick(rng, words.INTENSIFIERS, size) + said, dtype=object)

    def _words(self, side: Ints, rng: np.random.Generator) -> Strings:
        bad = self.table[0][choose(rng, self.usage[0], len(side))]
        good = self.table[1][choose(rng, self.usage[1], len(side))]
        return np.where(side < 0, bad, good)


def pick(rng: np.random.Generator, options: tuple[str, ...] | list[str], size: int) -> Strings:
    """That many of the options, each equally likely."""
    return np.array(options, dtype=object)[rng.integers(0, len(options), size)]
