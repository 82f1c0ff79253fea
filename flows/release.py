"""release: the tick. What people moved or said in MLflow, and decisions that nobody carried out when they were made."""

from datetime import datetime, timedelta
from typing import Any

from flows import steps
from flows.act import act
from flows.running import flow_of
from models.stores import Stores
from models.waiting import outcome, standing
from monitoring.due import waiting_decision

LATE = timedelta(days=14)  # after which a decision is left to the next one


@flow_of("release", "model")
def release(
    model: str | None = None, home: str | None = None, as_of: datetime | None = None, decisions: bool = False
) -> dict[str, Any]:
    """Carry out what waits. Run again it finds nothing left to do; a run after a kill goes on from there.

    Args:
        model: Name of the model. Empty: all models.
        home: Folder of every store. Empty: TRIMTAB_HOME.
        as_of: Moment that is written down (UTC). Empty: now.
        decisions: Carry out too what the newest decision on each model asks for, where nobody has.
    """
    stores, as_of = steps.open_stores(home), steps.moment(as_of)
    names = [stores.model(model).name] if model is not None else list(stores.models)
    for name in names:
        steps.notice_moves(stores, stores.model(name), as_of)
    ended = [entry for name in names for entry in steps.settle_reviews(stores, name, as_of)]
    waits = [found for name in names if (found := standing(stores.registry, stores.ledger, name))]
    late = [done for name in names if decisions and (done := _catch_up(stores, name, as_of))]
    steps.tell(stores, as_of)
    told = [*map(outcome, ended), *(found.line for found in waits), *(done["sentence"] for done in late)]
    return {"rows": len(ended), "sentence": "\n".join(told) or "Nothing waits for review."}


def _catch_up(stores: Stores, name: str, as_of: datetime) -> dict[str, Any] | None:
    """Carry the newest decision out, if its event was lost or its run was killed."""
    decision = waiting_decision(stores.ledger, name)
    if decision is None or as_of - decision.at > LATE:
        return None
    return act(name, str(stores.settings.home), as_of, decision.id)
