"""A measure: one number about a window, the threshold it was held against, and the verdict."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pyarrow as pa

from trimtab.posts import MEASURES
from trimtab.windows import Window

Kind = Literal["quality", "drift", "prediction", "label", "performance", "calibration"]


@dataclass(frozen=True)
class Measure:
    """A value of NaN says that it could not be judged; a threshold of NaN, that it is only shown."""

    kind: Kind
    name: str  # the column or the metric
    slice: str  # the part of the rows (or the column of a quality measure) it speaks of; ALL for every row
    value: float
    threshold: float
    alarm: bool
    rows: int  # the rows of the window behind the value
    usual: float = math.nan  # the median of the reference days
    surprise: float = math.nan  # of the newest day, in standard deviations of what the reference leads one to expect
    spent: float = math.nan  # evidence gathered against "nothing moved", as a share of what raises the alarm alone
    stock: str = ""  # what Evidently's defaults would have said, in words

    @property
    def judged(self) -> bool:
        return math.isfinite(self.value)


ALL = "all"


def unjudged(kind: Kind, name: str, rows: int, part: str = ALL) -> Measure:
    """The measure of what the data was too thin or too flat to say."""
    return Measure(kind, name, part, math.nan, math.nan, False, rows)


def to_table(measures: Iterable[Measure], *, model: str, version: str, window: Window, as_of: datetime) -> pa.Table:
    """The measures of one window as rows of the table `measures`; NaN becomes null."""
    about = {
        "model": model,
        "version": version,
        "window_start": window.start,
        "window_end": window.end,
        "as_of": as_of,
    }
    rows = [
        about
        | {
            "kind": measure.kind,
            "name": measure.name,
            "slice": measure.slice,
            "value": _or_null(measure.value),
            "threshold": _or_null(measure.threshold),
            "alarm": measure.alarm,
            "rows": measure.rows,
            "usual": _or_null(measure.usual),
            "surprise": _or_null(measure.surprise),
            "spent": _or_null(measure.spent),
            "stock": measure.stock or None,
        }
        for measure in measures
    ]
    return pa.Table.from_pylist(rows, schema=MEASURES)


def _or_null(number: float) -> float | None:
    return None if math.isnan(number) else float(number)
