"""Scores posts with one engagement bundle. This file travels in the bundle: it imports nothing of ours.

Bundle: booster.txt (value above the topic's recent level), spread.txt (size of the error), words.npz
(weights of the title model) and state.json (word, topic and domain lists, calibration, interval table, base level).
Values are log1p of the count at the horizon.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pandas import DataFrame, Series

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
STRING = pa.string()
TEXT_CHARS = 500  # of a post that are read: bounds the time of the longest one
SLOT_BITS = 20  # n-grams share 2**20 weights by their hash
CHUNK_ROWS = 200_000  # scored at a time: bounds memory
FEW = 1_000  # words are looked up one by one
PSEUDO_POSTS = 2.0  # of the base level, mixed into the level of a topic
PAIR, IN_TOPIC, LINK, TOPIC, TOPIC_LINK, TOPIC_KIND = range(1, 7)  # families of n-grams, kept apart by the hash


def _byte_classes() -> np.ndarray:
    """Maps a lower-case UTF-8 byte to itself within a word, to 0 if a digit, to a space otherwise."""
    table = np.full(256, ord(" "), np.uint8)
    for byte in b"abcdefghijklmnopqrstuvwxyz'?![]$%&":
        table[byte] = byte
    table[ord("0") : ord("9") + 1] = ord("0")
    table[128:] = np.arange(128, 256)
    return table


BYTE_CLASSES = _byte_classes()


def strings(values: Series, kind: pa.DataType = STRING) -> pa.Array:
    """Any column as Arrow strings, null for what is missing; half a surrogate pair becomes a question mark."""
    found = values.to_numpy(dtype=object, na_value=None)
    try:
        return pa.array(found, kind, from_pandas=True)
    except (UnicodeEncodeError, pa.ArrowInvalid, pa.ArrowTypeError):
        clean = [None if value is None else str(value).encode("utf-8", "replace").decode() for value in found]
        return pa.array(clean, kind)


def tokens(text: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """(row of each token, token). A digit is 0, so that "part 7" and "part 8" are one; ? and ! stay attached."""
    cut = pc.utf8_slice_codeunits(pc.fill_null(text, ""), 0, TEXT_CHARS)
    lower = pc.utf8_lower(cut.cast(STRING))
    _, offsets, data = lower.buffers()
    plain = BYTE_CLASSES[np.frombuffer(data, np.uint8)] if data else np.zeros(0, np.uint8)
    words = pa.Array.from_buffers(pa.string(), len(lower), [None, offsets, pa.py_buffer(plain)])
    split = pc.ascii_split_whitespace(words)
    counts = np.diff(split.offsets.to_numpy())
    return np.repeat(np.arange(len(text)), counts), split.flatten()


def topic_keys(frame: DataFrame) -> pa.Array:
    """`platform/topic`, as in the feature store."""
    parts = [pc.fill_null(strings(frame[name]), "") for name in ("platform", "topic")]
    return pc.binary_join_element_wise(*parts, "/")


def slots(family: int, first: np.ndarray, second: np.ndarray | int = 0) -> np.ndarray:
    """Slot of each n-gram: a splitmix-like hash of (family, first, second), top SLOT_BITS bits."""
    mixed = np.asarray(first + 1, np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed += np.asarray(second + 1, np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F) + np.uint64(family << 32)
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

    def encode(self, frame: DataFrame) -> Encoded:
        rows, found = tokens(strings(frame["text"], pa.large_string()))
        word = self._codes(found, "words")
        rows, word = rows[word >= 0], word[word >= 0]
        topic = self._codes(topic_keys(frame), "topics")
        domain = self._codes(pc.fill_null(strings(frame["link_domain"]), ""), "domains")
        kind = np.nan_to_num(_float(frame["has_link"]), nan=2.0).astype(np.int64)
        near = rows[1:] == rows[:-1]
        context = [
            slots(TOPIC, topic),
            slots(TOPIC_LINK, topic, domain),
            slots(TOPIC_KIND, topic, kind),
        ]
        every = np.arange(len(frame))
        word_rows = np.concatenate([rows, rows[1:][near], every])
        topic_rows = np.concatenate([rows, *[every] * len(context)])
        size = np.bincount(word_rows, minlength=len(frame)) + np.bincount(topic_rows, minlength=len(frame))
        return Encoded(
            word_rows=word_rows,
            word_slots=np.concatenate(
                [slots(0, word), slots(PAIR, word[:-1][near], word[1:][near]), slots(LINK, domain)]
            ),
            topic_rows=topic_rows,
            topic_slots=np.concatenate([slots(IN_TOPIC, topic[rows], word), *context]),
            topic_codes=topic,
            scale=1 / np.sqrt(np.maximum(size, 1)),
        )

    def _codes(self, values: pa.Array, listed: str) -> np.ndarray:
        """Position of each value in a list, -1 where it is not there (int64)."""
        if len(values) > FEW:
            return pc.fill_null(pc.index_in(values, value_set=getattr(self, listed)), -1).to_numpy().astype(np.int64)
        return np.array([self._places[listed].get(value, -1) for value in values.to_pylist()], dtype=np.int64)

    @cached_property
    def _places(self) -> dict[str, dict[str, int]]:
        """The lists turned round, which Arrow would do anew at every call: milliseconds for a single post."""
        return {name: {value: at for at, value in enumerate(each.to_pylist())} for name, each in vars(self).items()}


def derived(words_score: np.ndarray, topic_score: np.ndarray, topic_codes: np.ndarray) -> dict[str, np.ndarray]:
    """The columns of DERIVED. What belongs to an unknown topic is NaN: the booster learned from such rows too."""
    known = topic_codes >= 0
    return {
        "words_score": words_score,
        "topic_score": np.where(known, topic_score, np.nan),
        "text_score": words_score + np.where(known, topic_score, 0),
        "topic_code": np.where(known, topic_codes, np.nan),
    }


def matrix(frame: DataFrame, extra: dict[str, np.ndarray]) -> np.ndarray:
    """float32 (rows, COLUMNS); NaN where a value, or a whole column, is missing."""
    found = np.empty((len(frame), len(COLUMNS)), np.float32)
    found[:, : len(NUMBERS)] = frame.reindex(columns=NUMBERS).to_numpy(np.float64, na_value=np.nan)
    found[:, len(NUMBERS) :] = np.column_stack([extra[name] for name in DERIVED])
    return found


def features(frame: DataFrame, vocabulary: Vocabulary, weights: np.ndarray) -> np.ndarray:
    """What the boosters read of new posts, with the scores of the title model."""
    encoded = vocabulary.encode(frame)
    words = np.bincount(encoded.word_rows, weights[encoded.word_slots], len(frame)) * encoded.scale
    topic = np.bincount(encoded.topic_rows, weights[encoded.topic_slots], len(frame)) * encoded.scale
    return matrix(frame, derived(words, topic, encoded.topic_codes))


def level(frame: DataFrame, base: float) -> np.ndarray:
    """Recent level of each post's topic, from which the booster predicts the distance.

    So drift of a topic's level moves the prediction at once, without a retrain. A mean over few posts
    leans to `base`, a topic silent for 28 days falls back on 90.
    """
    found = np.full(len(frame), base)
    for days in (90, 28):
        if f"topic_mean_{days}d" in frame and f"topic_posts_{days}d" in frame:
            mean, posts = _float(frame[f"topic_mean_{days}d"]), _float(frame[f"topic_posts_{days}d"])
            mixed = (posts * mean + PSEUDO_POSTS * base) / (posts + PSEUDO_POSTS)
            found = np.where((posts > 0) & np.isfinite(mean), mixed, found)
    return found


def _float(values: Series) -> np.ndarray:
    return values.to_numpy(dtype=np.float64, na_value=np.nan)


class Scorer:
    """One bundle, ready to score."""

    def __init__(self, folder: Path) -> None:
        state = json.loads((folder / "state.json").read_text("utf-8"))
        self.base: float = state["base"]
        self.intercept, self.slope = state.get("calibration", (0.0, 1.0))  # bundles of before had none
        self.interval: dict[str, list[float]] = state["interval"]
        lists = {name: pa.array(state[name], STRING) for name in ("words", "topics", "domains")}
        self.vocabulary = Vocabulary(**lists)
        self.weights = np.load(folder / "words.npz", allow_pickle=False)["weights"]
        self.booster = lgb.Booster(model_str=(folder / "booster.txt").read_text("utf-8"))
        self.spread = lgb.Booster(model_str=(folder / "spread.txt").read_text("utf-8"))

    @classmethod
    def load(cls, directory: str) -> "Scorer":
        return cls(Path(directory))

    def predict(self, frame: DataFrame) -> DataFrame:
        """Columns value, low, high in log1p space, index kept; needs KEYS, takes any of NUMBERS as missing."""
        parts = [self._predict(part) for part in _chunks(frame)]
        found = np.concatenate(parts) if parts else np.zeros((0, 3))
        return DataFrame(found, columns=["value", "low", "high"], index=frame.index)

    def explain(self, frame: DataFrame) -> DataFrame:
        """Contribution of each of COLUMNS, `level` and `bias`: a row adds up to value, before it is cut at 0."""
        columns = [*COLUMNS, "bias"]
        if frame.empty:
            return DataFrame(columns=[*columns, "level"], index=frame.index, dtype=float)
        read = features(frame, self.vocabulary, self.weights)
        found = DataFrame(self.booster.predict(read, pred_contrib=True), columns=columns, index=frame.index)
        found = found.assign(level=level(frame, self.base)) * self.slope
        return found.assign(bias=found["bias"] + self.intercept)

    def raw(self, frame: DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """(value before the calibration, expected size of its error) of each row, log1p units."""
        found = features(frame, self.vocabulary, self.weights)
        value = level(frame, self.base) + self.booster.predict(found)
        return value, np.maximum(self.spread.predict(found), self.interval["least"][0])

    def _predict(self, frame: DataFrame) -> np.ndarray:
        value, error = self.raw(frame)
        value = self.intercept + self.slope * value
        below, above = (np.interp(value, self.interval["value"], self.interval[side]) for side in ("below", "above"))
        value = np.maximum(value, 0)
        low, high = value - error * below, value + error * above
        return np.column_stack([value, np.clip(low, 0, value), np.maximum(high, value)])


def _chunks(frame: DataFrame) -> Iterator[DataFrame]:
    for start in range(0, len(frame), CHUNK_ROWS):
        yield frame.iloc[start : start + CHUNK_ROWS]
