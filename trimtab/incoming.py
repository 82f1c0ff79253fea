"""Checked rows into the tables of the lake: each once, corrections as new versions."""

from datetime import datetime, timedelta

import pandas as pd
import pyarrow as pa
from pandas import DataFrame, Series

from trimtab.lake import Lake
from trimtab.posts import COUNTS, KEYS, TABLES
from trimtab.settings import Ingest
from trimtab.source import Feed
from trimtab.versions import row_hash, settle

NATURAL = {"posts": "published_at", "snapshots": "measured_at", "labels": "labelled_at"}
STATED = {"posts": "known_at", "snapshots": "measured_known_at", "labels": "labelled_known_at"}
OUTSIDE_HASH = ("post_id", "known_at", "source", "row_hash")


def waiting(mapped: DataFrame, until: datetime | None) -> Series:
    """Rows that were not there yet at `until`: left for a later run, neither taken nor refused."""
    if until is None:
        return pd.Series(False, index=mapped.index)
    own = "published_at" if "published_at" in mapped else "measured_at" if "measured_at" in mapped else "labelled_at"
    stated = {"published_at": "known_at", "measured_at": "measured_known_at", "labelled_at": "labelled_known_at"}[own]
    return mapped[stated].fillna(mapped[own]) >= pd.Timestamp(until)


def add_rows(
    lake: Lake, table: str, mapped: DataFrame, feed: Feed, as_of: datetime, settings: Ingest, held: bool = False
) -> dict[str, int]:
    """Insert what is new of a table; returns how many rows were new and how many corrected others.

    Rows that were `held` in quarantine are known from now on, whenever they first arrived.

    A count or label that is due at an age its post has not reached yet is left out, not refused.
    """
    due = mapped[due_by(mapped, table, as_of + timedelta(hours=settings.future_tolerance_hours))]
    if due.empty:
        return {}
    natural = due[NATURAL[table]].clip(lower=pd.Timestamp(as_of)) if held else due[NATURAL[table]]
    rows = due.assign(natural_at=natural, stated_at=due[STATED[table]])
    rows["row_hash"] = row_hash(rows, [name for name in TABLES[table].names if name not in OUTSIDE_HASH])
    key = list(KEYS[table])
    with lake.lock(table):
        ids = pa.array(rows["post_id"].unique(), pa.string())
        known = lake.matching(table, [*key, "known_at", "row_hash"], "post_id", ids).to_pandas()
        settled = settle(rows, known, key, as_of)
        shaped = pa.Table.from_pandas(settled.rows[TABLES[table].names], TABLES[table], preserve_index=False)
        lake.insert_new(table, shaped, on=[*key, "known_at", "row_hash"])
    return {f"{table}_new": shaped.num_rows - settled.corrected, f"{table}_corrected": settled.corrected}


def due_by(mapped: DataFrame, table: str, latest: datetime) -> Series:
    """Rows that say something for a table and whose time has come."""
    if mapped.empty:
        return pd.Series(False, index=mapped.index)
    if table == "posts":
        return pd.Series(True, index=mapped.index)
    told = mapped[list(COUNTS)].notna().any(axis=1) if table == "snapshots" else mapped["label"].notna()
    return told & (mapped[NATURAL[table]] <= pd.Timestamp(latest))
