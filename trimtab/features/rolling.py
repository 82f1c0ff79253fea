"""Rolling aggregates as exact step functions of known time.

An outcome enters its key's aggregate when it becomes known, leaves one window later, and a correction
in between replaces its value from the moment of the correction on. Between two such moments nothing
changes, so one row a step holds the aggregate at every instant: the row in force at T is the last one
at or before T, which is just what a point-in-time join picks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas import DataFrame

DAY = np.timedelta64(86_400_000_000, "us")
FOREVER = np.datetime64("2262-01-01", "us")


@dataclass(frozen=True)
class Aggregates:
    """Which columns a view gets, by window in days; `posts` and `mean` come for every one of `windows`."""

    prefix: str
    windows: Sequence[int]
    deviation: Sequence[int] = ()
    best: Sequence[int] = ()
    trend: tuple[int, int] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        names = [f"{self.prefix}_{stat}_{days}d" for days in self.windows for stat in ("posts", "mean")]
        names += [f"{self.prefix}_sd_{days}d" for days in self.deviation]
        names += [f"{self.prefix}_best_{days}d" for days in self.best]
        return tuple(names + [f"{self.prefix}_trend"] * (self.trend is not None))


def lives(posts: DataFrame, outcomes: DataFrame) -> DataFrame:
    """What each outcome was worth, to which keys, and from when to when.

    `posts` holds every version of each post (post_id, key columns, known_at), `outcomes` every version of
    its outcome (post_id, value, label_known_at). Returns the key columns, x = log1p(value), and start, end,
    entered (datetime64[us], UTC); `end` is the next correction, of the outcome or of a key.
    """
    keys = [name for name in posts.columns if name not in ("post_id", "known_at")]
    seen = posts[posts["post_id"].isin(outcomes["post_id"])].rename(columns={"known_at": "start"})
    valued = outcomes.rename(columns={"label_known_at": "start"})
    both = pd.concat([seen.assign(post=True), valued.assign(post=False)], ignore_index=True)
    both["start"] = _naive(both["start"])
    both = both.sort_values(["post_id", "start", "post"], ascending=[True, True, False], kind="stable")
    filled = both.groupby("post_id", sort=False)[[*keys, "value"]].ffill()
    both["x"] = np.log1p(filled["value"].clip(lower=0))
    both[keys] = filled[keys]
    both["end"] = both.groupby("post_id", sort=False)["start"].shift(-1).fillna(FOREVER)
    known = both[both["x"].notna() & both["post_id"].notna()].copy()
    known["entered"] = known.groupby("post_id", sort=False)["start"].transform("min")
    return known[[*keys, "x", "start", "end", "entered"]].reset_index(drop=True)


def steps(lived: DataFrame, key: str, wanted: Aggregates) -> DataFrame:
    """One row a key and moment at which an aggregate changes: key, event_timestamp, `wanted.columns`.

    An empty window has 0 posts and NaN for the rest. Rows without a key count for no key.
    """
    known = lived[lived[key].notna() & (lived[key] != "")]
    known = known.sort_values([key, "start", "x"], kind="stable").reset_index(drop=True)
    codes, names = pd.factorize(known[key])
    spans = {days: _Span.of(known, codes, days) for days in wanted.windows}
    grid = _Grid(spans)
    columns: dict[str, np.ndarray] = {}
    for days in wanted.windows:
        columns |= {f"{wanted.prefix}_{stat}_{days}d": value for stat, value in grid.moments(days).items()}
    for days in wanted.best:
        columns[f"{wanted.prefix}_best_{days}d"] = grid.largest(days)
    if wanted.trend:
        short, long = (columns[f"{wanted.prefix}_mean_{days}d"] for days in wanted.trend)
        columns[f"{wanted.prefix}_trend"] = short - long
    found = DataFrame({name: columns[name].astype("float32") for name in wanted.columns})
    found.insert(0, key, names.to_numpy(dtype=object)[grid.codes])
    found.insert(1, "event_timestamp", pd.DatetimeIndex(grid.times, tz="UTC"))
    return found


@dataclass(frozen=True)
class _Span:
    """The part of each life that lies within one window: whose, from when, until when, how much."""

    codes: np.ndarray
    opens: np.ndarray
    closes: np.ndarray
    x: np.ndarray

    @classmethod
    def of(cls, known: DataFrame, codes: np.ndarray, days: int) -> "_Span":
        start, end, entered = (known[name].to_numpy("datetime64[us]") for name in ("start", "end", "entered"))
        end = np.minimum(end, entered + days * DAY)
        inside = start < end
        return cls(codes[inside], start[inside], end[inside], known["x"].to_numpy()[inside])


class _Grid:
    """Every (key, moment) at which anything changes, in order, and the aggregates from then on."""

    def __init__(self, spans: Mapping[int, _Span]) -> None:
        moments = _distinct([times for span in spans.values() for times in (span.opens, span.closes)])
        size = max(len(moments), 1)  # a place is key * size + rank of the moment: sorts as (key, moment)
        flat = {
            days: [span.codes * size + np.searchsorted(moments, times) for times in (span.opens, span.closes)]
            for days, span in spans.items()
        }
        places = _distinct([ends for pair in flat.values() for ends in pair])
        self.codes, ranks = np.divmod(places, size)
        self.times = moments[ranks]
        self._spans = spans
        self._at = {days: [np.searchsorted(places, ends) for ends in pair] for days, pair in flat.items()}

    def moments(self, days: int) -> dict[str, np.ndarray]:
        """Number, mean and population standard deviation of what is in the window."""
        x = self._spans[days].x
        posts = np.rint(self._running(days, np.ones(len(x))))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(posts > 0, self._running(days, x) / posts, np.nan)
            square = np.where(posts > 0, self._running(days, x * x) / posts, np.nan)
        return {"posts": posts, "mean": mean, "sd": np.sqrt(np.maximum(square - mean * mean, 0))}

    def largest(self, days: int) -> np.ndarray:
        """Largest x in the window: painted in ascending order, so that the largest stays on top."""
        x = self._spans[days].x
        order = np.argsort(x, kind="stable")
        opens, closes = (ends[order].tolist() for ends in self._at[days])
        found = np.full(len(self.codes), np.nan)
        for first, last, value in zip(opens, closes, x[order].tolist(), strict=True):
            found[first:last] = value
        return found

    def _running(self, days: int, amount: np.ndarray) -> np.ndarray:
        opens, closes = self._at[days]
        change = np.bincount(opens, amount, len(self.codes)) - np.bincount(closes, amount, len(self.codes))
        return pd.Series(change).groupby(self.codes).cumsum().to_numpy()


def _distinct(parts: list[np.ndarray]) -> np.ndarray:
    ordered = np.sort(np.concatenate(parts))  # np.unique hashes first, which is four times slower here
    return ordered[np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)]]


def _naive(times: pd.Series) -> pd.Series:
    return times.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]")
