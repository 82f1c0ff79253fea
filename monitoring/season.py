"""The weekly season: Saturdays are compared with Saturdays.

A window of whole weeks meets every weekday as often as a reference of whole weeks does. A shorter one is held
against the same weekdays of the reference only.
"""

import pandas as pd
from pandas import DataFrame

from trimtab.windows import Window


def weekdays(window: Window) -> set[int]:
    """The weekdays (Monday is 0) that a window touches."""
    return set(pd.date_range(window.start, window.end, freq="h", inclusive="left").weekday)


def same_weekdays(rows: DataFrame, window: Window, time: str = "published_at") -> DataFrame:
    """The rows that fall on the weekdays of the window; all of them from a week on."""
    days = weekdays(window)
    return rows if rows.empty or len(days) == 7 else rows[rows[time].dt.weekday.isin(days)]


def hours(window: Window, like: Window) -> int:
    """Hours of `window` that fall on the weekdays of `like`."""
    moments = pd.date_range(window.start, window.end, freq="h", inclusive="left")
    return int(moments.weekday.isin(weekdays(like)).sum())
