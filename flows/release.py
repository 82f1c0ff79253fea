"""release: the tick. What people moved or said in MLflow, and decisions that nobody carried out when they were made."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from flows import steps
from flows.act import act
from flows.running import flow_of
from models.stores import Stores
from models.waiting import outcome, standing
from monitoring.due import waiting_decision
from trimtab.ledger import Entry

Done = TypeVar("Done")
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
    broken: dict[str, Exception] = {}
    with steps.telling(stores, as_of):
        names = [stores.model(model).name] if model is not None else list(stores.models)
        ended = [entry for found in _each(names, lambda name: _settle(stores, name, as_of), broken) for entry in found]
        waits = _each(names, lambda name: standing(stores.registry, stores.ledger, name), broken)
        late = _each(names, lambda name: _catch_up(stores, name, as_of), broken) if decisions else []
        _raise(broken)
    lines = [*(found.line for found in waits if found), *(done["sentence"] for done in late if done)]
    return {"rows": len(ended), "sentence": "\n".join([*map(outcome, ended), *lines]) or "Nothing waits for review."}


def _each(names: Iterable[str], work: Callable[[str], Done], broken: dict[str, Exception]) -> list[Done]:
    """What came of it, model by model. One that raises is put into `broken`, left out from then on, and stops none."""
    done = []
    for name in [name for name in names if name not in broken]:
        try:
            done.append(work(name))
        except Exception as error:  # noqa: BLE001 - raised once the others had their turn
            broken[name] = error
    return done


def _raise(broken: dict[str, Exception]) -> None:
    """The first error, with a note on each other."""
    if not broken:
        return
    first, *others = broken
    for name in others:
        broken[first].add_note(f"{name}: {broken[name]}")
    raise broken[first]


def _settle(stores: Stores, name: str, as_of: datetime) -> list[Entry]:
    """Reviews that ended, after moves by hand were noticed."""
    steps.notice_moves(stores, stores.model(name), as_of)
    ended: list[Entry] = steps.settle_reviews(stores, name, as_of)
    return ended


def _catch_up(stores: Stores, name: str, as_of: datetime) -> dict[str, Any] | None:
    """Carry the newest decision out, if its event was lost or its run was killed."""
    decision = waiting_decision(stores.ledger, name)
    if decision is None or as_of - decision.at > LATE:
        return None
    return act(name, str(stores.settings.home), as_of, decision.id)
