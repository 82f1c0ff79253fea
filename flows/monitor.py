"""monitor: a closed window -> evidence -> one decision, in the ledger and as an event."""

from datetime import datetime
from typing import Any

from prefect import flow
from prefect.events import emit_event

from flows import steps
from monitoring.decide import Decision, decide


@flow(name="monitor", flow_run_name="monitor {model} to {as_of:%Y-%m-%d}")
def monitor(model: str, as_of: datetime, home: str | None = None) -> dict[str, Any]:
    """Judge the window that ends at `as_of`. Acts on nothing: what it decides is carried out by others."""
    stores = steps.open_stores(home)
    spec = stores.model(model)
    steps.refresh_features(stores, as_of)
    evidence, report = steps.assess(stores, spec, as_of)
    decision = decide(evidence, stores.settings.monitoring)
    entry = steps.write_record(stores, evidence, decision, report)
    announce(model, decision, entry.id)
    return {
        "action": decision.action,
        "sentence": str(decision),
        "why": "; ".join(decision.reasons),
        "rows": evidence.rows,
        "report": str(report),
        "ledger_id": entry.id,
    }


def announce(model: str, decision: Decision, ledger_id: int) -> None:
    """An event that automations can react to. It carries only where to look: the state is in the ledger."""
    emit_event(
        event=f"trimtab.decision.{decision.action}",
        resource={"prefect.resource.id": f"trimtab.model.{model}", "prefect.resource.name": model},
        payload={"model": model, "ledger_id": ledger_id, "sentence": str(decision)},
    )
