"""Rows as the training frame carries them, drawn at random with a truth that is known."""

import numpy as np
import pandas as pd
from pandas import DataFrame

from models.scoring_engagement import NUMBERS

WORDS = ["apple", "river", "stone", "cloud", "paper", "green", "night", "train", "glass", "music"]


def make_rows(count: int = 1500, seed: int = 0) -> DataFrame:
    """One post an hour in eight topics. target = level of the topic, plus 1 for "why" in the text, plus noise."""
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, 8, count)
    asks = rng.random(count) < 0.3
    text = [" ".join(rng.choice(WORDS, 5)) + (" why" if why else "") for why in asks]
    scored = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(np.arange(count), unit="h")
    rows = DataFrame({name: np.full(count, np.nan, np.float32) for name in NUMBERS})
    mean = 1.0 + 0.3 * topic
    known = {
        "post_id": [f"p:{row}" for row in range(count)],
        "platform": "p",
        "topic": [f"t{name}" for name in topic],
        "author": None,
        "text": text,
        "link_domain": None,
        "published_at": scored,
        "event_timestamp": scored,
        "label_known_at": scored + pd.Timedelta(hours=48),
        "chars": [float(len(words)) for words in text],
        "hour": scored.hour,
        "has_link": 0.0,
        "topic_mean_28d": mean,
        "topic_posts_28d": 40.0,
        "target": np.maximum(mean + asks + rng.normal(0, 0.3 + 0.1 * topic, count), 0),
    }
    return rows.assign(**known)
