"""The words of a post: a feeling said about a topic, and all that goes around it."""

import numpy as np
from pandas import DataFrame

from simulator import words
from simulator.day import Conditions
from simulator.draws import generator
from simulator.population import author_id, topic_names
from simulator.vocabulary import TOPIC_WORDS, Feelings, Strings, pick, topic_words
from simulator.world import World

SECOND_THOUGHT = 0.3  # share of posts with a second phrase
STRAY = 0.1  # share of second phrases that speak of some other feeling
EMOJI_FITS = 0.75  # share of emoji that show the post's feeling


def texts(world: World, day: int, now: Conditions, posts: DataFrame) -> Strings:
    """One text a post."""
    if posts.empty:
        return np.array([], dtype=object)
    return _body(world, day, now, posts) + _tail(world, day, posts)


def _body(world: World, day: int, now: Conditions, posts: DataFrame) -> Strings:
    """One or two phrases with a feeling, then clauses that say nothing of it."""
    size, rng = len(posts), generator(world.seed, day, "body")
    table, slot = topic_words(world, day, now), posts["topic_slot"].to_numpy()
    feelings, feeling = Feelings(world, day, now), posts["feeling"].to_numpy()

    def noun() -> Strings:
        return table[slot, rng.integers(0, TOPIC_WORDS, size)]

    before, between, after = _triples(rng, words.CARRIERS, size)
    said = pick(rng, words.OPENERS, size) + before + noun() + between + feelings.phrases(feeling, rng) + after
    second = pick(rng, words.JOINS, size) + noun() + " is " + feelings.phrases(feeling, rng, doubt=STRAY)
    said = np.where(rng.random(size) < SECOND_THOUGHT, said + second, said)
    loud = posts["caps"].to_numpy()
    said[loud] = [text.upper() for text in said[loud]]
    clauses = posts["clauses"].to_numpy()
    for number in range(int(clauses.max())):
        start, end = _triples(rng, words.FILLERS, size)
        said = np.where(clauses > number, said + ". " + start + noun() + end, said)
    return said


def _tail(world: World, day: int, posts: DataFrame) -> Strings:
    """Question, emoji, hashtags, mention and link, each where the draft says so."""
    size, rng = len(posts), generator(world.seed, day, "tail")
    feeling = np.where(rng.random(size) < EMOJI_FITS, posts["feeling"], rng.integers(-1, 2, size))
    emoji = np.array([words.BLANK, words.GLAD, words.SAD], dtype=object)[feeling, rng.integers(0, 5, size)]
    topic, where = np.unique(posts["topic"].to_numpy(), return_inverse=True)
    named = np.array([f" #{name}" for name in topic_names(world, topic)], dtype=object)[where]
    friend = author_id(world, rng.integers(0, world.authors, size), day).astype(str).astype(object)
    domain = np.array(words.DOMAINS, dtype=object)[posts["domain"].to_numpy()]
    path = " https://" + domain + "/" + rng.integers(1000, 10_000, size).astype(str).astype(object)
    tags = posts["tags"].to_numpy()
    tail = np.where(posts["question"], ". " + pick(rng, words.QUESTIONS, size), "")
    tail = tail + np.where(posts["emoji"], " " + emoji, "") + np.where(tags > 0, named, "")
    for number in (1, 2):
        tail = tail + np.where(tags > number, " #" + pick(rng, words.TAGS, size), "")
    tail = tail + np.where(posts["mention"], " @user_" + friend, "")
    return np.asarray(tail + np.where(posts["has_link"], path, ""), dtype=object)


def _triples(rng: np.random.Generator, options: tuple[tuple[str, ...], ...], size: int) -> list[Strings]:
    """The first, second, ... pieces of that many carriers, each equally likely."""
    return list(np.array(options, dtype=object)[rng.integers(0, len(options), size)].T)
