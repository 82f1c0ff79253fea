"""materialise: features of now into the online store, beside the server or in its place."""

from datetime import datetime
from typing import Any

from flows import steps
from flows.running import flow_of


@flow_of("materialise", "as_of")
def materialise(home: str | None = None, as_of: datetime | None = None) -> dict[str, Any]:
    """Have the online store hold what is known now; `trimtab serve` does the same for itself every few minutes.

    Args:
        home: Folder of every store. Empty: TRIMTAB_HOME.
        as_of: What was known by then (UTC). Empty: now.
    """
    stores, as_of = steps.open_stores(home), steps.moment(as_of)
    built = steps.materialise(stores, as_of)
    what = f"Online features as of {as_of:%Y-%m-%d %H:%M}." if built else "No posts yet, so no online features."
    return {"sentence": what}
