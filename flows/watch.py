"""watch: a daily look at a new champion, on the labels that came since the last."""

from datetime import datetime
from typing import Any

from flows import steps
from flows.announce import announce
from flows.running import flow_of
from models.watch import running


@flow_of("watch", "model", "as_of")
def watch(model: str, home: str | None = None, as_of: datetime | None = None) -> dict[str, Any]:
    """Hold a new champion against the version before it. A decision to roll back is announced; `act` carries it out.

    Args:
        model: Name of the model.
        home: Folder of every store. Empty: TRIMTAB_HOME.
        as_of: See only what was known by then (UTC). Empty: now.
    """
    stores, as_of = steps.open_stores(home), steps.moment(as_of)
    with steps.telling(stores, as_of):
        spec = stores.model(model)
        steps.notice_moves(stores, spec, as_of)
        steps.refresh_features(stores, as_of)
        found = steps.watch_look(stores, spec, as_of)
        if found is not None and found.kind == "decision":
            announce(found)
    goes_on = f"The watch over {model} goes on." if running(stores.ledger, model) else f"No watch over {model} runs."
    return {"found": found and found.kind, "sentence": found.reason if found else goes_on}
