"""Which rows tell something new: a first sight, a correction, or nothing.

A table keeps every version that was ever known. The same content again adds nothing; other content under a
known key is a correction, learned now; going back to older content is one more correction.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from pandas import DataFrame, Series

HASH_KEY = "trimtab-row-hash"  # 16 characters, fixed for good: stored hashes depend on it
GOLDEN = 0x9E3779B97F4A7C15  # sets the columns apart, so that swapped values hash differently
NULL = "\0null"
TICK = pd.Timedelta(microseconds=1)


@dataclass(frozen=True)
class Settled:
    """Rows to insert, with their known time, and how many of them correct what was known."""

    rows: DataFrame
    corrected: int


def row_hash(rows: DataFrame, columns: list[str]) -> Series:
    """int64 over the content of each row: equal rows, equal hash, on every machine and day."""
    parts = [_column_hash(rows[column]) for column in columns]
    whole = np.zeros(len(rows), dtype="uint64")
    for place, part in enumerate(parts):
        whole = (whole ^ (part + np.uint64(GOLDEN * (place + 1) % 2**64))) * np.uint64(0x100000001B3)
        whole ^= whole >> np.uint64(29)
    return pd.Series(whole.view("int64"), index=rows.index)


def settle(rows: DataFrame, known: DataFrame, key: list[str], as_of: datetime) -> Settled:
    """Compare a batch with what is known of its keys.

    rows: key columns, row_hash, natural_at (known time of a first sight), stated_at (the source's own known
    time, or NaT). known: key columns, known_at, row_hash of every stored version of these keys.
    """
    codes = _codes(pd.concat([rows[key], known[key]], ignore_index=True))
    rows = rows.assign(code=codes[: len(rows)])
    versions = _versions(known, codes[len(rows) :])
    stated = rows["stated_at"].notna()
    parts = [_plain(rows[~stated], versions, as_of), _stated(rows[stated], versions, as_of)]
    fresh = pd.concat([part for part, _ in parts], ignore_index=True)
    return Settled(fresh.drop(columns="code"), sum(corrected for _, corrected in parts))


def _plain(rows: DataFrame, versions: DataFrame, as_of: datetime) -> tuple[DataFrame, int]:
    """Rows without a known time of their own.

    Of a key given more than once with different content, the first is its first sight and the last the
    correction; of a key known before, only the last counts, so that the same batch again adds nothing.
    """
    first, last = (rows.drop_duplicates("code", keep=keep).set_index("code", drop=False) for keep in ("first", "last"))
    latest = versions.drop_duplicates("code", keep="last").set_index("code").reindex(first.index)
    seen = latest["at"].notna()
    before_at = latest["at"].where(seen, first["natural_at"])
    before_hash = latest["hash"].where(seen, first["row_hash"].astype("Int64"))
    new = first.assign(known_at=first["natural_at"])[~seen]
    changed = last.reindex(first.index)[(last["row_hash"].reindex(first.index) != before_hash).to_numpy(dtype=bool)]
    corrected = changed.assign(known_at=_learned(before_at.reindex(changed.index), as_of))
    return pd.concat([new, corrected], ignore_index=True), len(corrected)


def _stated(rows: DataFrame, versions: DataFrame, as_of: datetime) -> tuple[DataFrame, int]:
    """Rows that say when they were known: versions at that time, unless it is taken by other content."""
    rows = rows.assign(known_at=rows["stated_at"])
    if rows.empty:
        return rows, 0
    last = rows.drop_duplicates(["code", "known_at"], keep="last").sort_values("known_at", kind="stable")
    prior = pd.merge_asof(last[["code", "known_at"]], versions, left_on="known_at", right_on="at", by="code")
    latest = versions.drop_duplicates("code", keep="last").set_index("code").reindex(last["code"])
    hashes = last["row_hash"].astype("Int64").array
    told = (prior["hash"].array == hashes).fillna(False).astype(bool)
    newest = (latest["hash"].array == hashes).fillna(False).astype(bool)
    taken = (prior["at"].array == last["known_at"].array) & ~told
    corrected = last[taken & ~newest].drop_duplicates("code", keep="last")
    at = latest["at"].groupby(level=0).last().reindex(corrected["code"]).set_axis(corrected.index)
    corrected = corrected.assign(known_at=_learned(at, as_of))
    return pd.concat([last[~told & ~taken], corrected], ignore_index=True), len(corrected)


def _learned(before: Series, as_of: datetime) -> Series:
    """Known time of a correction: now, and in any case after what it corrects."""
    return (before + TICK).clip(lower=pd.Timestamp(as_of).tz_convert("UTC")).astype("datetime64[us, UTC]")


def _versions(known: DataFrame, codes: np.ndarray) -> DataFrame:
    at = pd.Series(known["known_at"].to_numpy(dtype="datetime64[us]")).dt.tz_localize("UTC")
    versions = DataFrame({"code": codes, "at": at, "hash": pd.array(known["row_hash"], dtype="Int64")})
    return versions.sort_values("at", kind="stable", ignore_index=True)


def _codes(keys: DataFrame) -> np.ndarray:
    """A number for each different key, column by column: tuples would cost ten times as much."""
    whole = np.zeros(len(keys), dtype="int64")
    for column in keys:
        part, kinds = pd.factorize(keys[column])
        whole = pd.factorize(whole * max(1, len(kinds)) + part)[0]
    return whole


def _column_hash(values: Series) -> np.ndarray:
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return _numbers(values.dt.as_unit("us").astype("int64").to_numpy())
    if pd.api.types.is_float_dtype(values.dtype):
        return _numbers(values.fillna(-1.0).to_numpy(dtype="float64").view("int64"))
    filled = values.astype(object).where(values.notna(), NULL)
    if pd.api.types.infer_dtype(filled, skipna=False) != "string":
        filled = filled.astype(str)
    return pd.util.hash_array(filled.to_numpy(dtype=object), hash_key=HASH_KEY, categorize=False)


def _numbers(values: np.ndarray) -> np.ndarray:
    return pd.util.hash_array(values)
