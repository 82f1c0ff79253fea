"""Is the data of a window fit to be judged and learned from? Pure arithmetic on two frames."""

import math
from collections.abc import Collection, Mapping

from pandas import DataFrame, Series

from monitoring.measures import ALL, Measure, unjudged
from monitoring.season import hours, same_weekdays
from trimtab.settings import Monitoring
from trimtab.windows import Window

ROWS_SHARE = 0.1  # of the usual rows; fewer is an outage, not an audience
NULL_RISE = 0.2  # rise of a key column's share of nulls that is a break
UNSEEN_RISE = 0.2  # rise of the share of values never seen in the reference that is worth a look
QUARANTINED_SHARE = 0.1  # of a window's rows
LATENESS_FACTOR, LATENESS_HOURS = 3.0, 1.0  # usual lateness times the one plus the other is late
KEYS = ("text", "platform", "topic", "published_at")  # what no post does without
KNOWN = ("first_known_at", "known_at", "event_timestamp")  # when a post was first seen, by the frame it is in


def quality(
    reference: DataFrame,
    current: DataFrame,
    settings: Monitoring,
    *,
    reference_window: Window,
    window: Window,
    keys: Collection[str] = KEYS,
    categories: Collection[str] = (),
    quarantined: Mapping[str, int] | None = None,
    arrived: int | None = None,
) -> tuple[Measure, ...]:
    """Measures of kind `quality`. Frames are sorted by when a post became known and hold at least the columns named.

    A window shorter than a week is held against the same weekdays of the reference.

    rows_share         rows a day against the reference's; alarm *below* the threshold
    null_share         a column each (`slice`); only `keys` can alarm, and only on a rise
    unseen_share       of `categories`: rows whose value the reference never held
    lateness_hours     the 90th percentile of first known minus published
    quarantined_share  rows of `quarantined` ({batch id or reason: rows}) in `arrived` (by default they and `current`)
    """
    reference = same_weekdays(reference, window)
    return (
        _volume(reference, current, settings, reference_window, window),
        _quarantined(current, quarantined or {}, arrived),
        *_nulls(reference, current, settings, keys),
        *(_unseen(reference, current, name, settings) for name in categories if name in current),
        _lateness(reference, current, settings),
    )


def _volume(reference: DataFrame, current: DataFrame, settings: Monitoring, before: Window, now: Window) -> Measure:
    expected = len(reference) * hours(now, now) / max(hours(before, now), 1)
    if expected < settings.min_rows:
        return unjudged("quality", "rows_share", len(current))
    share = len(current) / expected
    return Measure("quality", "rows_share", ALL, share, ROWS_SHARE, share < ROWS_SHARE, len(current))


def _quarantined(current: DataFrame, quarantined: Mapping[str, int], arrived: int | None) -> Measure:
    held = sum(quarantined.values())
    arrived = held + len(current) if arrived is None else arrived
    if not arrived:
        return unjudged("quality", "quarantined_share", 0)
    share = held / arrived
    return Measure("quality", "quarantined_share", ALL, share, QUARANTINED_SHARE, share >= QUARANTINED_SHARE, arrived)


def _nulls(reference: DataFrame, current: DataFrame, settings: Monitoring, keys: Collection[str]) -> list[Measure]:
    """A key column that is gone from the window counts as all null; one the reference never had is skipped."""
    if min(len(reference), len(current)) < settings.min_rows:
        return [unjudged("quality", "null_share", len(current), name) for name in keys if name in reference]
    measures = []
    for name in (column for column in reference if column in keys or column in current):
        share = _null_share(current[name]) if name in current else 1.0
        usual = _null_share(reference[name])
        threshold = usual + NULL_RISE if name in keys and usual + NULL_RISE <= 1 else math.nan
        measures.append(Measure("quality", "null_share", str(name), share, threshold, share >= threshold, len(current)))
    return measures


def _null_share(column: Series) -> float:
    """Empty and blank text says as little as a null."""
    blank = column.isna()
    if column.dtype == object:
        blank |= column.map(lambda value: isinstance(value, str) and not value.strip())
    return float(blank.mean())


def _unseen(reference: DataFrame, current: DataFrame, name: str, settings: Monitoring) -> Measure:
    """Novelty is usual: the newer half of the reference against its older half says how much."""
    now = current[name].dropna()
    before = reference[name].dropna() if name in reference else now[:0]
    if min(len(before), len(now)) < max(settings.min_rows, 2):
        return unjudged("quality", "unseen_share", len(now), name)
    older, newer = before.iloc[: len(before) // 2], before.iloc[len(before) // 2 :]
    threshold = float((~newer.isin(older)).mean()) + UNSEEN_RISE
    share = float((~now.isin(before)).mean())
    return Measure("quality", "unseen_share", name, share, threshold, share >= threshold, len(now))


def _lateness(reference: DataFrame, current: DataFrame, settings: Monitoring) -> Measure:
    known = next((name for name in KNOWN if name in reference and name in current), None)
    if known is None or min(len(reference), len(current)) < settings.min_rows:
        return unjudged("quality", "lateness_hours", len(current))
    usual, now = (
        float((rows[known] - rows["published_at"]).dt.total_seconds().quantile(0.9)) / 3600
        for rows in (reference, current)
    )
    threshold = LATENESS_FACTOR * max(usual, 0.0) + LATENESS_HOURS
    return Measure("quality", "lateness_hours", ALL, now, threshold, now >= threshold, len(current))
