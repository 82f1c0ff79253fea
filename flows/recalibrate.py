"""recalibrate: a new calibrator for the champion's booster. Single-flight with retrain, once per window and policy."""

from datetime import datetime
from pathlib import Path
from typing import Any

from prefect import flow

from flows import steps
from monitoring.policy import DEFAULT


@flow(name="recalibrate", flow_run_name="recalibrate {model} for {policy}")
def recalibrate(
    model: str,
    home: str | None = None,
    as_of: datetime | None = None,
    policy: str = DEFAULT,
    reason: str = "asked for by hand",
    report: str | None = None,
    since: datetime | None = None,
    cut: datetime | None = None,
) -> dict[str, Any]:
    """Refit the calibrator, judge, promote or refuse; the same request again returns what came of the first."""
    stores, as_of = steps.open_stores(home), steps.moment(as_of)
    key = f"recalibrate/{as_of:%Y-%m-%dT%H:%M:%S}/{policy}"
    about = {"report": Path(report) if report else None, "since": since, "cut": cut}
    return steps.challenge("recalibrate", steps.recalibrate_and_judge, stores, model, as_of, reason, key, **about)
