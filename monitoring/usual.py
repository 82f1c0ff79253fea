"""What is usual: how the days of the reference differ among themselves, column by column.

Prepared once a champion, since the reference does not change while it serves. Everything but the number of rows is
read off at most SAMPLE_ROWS rows a day, evenly spaced: more change no verdict.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from pandas import DataFrame, Series, Timestamp
from pandas.api.types import is_bool_dtype, is_float_dtype, is_numeric_dtype

from trimtab.windows import Window

DAY = timedelta(days=1)
ENOUGH = 30  # rows of a day that is judged; smaller neighbours are joined
LEAST_DAYS = 7  # of a reference: fewer do not say how days differ
SAMPLE_ROWS = 5_000
BUSIEST = 5  # authors
PLATFORMS = 8  # whose units are told apart: one may change without the others
TIME = "event_timestamp"
TARGET = "target"


@dataclass(frozen=True)
class Days:
    """Rows in order of time and where each day of them begins; `bounds` ends with the number of rows."""

    rows: DataFrame
    bounds: np.ndarray
    starts: tuple[datetime, ...]

    def __len__(self) -> int:
        return len(self.starts)

    def share(self, marked: np.ndarray) -> np.ndarray:
        """Share of marked rows, a day each."""
        if not len(self):
            return np.zeros(0)
        return np.add.reduceat(marked.astype(float), self.bounds[:-1]) / np.diff(self.bounds)

    def parts(self, values: np.ndarray) -> list[np.ndarray]:
        return [values[low:high] for low, high in zip(self.bounds, self.bounds[1:], strict=False)]


@dataclass(frozen=True)
class Usual:
    """One column over the reference days. NaN where nothing can be said."""

    nulls: float  # share
    most_nulls: float  # of any day
    level: float  # median over the days of the median of log1p of the non-zero values
    spread: float  # range of the days' medians


@dataclass(frozen=True)
class QualityReference:
    """The reference of one champion, as quality needs it."""

    window: Window  # from the first post on: before it there was no stream
    blocked: tuple[Window, ...]
    moments: np.ndarray  # of the posts, sorted, int64 microseconds
    columns: dict[str, Usual]
    authors: Usual  # `nulls` is the usual share of the five busiest, `most_nulls` the largest
    values: dict[str, pd.Index]  # those that a category or a key has had
    novelty: dict[str, float]  # share of a category's newer values that the older half did not have
    late_hours: float
    days: int

    @property
    def judged(self) -> bool:
        return self.days >= LEAST_DAYS


def prepare_quality(
    reference: DataFrame,
    window: Window,
    columns: Collection[str],
    *,
    matured: DataFrame | None = None,
    categories: Collection[str] = (),
    blocked: Sequence[Window] = (),
) -> QualityReference:
    """What `judge_quality` holds a window against.

    `reference`: posts scored in `window`, sorted by event_timestamp, with `columns` (those that the model reads).
    `matured`: rows whose outcome became known in it (target, label_known_at, platform). `blocked`: windows that were
    quarantined, which say nothing of what is usual.
    """
    rows = outside(reference, TIME, blocked)
    days = cut(rows, TIME, window)
    outcomes = cut(outside(with_units(matured), "label_known_at", blocked), "label_known_at", window)
    busy = busiest_shares(days)
    usual = {name: _usual(days, name) for name in dict.fromkeys(columns) if name in rows}
    usual |= {name: _usual(outcomes, name) for name in outcomes.rows if is_target(name)}
    first = rows[TIME].min() if len(rows) else Timestamp(window.start)
    named = [name for name in {*categories, *ENTITIES.values()} if name in days.rows]
    return QualityReference(
        window=Window(min(max(window.start, first.to_pydatetime()), window.end - timedelta(hours=1)), window.end),
        blocked=tuple(blocked),
        moments=microseconds(rows[TIME]) if len(rows) else np.zeros(0, dtype=np.int64),
        columns=usual,
        authors=Usual(_middle(busy), _most(busy), math.nan, math.nan),
        values={name: pd.Index(rows[name].dropna().unique()) for name in named},
        novelty={name: _novelty(days.rows[name].dropna()) for name in categories if name in days.rows},
        late_hours=late_hours(days.rows),
        days=len(days),
    )


ENTITIES = {"topic_": "topic", "author_": "author", "domain_": "link_domain"}  # whose history a column tells


def entity_of(column: str) -> str | None:
    """The column that names what `column` is a history of: a new topic has no mean yet, which is nothing broken."""
    return next((key for prefix, key in ENTITIES.items() if column.startswith(prefix)), None)


def cut(rows: DataFrame, time: str, window: Window) -> Days:
    """Days counted from the start of the window, of ENOUGH rows each; all rows are one day where they are fewer."""
    if rows.empty:
        return Days(rows, np.zeros(1, dtype=int), ())
    if not rows[time].is_monotonic_increasing:
        rows = rows.sort_values(time, kind="stable")
    moments = microseconds(rows[time])
    start = Timestamp(window.start).value // 1000
    day = (moments - start) // (DAY // timedelta(microseconds=1))
    begins = _joined(np.flatnonzero(np.diff(day, prepend=day[0] - 1)), len(rows))
    kept = [
        np.linspace(low, high - 1, min(high - low, SAMPLE_ROWS)).astype(int)
        for low, high in zip(begins, [*begins[1:], len(rows)], strict=True)
    ]
    bounds = np.cumsum([0, *map(len, kept)])
    starts = tuple(window.start + int(day[low]) * DAY for low in begins)
    return Days(rows if bounds[-1] == len(rows) else rows.iloc[np.concatenate(kept)], bounds, starts)


def _joined(begins: np.ndarray, rows: int) -> list[int]:
    """Where days begin once those too small are joined to the one after them, the last to the one before."""
    found = [0]
    for begin in begins[1:]:
        if begin - found[-1] >= ENOUGH:
            found.append(int(begin))
    return found[:-1] if len(found) > 1 and rows - found[-1] < ENOUGH else found


def missing(column: Series) -> np.ndarray:
    """Whether each value says nothing: null, not a finite number, or blank text."""
    if is_float_dtype(column.dtype):
        return ~np.isfinite(column.to_numpy(dtype=float, na_value=np.nan))
    nulls = column.isna().to_numpy(dtype=bool)
    if column.dtype != object and not isinstance(column.dtype, pd.StringDtype):
        return nulls
    return nulls | np.fromiter((isinstance(v, str) and (not v or v.isspace()) for v in column), bool, len(column))


def levels(days: Days, name: str) -> np.ndarray:
    """The median of log1p of a column's non-zero sizes, a day each; NaN below ENOUGH of them, or for no number."""
    column = days.rows[name]
    if not is_numeric_dtype(column.dtype) or is_bool_dtype(column.dtype):
        return np.full(len(days), math.nan)
    size = np.abs(column.to_numpy(dtype=float, na_value=np.nan))
    kept = [part[np.isfinite(part) & (part > 0)] for part in days.parts(size)]
    found = np.array([np.median(part) if len(part) >= ENOUGH else math.nan for part in kept])
    return found if is_target(name) else np.log1p(found)  # a count is learned as its log1p


