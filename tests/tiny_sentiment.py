"""Made-up posts whose mood is plain, and a sentiment model fitted to them."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from pandas import DataFrame

from models.scoring_sentiment import Scorer
from models.sentiment import MODEL
from models.spec import FitSettings, Fitted

GOOD, BAD = ["love", "great", "happy", "awesome", "wonderful"], ["hate", "awful", "sad", "terrible", "disgusting"]
THINGS = ["the game", "this film", "my phone", "our train", "the new album", "this team", "the weather", "her show"]
PLAIN = ["{} starts at 7 tomorrow", "tickets for {} on Friday", "{} was on TV http://t.co/x", "news about {} today"]
MOODY = ["I {1} {0}", "{0} is {1}", "so {1} about {0} today", "{0} starts tomorrow, {1}!", "{1} news about {0}"]


def posts(*texts: str) -> DataFrame:
    return DataFrame({"text": list(texts)})


def rows(count: int = 420, seed: int = 0) -> DataFrame:
    """A training frame, a third of each label, in order of time."""
    draw = np.random.default_rng(seed)
    made = []
    for label in draw.permutation(np.resize(["negative", "neutral", "positive"], count)):
        thing = draw.choice(THINGS)
        word = draw.choice(GOOD if label == "positive" else BAD)
        made.append(
            (draw.choice(PLAIN).format(thing) if label == "neutral" else draw.choice(MOODY).format(thing, word), label)
        )
    times = pd.Timestamp("2012-04-01", tz="UTC") + pd.to_timedelta(np.arange(count), unit="h")
    frame = DataFrame(made, columns=["text", "target"])
    return frame.assign(
        post_id=[f"x:{i}" for i in range(count)], platform="x", event_timestamp=times, chars=frame["text"].str.len()
    )


@cache
def fitted() -> Fitted:
    return MODEL.fit(rows(), FitSettings())


@cache
def scorer() -> Scorer:
    return unpacked(fitted())


def unpacked(bundle: Fitted) -> Scorer:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in bundle.files.items():
            (Path(folder) / name).write_bytes(content)
        return Scorer.load(folder)


def labels(*texts: str) -> list[str]:
    return scorer().predict(posts(*texts))["label"].tolist()
