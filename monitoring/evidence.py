"""Everything a decision may rest on, gathered by the flows and frozen."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from models.look import Look
from monitoring.alarm import Alarm
from monitoring.measures import Kind, Measure
from monitoring.paired import Early, Paired
from trimtab.windows import Window


@dataclass(frozen=True)
class Guards:
    """What the ledger remembers of this model that holds automatic retraining back; times are `as_of` of the past."""

    trained_at: datetime | None = None  # of the champion
    last_retrain_at: datetime | None = None  # the newest training of any kind, promoted or refused
    last_look_at: datetime | None = None  # the newest measurement of a gain
    looks: int = 0  # at the champion so far that measured something, each of which spends confidence
    last_answer_at: datetime | None = None  # the newest look that an alarm had called for
    answers: int = 0  # such looks at the champion so far
    unsure: bool = False  # whether the newest of them saw a gain that pays, and could not tell it from chance
    spent: float = 0.0  # on retrains in the last 30 days, in the currency of the settings
    refused_in_a_row: int = 0  # challengers since the last promotion
    last_refused_at: datetime | None = None


@dataclass(frozen=True)
class Evidence:
    """One model, one closed window, seen at `as_of`."""

    model: str
    version: str  # the champion, which scored the window
    window: Window
    as_of: datetime
    rows: int  # posts that became known, and so were scored, in the window
    measures: tuple[Measure, ...]  # of all kinds, in any order
    alarm: Alarm | None = None  # None: nothing could be judged (`unjudged` says why)
    changed_at: datetime | None = None  # with the alarm: posts since are of the new world
    label_delay: timedelta = timedelta(0)  # from a post to its label, the median
    look: Look | None = None  # the gain of each candidate, where it was measured
    guards: Guards = field(default_factory=Guards)
    quarantined_batches: tuple[str, ...] = ()  # ids, those of the window
    posts_per_day: float = 0.0  # over the newest weeks
    promoted_at: datetime | None = None  # None also after a rollback: nothing is on probation then
    previous: str | None = None  # the version that served before
    watched: bool = False  # whether a watch over the champion runs
    paired: Paired | None = None  # champion against previous on the same mature rows since the promotion
    early: Early | None = None  # the same before labels, estimated
    unjudged: tuple[str, ...] = ()  # in words, what could not be judged and why

    def of(self, kind: Kind, name: str | None = None) -> tuple[Measure, ...]:
        """The measures of a kind (and name), clearest alarm first, so that their order never matters."""
        found = (m for m in self.measures if m.kind == kind and name in (None, m.name))
        return tuple(sorted(found, key=_clearest))

    def one(self, kind: Kind, name: str) -> Measure | None:
        """The clearest judged measure of that name."""
        return next((m for m in self.of(kind, name) if m.judged), None)


def _clearest(measure: Measure) -> tuple[bool, float, str, str, float, int]:
    """Sort key: alarms first, then by evidence or by how many times its threshold the value is; NaN stays out."""
    value = measure.value if measure.judged else 0.0
    excess = value / measure.threshold if measure.threshold > 0 else 0.0
    weight = measure.spent if measure.spent == measure.spent else excess
    return not measure.alarm, -weight, measure.name, measure.slice, -value, -measure.rows
