"""What past decisions are judged by: the ledger, the versions in the shadow, and what things cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.blocked import window_of
from models.history import load_history
from models.spec import Model
from models.stores import Stores
from monitoring.kept import kept
from monitoring.shadow import Shadow
from trimtab.entry import is_move
from trimtab.ledger import Entry
from trimtab.settings import Cost
from trimtab.windows import Window


@dataclass(frozen=True)
class Bench:
    """What decisions are judged by: the model's ledger, the versions in the shadow, and what things cost."""

    entries: Sequence[Entry]  # of the model, from old to new
    shadow: Shadow
    cost: Cost
    fresh: timedelta  # before its training, of which a version learned nothing

    @property
    def payback(self) -> timedelta:
        return timedelta(days=self.cost.payback_days)

    def came_of(self, decision: Entry, *kinds: str) -> Entry | None:
        """The first entry of these kinds before the next decision."""
        after = (entry for entry in self.entries if entry.id > decision.id and entry.kind in (*kinds, "decision"))
        found = next(after, None)
        return found if found is not None and found.kind in kinds else None

    def outcome(self, decision: Entry) -> Entry | None:
        """What became of the challenger that the decision asked for, however long it waited for review."""
        came = self.came_of(decision, "promoted", "promotion_refused", "review_wanted")
        if came is None or came.kind != "review_wanted":
            return came
        ends = (entry for entry in self.entries if entry.id > came.id and entry.version == came.version)
        return next((entry for entry in ends if entry.kind in ("promoted", "review_ended")), came)

    def rollback_of(self, decision: Entry) -> Entry | None:
        """What became of a decision to roll back, before the next decision that is not the same once more."""
        after = (entry for entry in self.entries if entry.id > decision.id and not _same_rollback(entry, decision))
        found = next((entry for entry in after if entry.kind in ("rolled_back", "decision")), None)
        return found if found is not None and found.kind == "rolled_back" else None

    def asked_before(self, decision: Entry) -> bool:
        """Whether the rollback of this version was decided already, and nothing served in its place since."""
        before = [
            entry for entry in self.entries if entry.id < decision.id and (is_move(entry) or entry.kind == "decision")
        ]
        since = max((place for place, entry in enumerate(before) if is_move(entry)), default=-1)
        return any(_same_rollback(entry, decision) for entry in before[since + 1 :])

    def price(self, action: str) -> float:
        return {"retrain": self.cost.retrain_cost, "recalibrate": self.cost.recalibrate_cost}.get(action, 0.0)


def _same_rollback(entry: Entry, decision: Entry) -> bool:
    """The monitor and the watch may each decide it."""
    return entry.kind == "decision" and entry.version == decision.version and entry.evidence.get("action") == "rollback"


def bench_of(stores: Stores, model: Model, as_of: datetime) -> Bench:
    """From the stores, as they stood at `as_of`; features must have been refreshed for it."""
    entries = [entry for entry in stores.ledger.entries(model.name) if entry.at <= as_of]
    settings, first = stores.settings, min((e.at for e in entries if e.kind == "decision"), default=as_of)
    fresh = timedelta(days=settings.training.fresh_days)
    first = min([first, *(window.start for window in map(window_of, entries) if window is not None)])
    shadow = Shadow(
        model,
        load_history(stores, model, Window(first - fresh, as_of), as_of),
        lambda version, rows: kept(stores, model, stores.registry.load(model.name, version)).predict(rows),
        as_of,
        settings.monitoring.confidence,
        settings.seed,
    )
    return Bench(entries, shadow, settings.cost, fresh)
