"""Is the data of a window fit to be judged and learned from? Pure arithmetic on frames.

Each rule that decides wants a change that is both large and unlike any that the days of the reference showed among
themselves. In a window longer than a day the worst day counts: six good days must not hide a broken one.

    rows_share         rows against the usual; alarm *below* the threshold
    null_share         a column each (`slice`); infinite numbers and blank texts count as nulls
    unit_factor        a count, number or target each: how many times larger or smaller its usual value is than it was
    top_authors_share  share of the rows by the five busiest authors
    quarantined_share  rows refused at the door in all that arrived
    unseen_share       a category each: share of values never seen in the reference. Shown; decides nothing
    lateness_hours     the 90th percentile of known minus published. Shown; decides nothing
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from pandas import DataFrame, Series

from monitoring.measures import ALL, Measure, unjudged
from monitoring.usual import (
    ENOUGH,
    LEAST_DAYS,
    TIME,
    Days,
    QualityReference,
    Usual,
    busiest_shares,
    cut,
    entity_of,
    is_target,
    late_hours,
    levels,
    missing,
    prepare_quality,
    with_units,
)
from monitoring.volume import volume
from trimtab.windows import Window

__all__ = ["KEYS", "QualityReference", "judge_quality", "prepare_quality", "quality_gaps"]

KEYS = ("text", "platform", "topic", "published_at")  # what no post does without
NULL_RISE = 0.2
UNIT_FACTOR = 30.0
AUTHORS_SHARE = 0.3
TIMES = 2.0  # what the reference days did, which a change must exceed
QUARANTINED_SHARE = 0.1  # of a window's rows
UNSEEN_RISE = 0.2
LATENESS_FACTOR, LATENESS_HOURS = 3.0, 1.0  # usual lateness times the one plus the other is late


def judge_quality(
    reference: QualityReference,
    current: DataFrame,
    window: Window,
    *,
    matured: DataFrame | None = None,
    recent: Series | None = None,
    blocked: Sequence[Window] = (),
    quarantined: Mapping[str, int] | None = None,
    arrived: int | None = None,
    unit_factor: float = UNIT_FACTOR,
) -> tuple[Measure, ...]:
    """Measures of kind `quality`. A value of NaN could not be judged; `quality_gaps` says why in words.

    `current`: the posts scored in the window, sorted by event_timestamp. `matured`: rows whose outcome became known in
    it. `recent`: event_timestamp of the posts of the weeks before it, so that an audience that shrank over months is
    no outage. `blocked`: windows that were quarantined. `quarantined`: {batch id: rows} refused of `arrived` rows.
    """
    days = cut(current, TIME, window)
    outcomes = cut(with_units(matured), "label_known_at", window)
    categories = [name for name in reference.novelty if name in current]
    return (
        volume(reference, len(current), window, recent, blocked),
        _quarantined(len(current), quarantined or {}, arrived),
        *_nulls(reference, days, window),
        *_units(reference, days, window, unit_factor),
        *_units(reference, outcomes, window, unit_factor),
        _authors(reference, days, window),
        *(_unseen(reference, days, name) for name in categories),
        _lateness(reference, days),
    )


def quality_gaps(reference: QualityReference, rows: int, measures: Sequence[Measure]) -> tuple[str, ...]:
    """What could not be judged and why, each in words that go into a sentence."""
    volume = next((m for m in measures if m.name == "rows_share"), None)
    if not rows:
        return () if volume is not None and volume.judged else ("no posts came in this window",)
    if not reference.judged:
        return (f"the reference has only {reference.days} of the {LEAST_DAYS} days it takes to say what is usual",)
    if rows < ENOUGH:
        return (f"only {rows} post{'s' if rows > 1 else ''} came in this window",)
    new = sorted(m.slice for m in measures if m.name == "null_share" and not m.judged)
    return (f"the reference never had {', '.join(new)}",) if new else ()


def _quarantined(rows: int, quarantined: Mapping[str, int], arrived: int | None) -> Measure:
    held = sum(quarantined.values())
    arrived = held + rows if arrived is None else arrived
    if not arrived:
        return unjudged("quality", "quarantined_share", 0)
    share = held / arrived
    return Measure("quality", "quarantined_share", ALL, share, QUARANTINED_SHARE, share >= QUARANTINED_SHARE, arrived)


def _nulls(reference: QualityReference, days: Days, window: Window) -> list[Measure]:
    """A column that is gone counts as all null; one that the reference did not have and that came is not judged."""
    found = []
    for name, usual in reference.columns.items():
        if is_target(name):
            continue
        nulls = missing(days.rows[name]) if name in days.rows else np.ones(days.bounds[-1], dtype=bool)
        if not _judged(reference, days) or (usual.nulls == 1 and not nulls.all()):
            found.append(unjudged("quality", "null_share", int(days.bounds[-1]), name))
            continue
        limit = _null_limit(usual)
        measure = _worst("null_share", name, days.share(nulls), limit, usual.nulls, days, window)
        if measure.alarm and (kept := _of_known(reference, days, name)) is not None:
            shares = np.array([nulls[a:b][k].mean() if k.sum() >= ENOUGH else 0.0 for a, b, k in kept])
            measure = _worst("null_share", name, shares, limit, usual.nulls, days, window)
        found.append(measure)
    return found


def _null_limit(usual: Usual) -> float:
    """NaN where a column was empty on a day, or more often than not: then its going says nothing."""
    if usual.most_nulls == 1 or usual.nulls > 0.5:
        return math.nan
    return min(max(usual.nulls + NULL_RISE, TIMES * usual.most_nulls + NULL_RISE), 1.0)


def _of_known(reference: QualityReference, days: Days, name: str) -> list[tuple[int, int, np.ndarray]] | None:
    """(start, end, rows whose topic, author or domain is not new) a day; None where `name` is no history of any."""
    entity = entity_of(name)
    if entity is None or entity not in reference.values or entity not in days.rows:
        return None
    known = days.rows[entity].isin(reference.values[entity]) | days.rows[entity].isna()
    mask = known.to_numpy()
    return [(int(a), int(b), mask[a:b]) for a, b in zip(days.bounds, days.bounds[1:], strict=False)]


def _units(reference: QualityReference, days: Days, window: Window, factor: float) -> list[Measure]:
    found = []
    for name in (name for name in reference.columns if name in days.rows):
        usual = reference.columns[name]
        if not _judged(reference, days) or not math.isfinite(usual.spread):
            continue
        away = np.abs(levels(days, name) - usual.level)
        if np.isfinite(away).any():
            limit = math.exp(max(math.log(factor), TIMES * usual.spread))
            found.append(_worst("unit_factor", name, np.exp(away), limit, 1.0, days, window))
    return found


def _authors(reference: QualityReference, days: Days, window: Window) -> Measure:
    usual = reference.authors
    shares = busiest_shares(days)
    if not _judged(reference, days) or not math.isfinite(usual.most_nulls) or not np.isfinite(shares).any():
        return unjudged("quality", "top_authors_share", int(days.bounds[-1]))
    limit = max(AUTHORS_SHARE, TIMES * usual.most_nulls)
    return _worst("top_authors_share", ALL, shares, limit, usual.nulls, days, window)


def _unseen(reference: QualityReference, days: Days, name: str) -> Measure:
    now = days.rows[name].dropna()
    usual = reference.novelty[name]
    if not _judged(reference, days) or len(now) < ENOUGH or not math.isfinite(usual):
        return unjudged("quality", "unseen_share", len(now), name)
    share = float((~now.isin(reference.values[name])).to_numpy().mean())
    return Measure("quality", "unseen_share", name, share, usual + UNSEEN_RISE, False, len(now), usual=usual)


def _lateness(reference: QualityReference, days: Days) -> Measure:
    usual, now = reference.late_hours, late_hours(days.rows)
    if not _judged(reference, days) or not math.isfinite(now + usual):
        return unjudged("quality", "lateness_hours", int(days.bounds[-1]))
    limit = LATENESS_FACTOR * max(usual, 0.0) + LATENESS_HOURS
    return Measure("quality", "lateness_hours", ALL, now, limit, False, int(days.bounds[-1]), usual=usual)


def _judged(reference: QualityReference, days: Days) -> bool:
    return reference.judged and int(days.bounds[-1]) >= ENOUGH


def _worst(name: str, part: str, values: np.ndarray, limit: float, usual: float, days: Days, window: Window) -> Measure:
    """The measure of the worst day; its day is named where it is not the whole window that is broken."""
    at = int(np.nanargmax(values)) if len(values) > 1 else 0
    value, rows = float(values[at]), int(days.bounds[at + 1] - days.bounds[at])
    alarm = value >= limit
    if alarm and len(days) > 1 and not (values >= limit).all():
        part = f"{part} on {days.starts[at]:%Y-%m-%d}" if part != ALL else f"{days.starts[at]:%Y-%m-%d}"
    return Measure("quality", name, part, value, limit, alarm, rows, usual=usual)
