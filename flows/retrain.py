"""retrain: what a decision starts. Single-flight, and once per model, window and policy."""

from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import Timeout
from prefect import flow

from flows import steps


@flow(name="retrain", flow_run_name="retrain {model} for {policy}")
def retrain(
    model: str,
    home: str | None = None,
    as_of: datetime | None = None,
    policy: str = "drift",
    reason: str = "asked for by hand",
    report: str | None = None,
) -> dict[str, Any]:
    """Train, judge, promote or refuse; the same request again returns what came of the first."""
    stores, as_of = steps.open_stores(home), steps.moment(as_of)
    spec, key = stores.model(model), f"{as_of:%Y-%m-%dT%H:%M:%S}/{policy}"
    try:
        flight = stores.single_flight(f"retrain-{model}").acquire()
    except Timeout:
        return {"done": "elsewhere", "sentence": f"A retrain of {model} is running already; this request adds nothing."}
    with flight:
        if done := stores.ledger.find(f"retrain_finished/{model}/{key}"):
            return {"done": "before", **done.evidence, "sentence": f"Already done: {done.reason}"}
        about: dict[str, Any] = {"at": as_of, "model": model, "actor": "retrain flow"}
        stores.ledger.append("retrain_started", reason=reason, key=f"retrain_started/{model}/{key}", **about)
        steps.refresh_features(stores, as_of)
        history = steps.gather_history(stores, spec, as_of)
        evidence_page = Path(report) if report else None
        outcome = steps.train_and_judge(
            stores, spec, history, as_of, reason, key, actor="retrain flow", report=evidence_page
        )
        result = outcome.summary()
        stores.ledger.append(
            "retrain_finished",
            reason=outcome.sentence,
            evidence=result,
            version=outcome.trained.version,
            key=f"retrain_finished/{model}/{key}",
            **about,
        )
        return {"done": "now", **result}
