"""Error, interval and speed of the engagement model on Reddit, by quarter, on the product's own path.

    python -m benchmarks.engagement_reddit DATA

DATA holds reddit_2011_2013.parquet (docs/sources.md). Ingest, Feast features and training frame are the product's;
for each quarter the model learns from what was known before it and scores the quarter frozen. Peers in the same
run: the topic's median of the quarter before, and a stale model that saw nothing after March 2012.
Bars: mean MAE of log1p(comments) 0.645, none above 0.655, fit on 160,000 posts 15 s, 100,000 posts scored a second.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from pandas import DataFrame, Period, Timestamp

from models.engagement import MODEL, metrics
from models.history import load_history
from models.scoring_engagement import Scorer
from models.spec import FitSettings, Fitted
from models.stores import Stores
from monitoring.door import Door, ingest
from trimtab.authors import Authors
from trimtab.settings import Settings
from trimtab.source import load
from trimtab.windows import Window, utc

FILE = "reddit_2011_2013.parquet"
EXAMPLE = Path(__file__).parents[1] / "examples" / "reddit.yaml"
QUARTERS = ("2012Q4", "2013Q1", "2013Q2")
STALE = Timestamp("2012-04-01", tz="UTC")
BAR_MEAN, BAR_EACH, BAR_SECONDS, BAR_RATE = 0.645, 0.655, 15, 100_000
FIT_POSTS, SCORE_POSTS, REPEATS = 160_000, 100_000, 5


def frame(data: Path, home: Path) -> DataFrame:
    """Every post with its features as known when it was scored, and its outcome."""
    shutil.copy(EXAMPLE, home / "reddit.yaml")
    (home / "data").symlink_to(data.resolve())
    stores = Stores(Settings(home=home / "home"))
    as_of = utc("2014-01-01")
    ingest(Door(stores.lake, Authors.of(stores.settings.home), stores.settings.ingest, datetime.now(UTC)),
           load(home / "reddit.yaml"))  # fmt: skip
    stores.refresh_features(as_of)
    return load_history(stores, MODEL, Window(utc("2010-01-01"), as_of), as_of).labelled(as_of)


def bounds(quarter: str) -> tuple[Timestamp, Timestamp]:
    period = Period(quarter, "Q")
    return period.start_time.tz_localize("UTC"), (period + 1).start_time.tz_localize("UTC")


def within(rows: DataFrame, quarter: str) -> DataFrame:
    start, end = bounds(quarter)
    return rows[(rows["published_at"] >= start) & (rows["published_at"] < end)]


def learned(rows: DataFrame, moment: Timestamp) -> Scorer:
    known = rows[rows["label_known_at"] <= moment].reset_index(drop=True)
    return scorer(MODEL.fit(known, FitSettings()))


def scorer(fitted: Fitted) -> Scorer:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in fitted.files.items():
            (Path(folder) / name).write_bytes(content)
        return Scorer.load(folder)


def naive(rows: DataFrame, quarter: str) -> float:
    """MAE of the topic's median of the quarter before, of all posts for a new topic."""
    before = within(rows, str(Period(quarter, "Q") - 1))
    now = within(rows, quarter)
    guess = now["topic"].map(before.groupby("topic")["target"].median()).fillna(before["target"].median())
    return float(np.abs(now["target"] - guess).mean())


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = frame(asked.data, Path(folder))
    stale = learned(rows, STALE)
    found = [judge(rows, quarter, stale) for quarter in QUARTERS]
    print(pd.DataFrame(found, index=pd.Index(QUARTERS)).round(3).to_string())
    errors = [row["mae"] for row in found]
    print(f"mean MAE {statistics.mean(errors):.3f} (bar {BAR_MEAN}), worst {max(errors):.3f} (bar {BAR_EACH})")
    took, rate = speed(rows)
    return int(statistics.mean(errors) > BAR_MEAN or max(errors) > BAR_EACH or took > BAR_SECONDS or rate < BAR_RATE)


def judge(rows: DataFrame, quarter: str, stale: Scorer) -> dict[str, float]:
    now = within(rows, quarter)
    fresh = metrics(now, learned(rows, bounds(quarter)[0]).predict(now))
    old = metrics(now, stale.predict(now))["mae"]
    return {**fresh, "naive_mae": naive(rows, quarter), "stale_mae": old, "posts": len(now)}


def speed(rows: DataFrame) -> tuple[float, float]:
    """(median seconds of a fit, posts scored a second), each printed against its bar."""
    oldest = rows.head(FIT_POSTS).reset_index(drop=True)
    took = statistics.median(seconds(lambda: MODEL.fit(oldest, FitSettings())) for _ in range(3))
    ready, posts = scorer(MODEL.fit(oldest, FitSettings())), rows.tail(SCORE_POSTS)
    ready.predict(posts)
    rate = len(posts) / statistics.median(seconds(lambda: ready.predict(posts)) for _ in range(REPEATS))
    print(
        f"fit on {len(oldest):,} posts {took:.1f} s (bar {BAR_SECONDS}), scores {rate:,.0f} posts/s (bar {BAR_RATE:,})"
    )
    return took, rate


if __name__ == "__main__":
    sys.exit(main())
