"""release: the tick. Carry out what people said in MLflow of the versions that wait for review."""

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
    ended = [entry for name in names for entry in steps.settle_reviews(stores, name, as_of)]
    waits = [found for name in names if (found := standing(stores.registry, stores.ledger, name))]
    told = [*map(outcome, ended), *(found.line for found in waits)]
    return {"rows": len(ended), "sentence": "\n".join(told) or "Nothing waits for review."}
