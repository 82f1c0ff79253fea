"""release: the tick. Notice what people moved in MLflow, and carry out what they said of the versions that wait."""

from datetime import datetime
from typing import Any

from prefect import flow

from flows import steps
from models.waiting import outcome, standing


@flow(name="release", flow_run_name="release")
def release(model: str | None = None, home: str | None = None, as_of: datetime | None = None) -> dict[str, Any]:
    """Of one model or of all. Run again it finds nothing left to do; a run after a kill goes on from there."""
    stores, as_of = steps.open_stores(home), steps.moment(as_of)
    names = [stores.model(model).name] if model is not None else list(stores.models)
    for name in names:
        steps.notice_moves(stores, stores.model(name), as_of)
    ended = [entry for name in names for entry in steps.settle_reviews(stores, name, as_of)]
    waits = [found for name in names if (found := standing(stores.registry, stores.ledger, name))]
    told = [*map(outcome, ended), *(found.line for found in waits)]
    return {"rows": len(ended), "sentence": "\n".join(told) or "Nothing waits for review."}