def busiest_shares(days: Days) -> np.ndarray:
    """Share of the rows by the five busiest authors, a day each; NaN where no row has one."""
    if "author" not in days.rows:
        return np.full(len(days), math.nan)
    codes = pd.factorize(days.rows["author"])[0]
    counts = [np.bincount(part[part >= 0]) for part in days.parts(codes)]
    sizes = np.diff(days.bounds)
    pairs = zip(counts, sizes, strict=True)
    return np.array([np.sort(c)[-BUSIEST:].sum() / n if c.any() else math.nan for c, n in pairs])


def late_hours(rows: DataFrame) -> float:
    """The 90th percentile of known minus published, in hours."""
    if "published_at" not in rows or rows.empty or rows["published_at"].hasnans:
        return math.nan
    late = microseconds(rows[TIME]) - microseconds(rows["published_at"])
    return float(np.quantile(late, 0.9)) / 3.6e9


def with_units(matured: DataFrame | None) -> DataFrame:
    """The target as a column for all rows and one for each large platform; no rows where it is no count."""
    if matured is None or matured.empty or not is_numeric_dtype(matured[TARGET].dtype):
        return DataFrame()
    target, found = matured[TARGET].to_numpy(dtype=float), {"label_known_at": matured["label_known_at"]}
    found |= {TARGET: target}
    if "platform" in matured:
        codes, names = pd.factorize(matured["platform"])
        large = np.argsort(-np.bincount(codes[codes >= 0], minlength=1), kind="stable")[:PLATFORMS]
        if len(names) > 1:
            found |= {f"{TARGET} on {names[code]}": np.where(codes == code, target, math.nan) for code in large}
    return DataFrame(found)


def is_target(name: str) -> bool:
    return name == TARGET or name.startswith(f"{TARGET} on ")


def outside(rows: DataFrame, time: str, windows: Sequence[Window]) -> DataFrame:
    """The rows that lie in none of the windows."""
    if rows.empty or not windows:
        return rows
    inside = np.zeros(len(rows), dtype=bool)
    for window in windows:
        inside |= ((rows[time] >= Timestamp(window.start)) & (rows[time] < Timestamp(window.end))).to_numpy()
    return rows[~inside]


def microseconds(times: Series) -> np.ndarray:
    return times.to_numpy(dtype="datetime64[us]").view(np.int64)


def _usual(days: Days, name: str) -> Usual:
    nulls = days.share(missing(days.rows[name]))
    found = levels(days, name)
    known = found[np.isfinite(found)]
    spread = float(np.ptp(known)) if len(known) >= LEAST_DAYS else math.nan
    return Usual(float(nulls.mean()) if len(nulls) else math.nan, _most(nulls), _middle(found), spread)


def _novelty(values: Series) -> float:
    half = len(values) // 2
    return float((~values.iloc[half:].isin(values.iloc[:half])).to_numpy().mean()) if half else math.nan


def _middle(values: np.ndarray) -> float:
    return float(np.nanmedian(values)) if np.isfinite(values).any() else math.nan


def _most(values: np.ndarray) -> float:
    return float(np.nanmax(values)) if np.isfinite(values).any() else math.nan
