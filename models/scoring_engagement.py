"""Scores posts with one engagement bundle. This file travels in the bundle: it imports nothing of ours.

Bundle: booster.txt (value above the topic's recent level), spread.txt (size of the error), words.npz
(weights of the title model) and state.json (word, topic and domain lists, calibration, interval table, base level).
Values are log1p of the count at the horizon. A table is a frame, or arrays by column: a frame costs more than a score.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pandas import DataFrame, Series, concat

CONTENT = (
    *("chars", "words", "links", "hashtags", "mentions", "emoji", "questions", "exclamations", "digits", "brackets"),
    *("capitals_share", "lexicon_positive", "lexicon_negative", "has_image", "has_video", "has_link", "body_chars"),
    *("hour", "weekday"),
)
MOMENTUM = (
    *(f"{who}_{stat}_{days}d" for who in ("topic", "domain") for days in (7, 28, 90) for stat in ("posts", "mean")),
    *("topic_sd_90d", "domain_sd_90d"),
    *("author_posts_7d", "author_mean_7d", "author_posts_28d", "author_mean_28d", "author_best_28d"),
)
NUMBERS = (*CONTENT, *MOMENTUM)
KEYS = ("text", "platform", "topic", "link_domain")
DERIVED = ("words_score", "topic_score", "text_score", "topic_code")
COLUMNS = (*NUMBERS, *DERIVED)  # of the matrix that both boosters read, in this order
SAID = ("value", "low", "high")
STRING = pa.string()
TEXT_CHARS = 500  # of a post that are read: bounds the time of the longest one
SLOT_BITS = 20  # n-grams share 2**20 weights by their hash
CHUNK_ROWS = 200_000  # scored at a time: bounds memory
FEW = 1_000  # rows whose words are looked up one by one
PSEUDO_POSTS = 2.0  # of the base level, mixed into the level of a topic
Values: TypeAlias = Series | np.ndarray
Table: TypeAlias = DataFrame | Mapping[str, np.ndarray]  # a column that is missing is unknown
LETTERS = b"abcdefghijklmnopqrstuvwxyz'?![]$%&"
# A lower-case UTF-8 byte is itself within a word, 0 if a digit, a space otherwise.
BYTES = bytes(byte if byte > 127 or byte in LETTERS else b" 0"[48 <= byte < 58] for byte in range(256))
PAIR, IN_TOPIC, LINK, TOPIC, TOPIC_LINK, TOPIC_KIND = range(1, 7)  # families of n-grams, kept apart by the hash


def strings(values: Values, kind: pa.DataType = STRING) -> pa.Array:
    """Any column as Arrow strings, null for what is missing; half a surrogate pair becomes a question mark."""
    found = values.to_numpy(dtype=object, na_value=None) if isinstance(values, Series) else values
    try:
        return pa.array(found, kind, from_pandas=True)
    except (UnicodeEncodeError, pa.ArrowInvalid, pa.ArrowTypeError):
        clean = [None if value is None else str(value).encode("utf-8", "replace").decode() for value in found]
        return pa.array(clean, kind)


def plain(values: Values, kind: pa.DataType = STRING) -> list[str]:
    """The same as a list, nothing for what is missing."""
    if isinstance(values, np.ndarray):
        found = [value or "" for value in values.tolist()]
        if "".join(found).isascii():
            return found
    return [value or "" for value in strings(values, kind).to_pylist()]


def split(texts: list[str]) -> list[list[bytes]]:
    """What `tokens` finds in each, but for empty ones."""
    cut = [text[:TEXT_CHARS] for text in texts]
    ascii_only = all(text.isascii() for text in cut)
    lower = [text.lower() for text in cut] if ascii_only else pc.utf8_lower(pa.array(cut, STRING)).to_pylist()
    return [text.encode().translate(BYTES).split() for text in lower]


def tokens(text: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """(row of each token, token). A digit is 0, so that "part 7" and "part 8" are one; ? and ! stay attached."""
    lower = pc.utf8_lower(pc.utf8_slice_codeunits(pc.fill_null(text, ""), 0, TEXT_CHARS).cast(STRING))
    _, offsets, data = lower.buffers()
    read = pa.py_buffer(data.to_pybytes().translate(BYTES) if data else b"")
    found = pc.ascii_split_whitespace(pa.Array.from_buffers(STRING, len(lower), [None, offsets, read]))
    return np.repeat(np.arange(len(text)), np.diff(found.offsets.to_numpy())), found.flatten()


def topic_keys(table: Table) -> list[str]:
    """`platform/topic`, as in the feature store."""
    return [f"{one}/{topic}" for one, topic in zip(plain(table["platform"]), plain(table["topic"]), strict=True)]


def slots(family: int | np.ndarray, first: np.ndarray, second: np.ndarray | int = 0) -> np.ndarray:
    """Slot of each n-gram: a splitmix-like hash of (family, first, second), top SLOT_BITS bits."""
    mixed = np.asarray(first + 1, np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed += np.asarray(second + 1, np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed += np.asarray(family, np.uint64) << np.uint64(32)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return (mixed >> np.uint64(64 - SLOT_BITS)).astype(np.int64)


@dataclass(frozen=True)
class Encoded:
    """Slots of a frame's n-grams: of words and link alone, and of the topic (words, link, kind within it)."""

    word_rows: np.ndarray
    word_slots: np.ndarray
    topic_rows: np.ndarray
    topic_slots: np.ndarray
    topic_codes: np.ndarray  # -1 where unknown: then its topic slots mean nothing
    scale: np.ndarray  # one over the root of the number of slots, per row


