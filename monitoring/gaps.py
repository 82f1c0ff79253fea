"""What the evidence on a window could not judge, and why, in words that go into a sentence."""

import numpy as np
import pandas as pd
from pandas import DataFrame

from monitoring.alarm import Alarm
from monitoring.daybook import DayBook
from monitoring.reference import feature_kinds
from monitoring.surprise import LEAST_DAYS
from trimtab.windows import Window

CONTRADICTED = 0.1  # share of posts whose labels disagree from which on it is said


def gaps(book: DayBook, found: Alarm | None, matured: DataFrame, window: Window) -> tuple[str, ...]:
    """`matured`: rows of book.matured whose outcome became known in the window."""
    words = (_of_alarm(book, found, window), _of_losses(book, matured), _of_labels(matured), _of_columns(book, window))
    return tuple(word for word in words if word)


def _of_alarm(book: DayBook, found: Alarm | None, window: Window) -> str:
    if book.day_at(window.end) <= book.reference.days:
        return "nothing has happened since the champion was trained"
    seen = int((book.rows_a_day[: book.reference.days] > 0).sum())
    if seen < LEAST_DAYS:
        return f"the reference has posts on {seen} days, and drift is judged from {LEAST_DAYS} on"
    if found is None:
        return "no stream could be held against its reference"
    return "" if found.of("loss") else "too few labels have come to judge the loss day by day"


def _of_losses(book: DayBook, matured: DataFrame) -> str:
    bad = int((~np.isfinite(book.losses[matured.index])).sum()) if len(matured) else 0
    return f"{bad:,} of the {len(matured):,} losses are not numbers" if bad else ""


def _of_labels(matured: DataFrame) -> str:
    """A correction now and then is usual; where many posts are labelled twice and not alike, one label is wrong."""
    known = matured["target"].dropna()
    if len(known) > 1 and known.nunique() == 1:
        return f"all {len(known):,} labels say the same"
    different = matured.groupby("post_id")["target"].nunique() > 1
    posts = int(different.sum())
    return f"{posts:,} posts have labels that contradict each other" if posts > CONTRADICTED * len(different) else ""


def _of_columns(book: DayBook, window: Window) -> str:
    """Features that were the same in every post of the reference and are not any more: how far is anyone's guess."""
    start, end = book.day_at(window.start), book.day_at(window.end)
    before, now = book.post_day < book.reference.days, (book.post_day >= start) & (book.post_day < end)
    found = []
    for name in sorted(feature_kinds(book.model, book.posts).keys() - book.spaces.keys()):
        was, is_now = (pd.unique(book.posts[name][part].dropna()) for part in (before, now))
        if len(was) == 1 and set(is_now) - set(was):
            found.append(name)
    return f"the reference has a single value of {', '.join(found)}" if found else ""
