"""retrain: what a decision starts. Single-flight, and once per model, window and policy."""

from datetime import datetime
from pathlib import Path
from typing import Any

from prefect import flow

from flows import steps
from monitoring.policy import DEFAULT


@flow(name="retrain", flow_run_name="retrain {model} for {policy}")
def retrain(
    model: str,
    home: str | None = None,
    as_of: datetime | None = None,
    policy: str = DEFAULT,
    reason: str = "asked for by hand",
    report: str | None = None,
    since: datetime | None = None,
    cut: datetime | None = None,
) -> dict[str, Any]:
    """Train, judge, promote or refuse; the same request again returns what came of the first.

    `since` and `cut` are those that a look measured: learn from posts scored since the one, judge on those since the
    other.
    """
    stores, as_of = steps.open_stores(home), steps.moment(as_of)
    key = f"{as_of:%Y-%m-%dT%H:%M:%S}/{policy}"
    about = {"report": Path(report) if report else None, "since": since, "cut": cut}
    return steps.challenge("retrain", steps.train_and_judge, stores, model, as_of, reason, key, **about)
