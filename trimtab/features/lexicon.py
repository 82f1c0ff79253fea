"""Valence of words by the VADER lexicon (Hutto and Gilbert, ICWSM 2014), whole columns at a time."""

from functools import cache
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

PUNCTUATION = ".,;:!?\"'()[]{}<>*_~`#@…“”‘’«»-–—/\\|+=&%$^"
# fmt: off
NEGATIONS = frozenset([
    "aint", "arent", "cannot", "cant", "couldnt", "darent", "didnt", "doesnt", "dont", "hadnt",
    "hardly", "hasnt", "havent", "isnt", "mightnt", "mustnt", "neither", "never", "no", "nobody",
    "none", "nor", "not", "nothing", "nowhere", "rarely", "scarcely", "seldom", "shant", "shouldnt",
    "wasnt", "werent", "without", "wont", "wouldnt"
])
# fmt: on
NEGATED = -0.74  # what a negation does to the valence of a word, measured by the lexicon's authors
REACH = 3  # words back in which a negation is looked for


@cache
def lexicon() -> dict[str, float]:
    """Word or emoticon -> mean valence in [-4, 4]."""
    lines = files("vaderSentiment").joinpath("vader_lexicon.txt").read_text("utf-8").splitlines()
    pairs = (line.split("\t")[:2] for line in lines if line.strip())
    return {word: float(valence) for word, valence in pairs}


def valences(text: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Sums of positive and of negative valence a text; a negation up to three words before turns a word."""
    words = pc.utf8_split_whitespace(pc.utf8_lower(text))
    row = pc.list_parent_indices(words).to_numpy()
    encoded = words.flatten().dictionary_encode()
    scores, negates = _looked_up(encoded.dictionary)
    codes = encoded.indices.to_numpy()
    value, negation = scores[codes], negates[codes]
    value = np.where(_negated(row, negation), NEGATED * value, value)
    rows = len(text)
    positive = np.bincount(row, np.maximum(value, 0), rows)
    return positive, np.bincount(row, np.minimum(value, 0), rows)


def _looked_up(words: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Valence of each distinct word and whether it negates; as written first (emoticons), then without marks."""
    known = lexicon()
    bare = pc.utf8_trim(words, characters=PUNCTUATION)
    plain = pc.replace_substring_regex(bare, pattern="['’]", replacement="").to_pylist()
    pairs = zip(words.to_pylist(), bare.to_pylist(), strict=True)
    scores = np.array([known.get(word, known.get(trimmed, 0.0)) for word, trimmed in pairs], float)
    return scores, np.array([word in NEGATIONS for word in plain], bool)


def _negated(row: np.ndarray, negation: np.ndarray) -> np.ndarray:
    found = np.zeros(len(row), bool)
    for back in range(1, REACH + 1):
        found[back:] |= negation[:-back] & (row[back:] == row[:-back])
    return found
