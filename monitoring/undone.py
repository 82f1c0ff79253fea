"""Why what a decision asked for could not be done, in words that follow a colon."""

from collections.abc import Sequence

from monitoring.alerts import BROKE
from trimtab.ledger import Entry

UNCHANGED = "Nothing was changed: "  # how the reason of an `acted` begins that did nothing


def undone(decision: Entry, entries: Sequence[Entry]) -> str | None:
    """The reason, without a full stop; None where it was done, is not tried yet, or was begun again since."""
    after = [entry for entry in entries if entry.id > decision.id]
    last = next((entry for entry in reversed(after) if entry.kind in ("acted", "retrain_started")), None)
    if last is None or last.evidence.get("done") != "not" or last.evidence.get("decision") != decision.id:
        return None
    said = last.reason.removeprefix(UNCHANGED).strip().rstrip(".")
    return said[:1].lower() + said[1:] if said.startswith(BROKE) else said
