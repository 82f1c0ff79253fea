"""What a person is shown of a window: how far each column is from the reference, in the cells that the alarm counted.

Beside the distance stand how far the reference's own windows were from each other, what the alarm made of the column,
and what Evidently's defaults would have said. It explains a decision and costs time, so a backtest, which nobody looks
at window by window, does without.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pandas import Series
from pandas.api.types import is_numeric_dtype

from monitoring.alarm import Alarm, Finding
from monitoring.daybook import DayBook, numbers_of
from monitoring.measures import ALL, Kind, Measure, unjudged
from monitoring.performance import LOSS, RISE
from monitoring.reference import feature_kinds
from monitoring.shares import jensen_shannon, usual
from monitoring.spaces import Space, fit_space
from monitoring.stock import stock_reference, stock_verdict
from monitoring.streams import Stream
from trimtab.windows import Window

HALF = 0.5  # of an alarm's evidence: a stream that carries so much is what raised it
OF_LABELS = ("loss", "slice", "calibration")  # groups of streams that are means over mature rows; the loss comes first


@dataclass(frozen=True)
class Column:
    """A column's measure and the rows counted in each cell of its space; no space where the reference says too little.

    `value` is the distance of the window's shares from the reference's, `usual` and `threshold` the median and the
    99 % quantile of the same among the reference's own windows.
    """

    measure: Measure
    space: Space | None
    before: np.ndarray
    now: np.ndarray


@dataclass(frozen=True)
class _Counted:
    """A column, the day of each of its rows, and its counts (days, cells)."""

    kind: Kind
    name: str
    values: Series
    day: np.ndarray
    space: Space | None
    counts: np.ndarray


@dataclass(frozen=True)
class _Days:
    """Which days of the book are the reference's, the window's, and those whose labels say what is usual."""

    reference: np.ndarray
    current: np.ndarray
    usual: np.ndarray

    @classmethod
    def of(cls, book: DayBook, window: Window) -> "_Days":
        day, start, own = np.arange(book.total), book.day_at(window.start), book.reference.own
        until = book.reference.usual_until(start)
        current = (day >= start) & (day < book.day_at(window.end))
        return cls(day < book.reference.days, current, (day >= own) & (day < until))


def columns_of(book: DayBook, window: Window, alarm: Alarm | None) -> tuple[Column, ...]:
    """Every feature, every number that the version says, and the label."""
    days = _Days.of(book, window)
    return tuple(_column(days, counted, alarm) for counted in (*_features(book), *_outputs(book)))


def with_losses(measures: Sequence[Measure], book: DayBook, window: Window, alarm: Alarm | None) -> tuple[Measure, ...]:
    """`measures` with what the alarm made of the loss, and one more for each slice and calibration error."""
    days = _Days.of(book, window)
    told = [_of_labels(book, days, stream, alarm) for stream in book.streams if stream.group in OF_LABELS]
    if not told:
        return tuple(measures)
    return (*(_beside(measure, told[0]) for measure in measures), *told[1:])


def _features(book: DayBook) -> Iterator[_Counted]:
    assert book.streams is not None  # they fill the spaces
    for name in feature_kinds(book.model, book.posts):
        space = book.spaces.get(name)
        counts = book.counts.get(name, np.zeros((book.total, 0)))
        yield _Counted("drift", name, book.posts[name], book.post_day, space, counts)


def _outputs(book: DayBook) -> Iterator[_Counted]:
    said = book.predictions
    for name in numbers_of(said):
        yield _fitted(book, "prediction", name, said[name], book.post_day)
    yield _fitted(book, "label", "target", book.matured["target"], book.label_day)


def _fitted(book: DayBook, kind: Kind, name: str, values: Series, day: np.ndarray) -> _Counted:
    before = values[day < book.reference.days]
    form = "number" if is_numeric_dtype(values) else "category"
    space = fit_space(name, before, form, book.settings.monitoring.min_rows)  # type: ignore[arg-type]
    counts = np.zeros((book.total, 0)) if space is None else space.shares(values, day, book.total)
    return _Counted(kind, name, values, day, space, counts)


def _column(days: _Days, column: _Counted, alarm: Alarm | None) -> Column:
    before, now = column.counts[days.reference].sum(axis=0), column.counts[days.current].sum(axis=0)
    measure = _distance(days, column, before, now, alarm)
    was, is_now = (column.values[_on(column.day, part)] for part in (days.reference, days.current))
    said = str(stock_verdict(stock_reference(was), is_now))
    return Column(replace(measure, rows=len(is_now), stock=said), column.space, before, now)


def _distance(days: _Days, column: _Counted, before: np.ndarray, now: np.ndarray, alarm: Alarm | None) -> Measure:
    if not before.any() or not now.any():
        return unjudged(column.kind, column.name, 0)
    middle, most = usual(column.counts, days.reference, int(days.current.sum()))
    value = jensen_shannon(before, now)
    measure = Measure(column.kind, column.name, ALL, value, most, alarm=False, rows=0, usual=middle)
    return _with(measure, alarm, _finding(alarm, column.kind, column.name))


def _on(day: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Which rows lie on the marked days."""
    inside = (day >= 0) & (day < len(days))
    return inside & days[np.where(inside, day, 0)]


def _finding(alarm: Alarm | None, kind: Kind, name: str) -> Finding | None:
    """Of the streams of a column the one with most evidence; a label of classes has one stream a class."""
    streams = alarm.streams if alarm else ()
    return next((f for f in streams if f.kind == kind and (f.name == name or kind == "label")), None)


def _with(measure: Measure, alarm: Alarm | None, finding: Finding | None) -> Measure:
    if finding is None or alarm is None:
        return measure
    loud = finding.spent >= 1 or (alarm.raised and finding.spent >= HALF * alarm.spent)
    return replace(measure, surprise=finding.surprise, spent=finding.spent, alarm=loud)


def _of_labels(book: DayBook, days: _Days, stream: Stream, alarm: Alarm | None) -> Measure:
    """The mean over the window's mature rows, and over those that say what is usual."""
    rows = book.rows_of[stream.kind, stream.name, stream.slice] * np.isfinite(stream.values)
    total = np.nan_to_num(stream.values) * rows
    with np.errstate(invalid="ignore", divide="ignore"):
        value, middle = (float(total[part].sum() / rows[part].sum()) for part in (days.current, days.usual))
    count = int(rows[days.current].sum())
    measure = Measure(stream.kind, stream.name, stream.slice, value, np.nan, alarm=False, rows=count, usual=middle)
    same = (f for f in alarm.of(stream.group) if (f.name, f.slice) == (stream.name, stream.slice)) if alarm else ()
    return _with(measure, alarm, next(iter(same), None))


def _beside(measure: Measure, loss: Measure) -> Measure:
    """The loss and its rise with the verdict of the alarm: a limit on the rise is what another policy acts on."""
    if measure.name == LOSS:
        return replace(measure, usual=loss.usual, surprise=loss.surprise, spent=loss.spent, alarm=loss.alarm)
    return replace(measure, threshold=np.nan, alarm=loss.alarm) if measure.name == RISE else measure
