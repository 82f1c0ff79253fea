"""What a window says, written into the ledger: the decision, and of the watch over the champion its end."""

import json
from pathlib import Path

from models.stores import Stores
from models.watch import end, follow
from monitoring.decide import Decision
from monitoring.evidence import Evidence
from monitoring.watch_wording import verdict_of, watch_words
from monitoring.wording import evidence_of
from trimtab.ledger import Entry


def write_decision(
    stores: Stores, evidence: Evidence, decision: Decision, *, key: str, actor: str, report: Path | None
) -> Entry:
    """The decision with all that acting on it needs; `report` is the page that shows it, where one was drawn."""
    return stores.ledger.append(
        "decision",
        at=evidence.as_of,
        model=evidence.model,
        version=evidence.version,
        actor=actor,
        reason=str(decision),
        evidence=json.loads(json.dumps(decision.evidence, default=str))
        | {"action": decision.action, "reasons": list(decision.reasons), "report": str(report) if report else None}
        | {"window_start": evidence.window.start.isoformat(), "window_end": evidence.window.end.isoformat()},
        key=key,
    )


def attend(stores: Stores, evidence: Evidence, decision: Decision, actor: str) -> Entry | None:
    """End the watch where this window ends it, other than by a rollback; returns its `watch_ended`.

    Begins the watch that a kill after a promotion left out.
    """
    begun, found = follow(stores.ledger, evidence.model), verdict_of(evidence, stores.settings)
    if begun is None or begun.version != evidence.version or found in (None, "worse") or decision.action == "rollback":
        return None
    facts = evidence_of(evidence)
    seen = {name: facts[name] for name in ("watch", "against_previous") if name in facts}
    words = watch_words(evidence, stores.settings)
    return end(stores.ledger, begun, str(found), words, at=evidence.as_of, actor=actor, **seen)
