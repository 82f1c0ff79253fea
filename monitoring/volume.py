"""Has the stream stopped? The rows of a window against windows as long, on the same weekdays and hours."""

import math
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from pandas import Series, Timestamp

from monitoring.measures import ALL, Measure, unjudged
from monitoring.usual import DAY, QualityReference, microseconds
from trimtab.windows import Window

WEEK = 7 * DAY
DAY_US = 86_400_000_000
RECENT = 4 * WEEK  # before the window, that say how many posts are usual by now
ROWS_SHARE = 0.35  # of the usual rows; a holiday leaves 0.6
LOWEST_SHARE = 0.5  # of the lowest share that the reference had itself
USUAL_ROWS = 20  # fewer usual rows tell no outage from chance


def volume(
    reference: QualityReference, rows: int, window: Window, recent: Series | None, blocked: Sequence[Window] = ()
) -> Measure:
    """rows_share: rows over the usual; an outage below the threshold.

    It is not judged for a source that comes in bursts: one that was ever silent for as long. Where `recent`
    (event_timestamp of the posts of the four weeks before) says so too, fewer rows are an audience that left.
    """
    blocked = (*reference.blocked, *blocked)
    found = _like(reference.moments, reference.window, window, blocked)
    if found is not None and recent is not None and len(recent):
        near = _like(microseconds(recent), Window(window.start - RECENT, window.start), window, blocked)
        found = found if near is None else (min(found[0], near[0]), min(found[1], near[1]))
    if found is None or found[0] < USUAL_ROWS or found[1] == 0:
        return unjudged("quality", "rows_share", rows)
    usual, lowest = found
    share, limit = rows / usual, min(ROWS_SHARE, LOWEST_SHARE * lowest / usual)
    return Measure("quality", "rows_share", ALL, share, limit, share < limit, rows, usual=1.0)


def _like(moments: np.ndarray, span: Window, window: Window, blocked: Sequence[Window]) -> tuple[float, float] | None:
    """(usual, lowest) rows of the windows within `span` as long as this one and on its weekdays; None without two.

    The lowest is 0 where any window as long was empty, on whatever weekday.
    """
    first = max(1, math.ceil((window.end - span.end) / DAY))
    last = math.floor((window.start - span.start) / DAY)
    back = np.array([k for k in range(first, last + 1) if not _blocked(window, k, blocked)], dtype=np.int64)
    same = (back % 7 == 0) | (window.end - window.start >= WEEK)
    if same.sum() < 2:
        return None
    starts, ends = (np.searchsorted(moments, _us(m) - back * DAY_US) for m in (window.start, window.end))
    counts = ends - starts
    return float(np.median(counts[same])), float(counts[same].min()) if counts.min() else 0.0


def _blocked(window: Window, days: int, blocked: Sequence[Window]) -> bool:
    start, end = window.start - days * DAY, window.end - days * DAY
    return any(other.start < end and start < other.end for other in blocked)


def _us(moment: datetime) -> int:
    return int(Timestamp(moment).value // 1000)
