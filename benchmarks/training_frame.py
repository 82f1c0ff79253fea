"""Seconds for a Feast training frame of 200,000 posts, all views, against a bare DuckDB ASOF join of the same files.

    python -m benchmarks.training_frame [--posts 200000] [--rounds 3]

Posts are drawn at random (seeded): 250 topics, 20,000 authors and 18,000 domains of unequal size over 900 days.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from pandas import DataFrame

from models.feature_store import FeatureStore
from models.frames import first_seen
from trimtab.features import KEYS, build, topic_key
from trimtab.lake import Lake
from trimtab.posts import POSTS, SNAPSHOTS
from trimtab.settings import Settings
from trimtab.windows import utc

START, DAYS = pd.Timestamp("2011-01-01", tz="UTC"), 900
WORDS = np.array("the a of why who best new old cat dog news game music love hate never great awful".split())  # noqa: SIM905


def posts(rows: int, rng: np.random.Generator) -> DataFrame:
    def skewed(kinds: int) -> np.ndarray:
        return (kinds * rng.random(rows) ** 3).astype(int).astype(str)

    published = START + pd.to_timedelta(rng.random(rows) * DAYS * 86_400e6, unit="us").floor("us")
    text = [" ".join(WORDS[picked]) for picked in rng.integers(0, len(WORDS), (rows, 10))]
    return DataFrame(
        {
            "post_id": [f"reddit:{row}" for row in range(rows)],
            "platform": "reddit",
            "topic": skewed(250),
            "author": skewed(20_000),
            "text": text,
            "link_domain": skewed(18_000),
            "body_chars": rng.integers(0, 1000, rows),
            **dict.fromkeys(("has_image", "has_video", "has_link"), False),
            "published_at": published,
            "known_at": published,
            "source": "benchmark",
            "row_hash": 0,
        }
    )


def snapshots(posts: DataFrame, rng: np.random.Generator) -> DataFrame:
    measured = posts["published_at"] + Settings().engagement.horizon
    counts = {"comments": rng.lognormal(2, 1.5, len(posts)).astype(int), "likes": None, "shares": None, "views": None}
    named = {"post_id": posts["post_id"], "measured_at": measured, "known_at": measured}
    return DataFrame({**named, **counts, "source": "benchmark", "row_hash": 0})


def bare(path: Path, entities: DataFrame) -> int:
    joins = [
        f"ASOF LEFT JOIN (SELECT * RENAME (event_timestamp AS {view}_at, {key} AS {view}_key) FROM "
        f"read_parquet('{path}/data/{view}.parquet')) {view} ON e.{key} = {view}_key AND e.event_timestamp >= {view}_at"
        for view, key in KEYS.items()
    ]
    with duckdb.connect() as connection:
        connection.register("e", entities)
        found = connection.sql(f"SELECT * EXCLUDE (platform, topic) FROM e {' '.join(joins)}")
        return len(found.to_arrow_table().to_pandas())


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        lake, store = Lake(Path(folder) / "lake"), FeatureStore(Path(folder) / "features")
        drawn = posts(asked.posts, rng)
        lake.append("posts", pa.Table.from_pandas(drawn, POSTS, preserve_index=False))
        lake.append("snapshots", pa.Table.from_pandas(snapshots(drawn, rng), SNAPSHOTS, preserve_index=False))
        as_of = utc("2014-01-01")
        print(f"build, all views    {seconds(lambda: store.refresh(build(lake, as_of, Settings()))):6.2f} s")
        entities = first_seen(lake, as_of).reset_index(drop=True)
        entities = entities.assign(topic_key=topic_key(entities))
        print(f"Feast frame, cold   {seconds(lambda: store.frame('engagement', entities)):6.2f} s")
        pairs = [
            (seconds(lambda: store.frame("engagement", entities)), seconds(lambda: bare(store.path, entities)))
            for _ in range(asked.rounds)
        ]
    feast, join = (statistics.median(side) for side in zip(*pairs, strict=True))
    print(f"Feast frame, warm   {feast:6.2f} s  ({asked.posts:,} posts, all views, median of {asked.rounds})")
    print(f"bare DuckDB ASOF    {join:6.2f} s")
    print(f"ratio               {feast / join:6.2f}")


if __name__ == "__main__":
    main()