@dataclass(frozen=True)
class Vocabulary:
    """What the title model has met, most frequent first."""

    words: pa.Array
    topics: pa.Array
    domains: pa.Array

    def encode(self, table: Table) -> Encoded:
        count = len(table["text"])
        words, topics, domains = self._places
        rows, word = self._few(table["text"], words) if count <= FEW else self._many(table["text"])
        topic = np.array([topics.get(key, -1) for key in topic_keys(table)], np.int64)
        domain = np.array([domains.get(one, -1) for one in plain(table["link_domain"])], np.int64)
        kind = np.nan_to_num(_float(table["has_link"]), nan=2.0).astype(np.int64)
        near, every = rows[1:] == rows[:-1], np.arange(count)
        grams = (  # family, row, first, second: of words and link, then of the topic
            (0, rows, word, np.zeros_like(word)),
            (PAIR, rows[1:][near], word[:-1][near], word[1:][near]),
            (LINK, every, domain, np.zeros_like(domain)),
            (IN_TOPIC, rows, topic[rows], word),
            (TOPIC, every, topic, np.zeros_like(topic)),
            (TOPIC_LINK, every, topic, domain),
            (TOPIC_KIND, every, topic, kind),
        )
        sizes = [len(of) for _, of, _, _ in grams]
        owner, first, second = (np.concatenate([gram[at] for gram in grams]) for at in (1, 2, 3))
        found = slots(np.repeat([gram[0] for gram in grams], sizes), first, second)
        scale, cut = 1 / np.sqrt(np.maximum(np.bincount(owner, minlength=count), 1)), sum(sizes[:3])
        return Encoded(owner[:cut], found[:cut], owner[cut:], found[cut:], topic, scale)

    def _few(self, text: Values, places: dict[bytes, int]) -> tuple[np.ndarray, np.ndarray]:
        """(row, place in the list) of each word that is listed, int64."""
        found = [[places[word] for word in of if word in places] for of in split(plain(text, pa.large_string()))]
        codes = np.array([code for row in found for code in row], np.int64)
        return np.repeat(np.arange(len(found)), [len(row) for row in found]), codes

    def _many(self, text: Values) -> tuple[np.ndarray, np.ndarray]:
        """The same."""
        rows, found = tokens(strings(text, pa.large_string()))
        codes = pc.fill_null(pc.index_in(found, value_set=self.words), -1).to_numpy().astype(np.int64)
        return rows[codes >= 0], codes[codes >= 0]

    @cached_property
    def _places(self) -> list[dict[Any, int]]:
        """The lists turned round, which Arrow would do anew at every call: milliseconds for a single post."""
        lists = [[word.encode() for word in self.words.to_pylist()], self.topics.to_pylist(), self.domains.to_pylist()]
        return [{one: at for at, one in enumerate(of)} for of in lists]


def derived(words_score: np.ndarray, topic_score: np.ndarray, topic_codes: np.ndarray) -> dict[str, np.ndarray]:
    """The columns of DERIVED. What belongs to an unknown topic is NaN: the booster learned from such rows too."""
    known = topic_codes >= 0
    in_topic, code = np.where(known, topic_score, np.nan), np.where(known, topic_codes, np.nan)
    both = words_score + np.where(known, topic_score, 0)
    return dict(zip(DERIVED, (words_score, in_topic, both, code), strict=True))


