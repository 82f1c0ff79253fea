"""Everything a decision may rest on, gathered by the flows and frozen."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from models.intervals import Interval
from monitoring.measures import Kind, Measure
from trimtab.windows import Window


@dataclass(frozen=True)
class Evidence:
    """One model, one closed window, seen at `as_of`."""

    model: str
    version: str  # the champion, which scored the window
    window: Window
    as_of: datetime
    rows: int  # posts that became known, and so were scored, in the window
    horizon: timedelta
    measures: tuple[Measure, ...]  # of all kinds, in any order
    quarantined_batches: tuple[str, ...] = ()  # ids, those of the window
    last_label_at: datetime | None = None  # when the newest label of all became known; None: none ever did
    last_retrain_at: datetime | None = None  # the newest training of this model, promoted or refused
    promoted_at: datetime | None = None  # None also after a rollback: nothing is on probation then
    previous: str | None = None  # the version that served before
    against_previous: Interval | None = None  # mean loss, champion minus previous, on the same mature rows

    def of(self, kind: Kind, name: str | None = None) -> tuple[Measure, ...]:
        """The measures of a kind (and name), clearest alarm first, so that their order never matters."""
        found = (m for m in self.measures if m.kind == kind and name in (None, m.name))
        return tuple(sorted(found, key=_clearest))

    def one(self, kind: Kind, name: str) -> Measure | None:
        """The clearest judged measure of that name."""
        return next((m for m in self.of(kind, name) if m.judged), None)


def _clearest(measure: Measure) -> tuple[bool, float, str, str, float, int]:
    """Sort key: alarms first, then by how many times its threshold the value is; total, so NaN stays out."""
    value = measure.value if measure.judged else 0.0
    excess = value / measure.threshold if measure.threshold > 0 else 0.0
    return not measure.alarm, -excess, measure.name, measure.slice, -value, -measure.rows
