"""act: a decision of the ledger -> what it asks for, once.

Where to look comes with an event, and what to do is read from the ledger: an event that comes five times does it once,
and one that is lost is made good by the next tick (flows/release.py).
"""

from datetime import datetime
from typing import Any

from filelock import Timeout

from flows import steps
from flows.passing import can_pass
from flows.recalibrate import recalibrate
from flows.retrain import retrain
from flows.running import flow_of
from models.promotion import rollback
from models.stores import Stores
from monitoring.alerts import BROKE
from monitoring.due import ACTIONS, acted_key
from monitoring.policy import DEFAULT
from monitoring.status_series import judgements
from monitoring.undone import UNCHANGED
from trimtab.errors import TrimtabError
from trimtab.ledger import Entry

CHALLENGES = {"retrain": retrain, "recalibrate": recalibrate}
IN_FLIGHT = "A new {model} is in the making already; this request adds nothing."


@flow_of("act", "model")
def act(
    model: str, home: str | None = None, as_of: datetime | None = None, decision: int | None = None
) -> dict[str, Any] | None:
    """Carry the newest decision on a model out: retrain, recalibrate, or put the version before back.

    Once per decision, whoever asks and however often; the other actions ask for a person, and nothing is done.

    Args:
        model: Name of the model.
        home: Folder of every store. Empty: TRIMTAB_HOME.
        as_of: Moment that is written down (UTC). Empty: now.
        decision: Number of the decision in the ledger. Empty: the newest.
    """
    stores, at = steps.open_stores(home), steps.moment(as_of)
    with steps.telling(stores, at):
        known = judgements(stores.ledger.entries(stores.model(model).name, "decision"))
        wanted = [entry for entry in known if decision in (None, entry.id)]
        return carry_out(stores, wanted[-1], at) if wanted else None


def carry_out(stores: Stores, decision: Entry, at: datetime) -> dict[str, Any] | None:
    """What came of it, in plain values; None where it asks for nothing that a flow can do.

    A trouble that may pass is raised, and the decision stays to be carried out; any other is what came of it.
    """
    if decision.evidence["action"] not in ACTIONS:
        return None
    try:
        flight = stores.single_flight(f"act-{decision.model}").acquire()
    except Timeout:
        return {"done": "elsewhere", "rows": 0, "sentence": IN_FLIGHT.format(model=decision.model)}
    with flight:
        if done := stores.ledger.find(acted_key(decision)):
            return {"done": "before", "rows": 0, "sentence": f"Already done: {done.reason}"}
        outcome = _outcome(stores, decision, at)
        if outcome.get("done") != "elsewhere":
            _note(stores, decision, outcome, at)
        return outcome


def _outcome(stores: Stores, decision: Entry, at: datetime) -> dict[str, Any]:
    work = _roll_back if decision.evidence["action"] == "rollback" else _challenge
    try:
        return work(stores, decision, at)
    except TrimtabError as error:
        if can_pass(error):
            raise
        return {"done": "not", "rows": 0, "sentence": f"{UNCHANGED}{error}"}
    except Exception as error:
        if not can_pass(error):  # not begun again by every tick: a person is told, and the next decision is another
            broken = {"done": "not", "sentence": f"{BROKE}{type(error).__name__}: {error}"}
            _note(stores, decision, broken, at)
        raise


def _challenge(stores: Stores, decision: Entry, at: datetime) -> dict[str, Any]:
    """Train the candidate that was measured: of the moment, the posts and the cut of the decision, so that it is one
    piece of work however often it is begun."""
    if other := _made_since(stores, decision):
        return {"done": "not", "rows": 0, "sentence": f"{UNCHANGED}{other}"}
    told = {name: decision.evidence[name] for name in ("since", "cut") if decision.evidence.get(name)}
    measured = {name: steps.moment(datetime.fromisoformat(moment)) for name, moment in told.items()}
    why, report = "; ".join(decision.evidence["reasons"]), decision.evidence["report"]
    challenge = CHALLENGES[decision.evidence["action"]]
    home = str(stores.settings.home)
    return challenge(decision.model, home, decision.at, DEFAULT, why, report, **measured)


def _made_since(stores: Stores, decision: Entry) -> str | None:
    """Of a version that was made after the decision, and not because of it: what was measured is measured anew."""
    for entry in stores.ledger.entries(decision.model, "trained"):
        if entry.id > decision.id and entry.at != decision.at:
            return f"version {entry.version} was trained after this was decided."
    return None


def _roll_back(stores: Stores, decision: Entry, at: datetime) -> dict[str, Any]:
    told: dict[str, Any] = {"at": at, "actor": decision.actor, "reason": "; ".join(decision.evidence["reasons"])}
    bad, good = rollback(stores.registry, stores.ledger, decision.model, of=decision, **told)
    return {"done": "now", "rows": 0, "sentence": f"{decision.model} {good} serves again in place of {bad}."}


def _note(stores: Stores, decision: Entry, outcome: dict[str, Any], at: datetime) -> None:
    stores.ledger.append(
        "acted",
        at=at,
        model=decision.model,
        version=outcome.get("version"),
        actor="act flow",
        reason=outcome["sentence"],
        evidence={"decision": decision.id, "action": decision.evidence["action"], "done": outcome.get("done")},
        key=acted_key(decision),
    )
