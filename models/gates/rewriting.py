"""Posts written otherwise: a text exchanged for another, with what the feature store reads off a text."""

import re
from collections.abc import Callable, Sequence

import pandas as pd
from pandas import DataFrame, Timestamp

from models.gates import cases
from trimtab.features.content import NUMBERS, content_features
from trimtab.posts import MEDIA

# Variation selectors and joiners go with the emoji that they belong to.
EMOJI = re.compile("[\u2600-\u27bf\u2b50\ufe0f\u200d\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff]")
OF_TEXT = [name for name in NUMBERS if name not in (*MEDIA, "body_chars", "hour", "weekday", "hour_of_week")]
Rewriting = Callable[[str, int], str]  # (text, its place) -> a text that means the same

REWRITINGS: dict[str, Rewriting] = {
    "lower case": lambda text, at: text.lower(),
    "capitals": lambda text, at: text.upper(),
    "a link added": lambda text, at: text + cases.LINKS[at % len(cases.LINKS)],
    "emoji left out": lambda text, at: EMOJI.sub("", text).strip(),
}


def rewritten(rows: DataFrame, texts: Sequence[str]) -> DataFrame:
    """`rows` with these texts and what can be read off them; all else of a row stays as it is."""
    posts = DataFrame({"text": list(texts), "platform": "", "topic": "", **dict.fromkeys(MEDIA)})
    moment = Timestamp("2024-01-01", tz="UTC")
    found = content_features(posts.assign(body_chars=pd.array([None] * len(posts), "Int32"), published_at=moment))
    read = {name: found[name].to_numpy() for name in OF_TEXT if name in rows}
    return rows.assign(text=list(texts), **read)
