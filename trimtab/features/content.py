"""What can be read off a post alone, at once and without history."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pandas import DataFrame

from trimtab.features.characters import count_classes
from trimtab.features.lexicon import valences
from trimtab.posts import MEDIA

STRINGS = ("text", "platform", "topic")
PATTERNS = {
    "words": r"\S+",
    "links": r"(?i)https?://|\bwww\.",
    "hashtags": r"#[\pL\pN_]+",
    "mentions": r"(?:^|[^\pL\pN_.])[@＠][\pL\pN_]+",
    "emoji": r"[\x{2600}-\x{27BF}\x{1F1E6}-\x{1F1FF}\x{1F300}-\x{1FAFF}]",
    "questions": r"[?？؟]",
    "exclamations": r"[!！]",
    "digits": r"\pN",
    "brackets": r"[\[(（【]",
}
STATED = (*MEDIA, "body_chars")
CLASSES = {  # patterns of single characters
    "capitals": r"\p{Lu}",
    **{name: PATTERNS[name] for name in ("emoji", "questions", "exclamations", "digits", "brackets")},
}
NUMBERS = (
    "chars",
    *PATTERNS,
    "capitals_share",
    "lexicon_positive",
    "lexicon_negative",
    "lexicon_compound",
    *MEDIA,
    "body_chars",
    "hour",
    "weekday",
    "hour_of_week",
)
COLUMNS = (*STRINGS, *NUMBERS)


def content_features(posts: DataFrame) -> DataFrame:
    """Content of each post, indexed like `posts`: strings of STRINGS, float32 of NUMBERS, NaN where unknown.

    Hour and weekday (Monday 0) are UTC at publication; capitals_share is upper-case letters over
    characters; lexicon_* are VADER valences, compound squashed to [-1, 1].
    """
    text = arrow(posts["text"].fillna("").to_numpy(dtype=object))
    stated = {name: posts[name].to_numpy("float32", na_value=np.nan) for name in STATED}
    numbers = content_numbers(text, stated, posts["published_at"].to_numpy("datetime64[us]"))
    words = {"text": text.to_pandas().to_numpy(), **{name: posts[name].to_numpy() for name in ("platform", "topic")}}
    columns = dict(zip(NUMBERS, numbers, strict=True))
    return DataFrame({**words, **columns}, index=posts.index)


def content_numbers(text: pa.Array, stated: Mapping[str, np.ndarray], published: np.ndarray) -> np.ndarray:
    """(len(NUMBERS), posts) float32 of texts without nulls, what posts state of themselves (STATED), and datetime64."""
    found = {**_counts(text), **_sentiment(text), **stated, **_clock(published)}
    return np.array([found[name] for name in NUMBERS], dtype=np.float32)


def arrow(texts: np.ndarray) -> pa.Array:
    """Strings as Arrow has them."""
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:  # half a surrogate pair, which no UTF-8 can hold
        return pa.array([text.encode("utf-8", "replace").decode() for text in texts], pa.large_string())


def _counts(text: pa.Array) -> dict[str, np.ndarray]:
    """As PATTERNS count; what has Unicode's classes in it is counted by a table of characters."""
    chars = pc.utf8_length(text).to_numpy()
    found = count_classes(text, chars, CLASSES)
    links = pc.count_substring_regex(text, PATTERNS["links"]).to_numpy()
    return {**found, "chars": chars, "links": links, "capitals_share": found["capitals"] / np.maximum(chars, 1)}


def _sentiment(text: pa.Array) -> dict[str, np.ndarray]:
    positive, negative = valences(text)
    total = positive + negative
    return {
        "lexicon_positive": positive,
        "lexicon_negative": negative,
        "lexicon_compound": total / np.sqrt(total**2 + 15),
    }


def _clock(published: np.ndarray) -> dict[str, np.ndarray]:
    hours = np.where(np.isnat(published), np.nan, published.astype("datetime64[h]").astype(np.int64))
    hour, weekday = hours % 24, (hours // 24 + 3) % 7  # 1970 began on a Thursday
    return {"hour": hour, "weekday": weekday, "hour_of_week": weekday * 24 + hour}
