"""The event of a decision, which automations react to."""

from uuid import NAMESPACE_URL, UUID, uuid5

from prefect.events import emit_event

from trimtab.ledger import Entry

EVENT = "trimtab.decision"  # and the action behind it
RESOURCE = "trimtab.model"  # and the model behind it


def announce(entry: Entry) -> None:
    """Tell it. The event carries only where to look: the state is in the ledger."""
    emit_event(
        event=f"{EVENT}.{entry.evidence['action']}",
        resource={"prefect.resource.id": f"{RESOURCE}.{entry.model}", "prefect.resource.name": entry.model},
        payload={"model": entry.model, "ledger_id": entry.id, "sentence": entry.reason},
        id=_id(entry),
    )


def _id(entry: Entry) -> UUID:
    """The same for one decision however often it is told, and not that of another ledger."""
    return uuid5(NAMESPACE_URL, f"{EVENT}/{entry.id}/{entry.hash}")
