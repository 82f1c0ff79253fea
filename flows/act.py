"""Carry a decision out: start the retrain or the recalibration, or put the version before back.

The other actions ask for a person.
"""

from datetime import datetime
from typing import Any

from flows import steps
from flows.recalibrate import recalibrate
from flows.retrain import retrain
from models.promotion import rollback
from monitoring.policy import DEFAULT
from trimtab.errors import NotEnoughData, NothingToRollBack

CHALLENGES = {"retrain": retrain, "recalibrate": recalibrate}


def act(model: str, decided: dict[str, Any], as_of: datetime, home: str | None = None) -> dict[str, Any] | None:
    """What came of it, or None where nothing was to be done. `decided` is what the flow `monitor` returned.

    Its `since` and `cut` (ISO, or absent) are of the candidate that a look measured: that one is trained.
    """
    if decided["action"] in CHALLENGES:
        told = {name: decided[name] for name in ("since", "cut") if decided.get(name)}
        measured = {name: steps.moment(datetime.fromisoformat(at)) for name, at in told.items()}
        challenge = CHALLENGES[decided["action"]]
        try:
            return challenge(model, home, as_of, DEFAULT, decided["why"], decided["report"], **measured)
        except NotEnoughData as error:  # a decision is not undone because it cannot be carried out yet
            return {"rows": 0, "sentence": f"No {model} was made: {error}"}
    if decided["action"] == "rollback":
        stores = steps.open_stores(home)
        decisions = (e for e in stores.ledger.entries(model, "decision") if e.evidence.get("action") == "rollback")
        about: dict[str, Any] = {"of": max(decisions, key=lambda entry: entry.id), "reason": decided["why"]}
        try:
            bad, good = rollback(stores.registry, stores.ledger, model, at=as_of, actor="monitor flow", **about)
        except NothingToRollBack as error:  # another decision on the same version was carried out before
            return {"rows": 0, "sentence": str(error)}
        return {"rows": 0, "sentence": f"{model} {good} serves again in place of {bad}."}
    return None
