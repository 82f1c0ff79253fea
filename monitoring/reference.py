"""What a version is held against: which days, and each column in which space."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from pandas import DataFrame
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from models.spec import Model
from monitoring.spaces import Kind
from trimtab.settings import Settings
from trimtab.windows import Window

DAY = timedelta(days=1)
COUNTS = ("_posts_", "chars", "words")  # parts of the names of features that are counts
USUAL_DAYS = 28  # of labels that say what loss is usual
UNWATCHED = ("author",)  # keys, not features: a new author is not drift


@dataclass(frozen=True)
class Reference:
    """Which days a version is held against: `days` whole days up to its training."""

    start: datetime
    days: int
    own: int  # first day whose labels it cannot have learned from

    def window(self) -> Window:
        return Window(self.start, self.start + self.days * DAY)

    def usual_until(self, day: int) -> int:
        """Labels from day `own` to before this day say what loss is usual in a window that starts on `day`."""
        return min(max(self.own + USUAL_DAYS, self.days), day)


def reference_of(trained_at: datetime, fresh_since: datetime | None, end: datetime, settings: Settings) -> Reference:
    """Whole days up to the champion's training, on the grid of the window's end."""
    since = max(round((end - trained_at) / DAY), 0)
    days = round(settings.monitoring.reference_days)
    start = end - (since + days) * DAY
    fresh = fresh_since or trained_at - timedelta(days=settings.training.fresh_days)
    own = int(np.ceil(max(fresh - start, timedelta(0)) / DAY))
    return Reference(start, days, max(min(own, days + since), 1))


def feature_kinds(model: Model, rows: DataFrame) -> dict[str, Kind]:
    """How each watched feature is compared: text by its words, names by their shares, counts in log space."""
    return {name: _kind(name, rows) for name in model.features if name in rows and name not in UNWATCHED}


def _kind(name: str, rows: DataFrame) -> Kind:
    if name == "text":
        return "text"
    if is_bool_dtype(rows[name]) or not is_numeric_dtype(rows[name]):
        return "category"
    return "count" if any(part in name for part in COUNTS) else "number"