def matrix(table: Table, extra: dict[str, np.ndarray]) -> np.ndarray:
    """float32 (rows, COLUMNS); NaN where a value, or a whole column, is missing."""
    unknown = np.full(len(extra[DERIVED[0]]), np.nan)
    numbers = [_float(table[name]) if name in table else unknown for name in NUMBERS]
    return np.array([*numbers, *(extra[name] for name in DERIVED)], np.float32).T.copy()


def features(table: Table, vocabulary: Vocabulary, weights: np.ndarray) -> np.ndarray:
    """What the boosters read of new posts, with the scores of the title model."""
    encoded, count = vocabulary.encode(table), len(table["text"])
    words = np.bincount(encoded.word_rows, weights[encoded.word_slots], count) * encoded.scale
    topic = np.bincount(encoded.topic_rows, weights[encoded.topic_slots], count) * encoded.scale
    return matrix(table, derived(words, topic, encoded.topic_codes))


def level(table: Table, base: float) -> np.ndarray:
    """Recent level of each post's topic, from which the booster predicts the distance.

    So drift of a topic's level moves the prediction at once, without a retrain. A mean over few posts
    leans to `base`, a topic silent for 28 days falls back on 90.
    """
    found = np.full(len(table[next(iter(table))]), base)
    for days in (90, 28):
        if f"topic_mean_{days}d" in table and f"topic_posts_{days}d" in table:
            mean, posts = _float(table[f"topic_mean_{days}d"]), _float(table[f"topic_posts_{days}d"])
            mixed = (posts * mean + PSEUDO_POSTS * base) / (posts + PSEUDO_POSTS)
            found = np.where((posts > 0) & np.isfinite(mean), mixed, found)
    return found


def _float(values: Values) -> np.ndarray:
    return values.to_numpy(np.float64, na_value=np.nan) if isinstance(values, Series) else values.astype(np.float64)


class Scorer:
    """One bundle, ready to score."""

    def __init__(self, folder: Path) -> None:
        state = json.loads((folder / "state.json").read_text("utf-8"))
        self.base: float = state["base"]
        self.intercept, self.slope = state.get("calibration", (0.0, 1.0))  # bundles of before had none
        self.interval: dict[str, list[float]] = state["interval"]
        self.vocabulary = Vocabulary(*(pa.array(state[name], STRING) for name in ("words", "topics", "domains")))
        self.weights = np.load(folder / "words.npz", allow_pickle=False)["weights"]
        self.booster = lgb.Booster(model_str=(folder / "booster.txt").read_text("utf-8"))
        self.spread = lgb.Booster(model_str=(folder / "spread.txt").read_text("utf-8"))

    @classmethod
    def load(cls, directory: str) -> "Scorer":
        return cls(Path(directory))

    def predict(self, frame: DataFrame) -> DataFrame:
        """Columns value, low, high in log1p space, index kept; needs KEYS, takes any of NUMBERS as missing."""
        chunks = (frame.iloc[start : start + CHUNK_ROWS] for start in range(0, len(frame), CHUNK_ROWS))
        parts = [DataFrame(self.score(part), index=part.index) for part in chunks]
        return concat(parts) if parts else DataFrame(columns=list(SAID), index=frame.index, dtype=float)

    def score(self, table: Table) -> dict[str, np.ndarray]:
        """The same of arrays by column: of KEYS with None for what is missing, and of any of NUMBERS."""
        value, error = self.raw(table)
        value = self.intercept + self.slope * value
        below, above = (np.interp(value, self.interval["value"], self.interval[side]) for side in ("below", "above"))
        value = np.maximum(value, 0)
        low, high = value - error * below, value + error * above
        return dict(zip(SAID, (value, np.clip(low, 0, value), np.maximum(high, value)), strict=True))

    def explain(self, frame: DataFrame) -> DataFrame:
        """Contribution of each of COLUMNS, `level` and `bias`: a row adds up to value, before it is cut at 0."""
        if frame.empty:
            return DataFrame(columns=[*COLUMNS, "bias", "level"], index=frame.index, dtype=float)
        read = self.booster.predict(features(frame, self.vocabulary, self.weights), pred_contrib=True)
        found = DataFrame(read, columns=[*COLUMNS, "bias"], index=frame.index)
        found = found.assign(level=level(frame, self.base)) * self.slope
        return found.assign(bias=found["bias"] + self.intercept)

    def raw(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        """(value before the calibration, expected size of its error) of each row, log1p units."""
        found = features(table, self.vocabulary, self.weights).astype(np.float64)  # or LightGBM does it row by row
        value = level(table, self.base) + self.booster.predict(found)
        return value, np.maximum(self.spread.predict(found), self.interval["least"][0])
