"""monitor: a closed window -> evidence -> one decision, in the ledger and as an event."""

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.events import emit_event

from flows import steps
from models.waiting import standing
from monitoring.decide import decide
from trimtab.ledger import Entry


@flow(name="monitor", flow_run_name="monitor {model}")
def monitor(model: str, as_of: datetime | None = None, home: str | None = None) -> dict[str, Any]:
    """Judge the window that ends at `as_of`. Acts on nothing: what it decides is carried out by others.

    A window that was judged before keeps its first decision, which is what is told again. `since` and `cut` (ISO, or
    None) are of the candidate whose gain was measured.
    """
    stores, as_of = steps.open_stores(home), steps.moment(as_of)
    spec = stores.model(model)
    steps.notice_moves(stores, spec, as_of)
    steps.refresh_features(stores, as_of)
    evidence, report = steps.assess(stores, spec, as_of)
    decision = decide(evidence, stores.settings)
    entry = steps.write_record(stores, evidence, decision, report)
    announce(entry)
    return {
        "action": entry.evidence["action"],
        "sentence": entry.reason,
        "why": "; ".join(entry.evidence["reasons"]),
        "rows": evidence.rows,
        "report": entry.evidence["report"],
        "ledger_id": entry.id,
        "waits": waits.line if (waits := standing(stores.registry, stores.ledger, model)) else None,
        "since": entry.evidence.get("since"),
        "cut": entry.evidence.get("cut"),
    }


def announce(entry: Entry) -> None:
    """An event that automations can react to. It carries only where to look: the state is in the ledger."""
    emit_event(
        event=f"trimtab.decision.{entry.evidence['action']}",
        resource={"prefect.resource.id": f"trimtab.model.{entry.model}", "prefect.resource.name": entry.model},
        payload={"model": entry.model, "ledger_id": entry.id, "sentence": entry.reason},
    )
