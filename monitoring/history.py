"""What batches of a feed usually look like, and how far a new one is from it. Pure arithmetic.

A batch is a file, or a chunk of a file that is longer than `ingest.chunk_rows`. It is held against the accepted
batches nearest to it in event time, by median, so that neither growth nor a backfill is a surprise. A batch
that a person forced through is a precedent: what lies between it and the usual passes.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from pandas import DataFrame

from monitoring.contract import LEAST_JUDGED_ROWS

PEERS = 28  # accepted batches that are looked back at: four weeks of daily ones
LEAST_PEERS = 5
LEAST_POSITIVE = 10  # counts above zero that a median is worth something from
NOISE = 3.0  # standard deviations of a share that are chance
DAY = 86_400.0


@dataclass(frozen=True)
class Profile:
    """What is kept of a batch, as JSON in the table of batches."""

    feed: str
    fingerprint: str  # of the file
    whole: bool  # the batch is all of its file, so that its rows say something about the volume
    rows: int
    bad: int
    start: float | None = None  # event time in epoch seconds, without the outermost 5 % on either side
    end: float | None = None
    nulls: dict[str, float] | None = None  # share, by column
    medians: dict[str, float] | None = None  # of the counts above zero
    forced: bool = False
    mapping: str = ""
    reasons: tuple[str, ...] = ()
    first_bad: str = ""  # why the first bad row is bad

    @property
    def rate(self) -> float:
        """Rows for each day covered; a shorter span counts as a day."""
        span = 0.0 if self.start is None or self.end is None else (self.end - self.start) / 0.9
        return self.rows / max(1.0, span / DAY)

    @property
    def middle(self) -> datetime | None:
        """Halfway through the events of the batch."""
        if self.start is None or self.end is None:
            return None
        return datetime.fromtimestamp((self.start + self.end) / 2, UTC)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Profile":
        content: dict[str, Any] = json.loads(text)
        return cls(**{**content, "reasons": tuple(content["reasons"])})


@dataclass(frozen=True)
class Measured:
    """Measures of one batch by name (NaN where there is nothing to judge by), each with its sentence."""

    values: dict[str, float]
    sentences: dict[str, str]


def profile(base: Profile, good: DataFrame, times: str, nullable: Sequence[str], counts: Sequence[str]) -> Profile:
    """Fill in what the good rows of a batch show; `times` is their column of event time."""
    if good.empty:
        return base
    moments = good[times].dropna().to_numpy(dtype="datetime64[us]").astype("int64") / 1e6
    ends = np.quantile(moments, [0.05, 0.95]) if len(moments) else (None, None)
    positive = {count: good[count][good[count] > 0] for count in counts}
    return replace(
        base,
        start=None if ends[0] is None else float(ends[0]),
        end=None if ends[1] is None else float(ends[1]),
        nulls={column: float(good[column].isna().mean()) for column in nullable},
        medians={count: float(np.median(v)) for count, v in positive.items() if len(v) >= LEAST_POSITIVE},
    )


def measure(batch: Profile, history: Sequence[Profile]) -> Measured:
    """Distances of a batch from what is usual; too short a history leaves only the share of bad rows."""
    share = batch.bad / batch.rows if batch.rows >= LEAST_JUDGED_ROWS else math.nan
    values = {"bad_share": share}
    such = f", the first because: {batch.first_bad}" if batch.first_bad else ""
    sentences = {"bad_share": f"{batch.bad:,} of {batch.rows:,} rows are bad{such}"}
    peers = _nearest(batch, [peer for peer in history if peer.start is not None])
    if batch.start is None or len(peers) < LEAST_PEERS:
        return Measured(values, sentences)
    for name, (value, sentence) in (_volume(batch, peers) | _units(batch, peers) | _nulls(batch, peers)).items():
        values[name], sentences[name] = value, sentence
    return Measured(values, sentences)


def _nearest(batch: Profile, history: Sequence[Profile]) -> list[Profile]:
    def distance(peer: Profile) -> float:
        return abs((peer.start or 0) + (peer.end or 0) - (batch.start or 0) - (batch.end or 0))

    return sorted(history, key=distance)[:PEERS]


def _volume(batch: Profile, peers: Sequence[Profile]) -> dict[str, tuple[float, str]]:
    files = [peer for peer in peers if peer.whole]
    if len(files) < LEAST_PEERS:
        return {}
    usual = float(np.median([peer.rate for peer in files]))
    if usual < LEAST_JUDGED_ROWS:
        return {}
    ratio = _ratio(batch.rate, usual, [peer.rate for peer in files if peer.forced])
    if not batch.whole:  # a part of a file can show too much, never too little
        ratio = max(ratio, 1.0)
    return {"rows_ratio": (ratio, f"volume: {batch.rate:,.0f} rows a day where {usual:,.0f} are usual")}


def _units(batch: Profile, peers: Sequence[Profile]) -> dict[str, tuple[float, str]]:
    found = {}
    for count, median in (batch.medians or {}).items():
        seen = [peer.medians[count] for peer in peers if count in (peer.medians or {})]  # type: ignore[index]
        if len(seen) < LEAST_PEERS:
            continue
        usual = math.exp(float(np.median(np.log(seen))))
        forced = [peer.medians[count] for peer in peers if peer.forced and count in (peer.medians or {})]  # type: ignore[index]
        sentence = f"units: the median of {count} is {median:,.4g} where {usual:,.4g} is usual"
        found[f"unit_ratio:{count}"] = (_ratio(median, usual, forced), sentence)
    return found


def _nulls(batch: Profile, peers: Sequence[Profile]) -> dict[str, tuple[float, str]]:
    found, rows = {}, max(1, batch.rows - batch.bad)
    for column, share in (batch.nulls or {}).items():
        told = [(nulls[column], peer.forced) for peer in peers if column in (nulls := peer.nulls or {})]
        seen = [share_of_peer for share_of_peer, _ in told]
        if len(seen) < LEAST_PEERS:
            continue
        usual = float(np.median(seen))
        precedent = max([usual, *(share_of_peer for share_of_peer, forced in told if forced)])
        spread = max(precedent, 0.05)
        noise = NOISE * math.sqrt(spread * (1 - spread) / rows) if spread < 1 else 0.0
        sentence = f"nulls: {column} is missing in {share:.0%} of rows where {usual:.0%} is usual"
        found[f"null_rise:{column}"] = (share - precedent - noise, sentence)
    return found


def _ratio(value: float, usual: float, precedents: Sequence[float]) -> float:
    """value / usual, or against the nearer end of the range that precedents widen it to."""
    low, high = min([usual, *precedents]), max([usual, *precedents])
    return value / min(max(value, low), high)
