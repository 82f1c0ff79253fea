"""Quality and speed of the sentiment model on tweets of SemEval-2017 task 4A.

    python -m benchmarks.sentiment_semeval DATA

DATA is the folder that holds tweets_semeval_2011_2016.parquet (tweet_id, label, text, split, created_at). Learned
from every split but twitter-2017test-A, judged on that; a tweet whose id or exact text is in the test is left out.
Calibration error: 15 equal-width bins of the top probability.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from pandas import DataFrame

from models.scoring_sentiment import Scorer
from models.sentiment import MODEL
from models.spec import FitSettings
from trimtab.features.content import content_features

TEST = "twitter-2017test-A"
FILE = "tweets_semeval_2011_2016.parquet"
AT_LEAST = {"average_recall": 0.655, "f1_poles": 0.645}
AT_MOST = {"calibration_error": 0.03, "train_seconds": 180.0}


def rows(tweets: DataFrame) -> DataFrame:
    """Training frame of tweets, in order of time."""
    posts = DataFrame(
        {
            "post_id": "twitter:" + tweets["tweet_id"].astype(str),
            "platform": "twitter",
            "topic": "semeval",
            "text": tweets["text"],
            **dict.fromkeys(("has_image", "has_video", "has_link")),
            "body_chars": pd.array([None] * len(tweets), "Int32"),
            "published_at": pd.to_datetime(tweets["created_at"], utc=True),
        }
    )
    frame = content_features(posts).assign(event_timestamp=posts["published_at"], target=tweets["label"])
    return frame.sort_values("event_timestamp", kind="stable")


def parts(path: Path) -> tuple[DataFrame, DataFrame]:
    """(learned from, judged on)."""
    tweets = pd.read_parquet(path).drop_duplicates("tweet_id")
    test = tweets[tweets["split"] == TEST]
    rest = tweets[tweets["split"] != TEST]
    seen = rest["tweet_id"].isin(test["tweet_id"]) | rest["text"].isin(test["text"])
    return rows(rest[~seen]), rows(test)


def measured(train: DataFrame, test: DataFrame, threads: int) -> dict[str, float]:
    start = time.perf_counter()
    fitted = MODEL.fit(train, FitSettings(threads=threads))
    trained = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        for name, content in fitted.files.items():
            (Path(folder) / name).write_bytes(content)
        scorer = Scorer.load(folder)
    start = time.perf_counter()
    predictions = scorer.predict(test)
    scored = time.perf_counter() - start
    size = sum(map(len, fitted.files.values())) / 2**20
    speed = {"train_seconds": trained, "score_tweets_per_second": len(test) / scored, "bundle_mib": size}
    return MODEL.metrics(test, predictions) | speed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    if not (asked.data / FILE).exists():
        print(f"Skipped: {asked.data / FILE} is not there.")
        return
    train, test = parts(asked.data / FILE)
    found = measured(train, test, asked.threads)
    print(f"learned from {len(train):,} tweets, judged on {len(test):,}")
    for name, value in found.items():
        print(f"{name:24} {value:10.4f}{wanted(name)}")
    if any(found[name] < bar for name, bar in AT_LEAST.items()) or any(
        found[name] > bar for name, bar in AT_MOST.items()
    ):
        sys.exit("A bar is missed.")


def wanted(name: str) -> str:
    if name in AT_LEAST:
        return f"  wanted at least {AT_LEAST[name]:g}"
    return f"  wanted at most {AT_MOST[name]:g}" if name in AT_MOST else ""


if __name__ == "__main__":
    main()
