"""recalibrate: a new calibrator for the champion's booster. Single-flight with retrain, once per window and policy."""

from datetime import datetime
from typing import Any

from flows import steps
from flows.running import flow_of
from monitoring.policy import DEFAULT


@flow_of("recalibrate", "model", "as_of")
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
    """Refit the calibrator, judge, promote or refuse; the same request again returns what came of the first.

    Args:
        model: Name of the model.
        home: Folder of every store. Empty: TRIMTAB_HOME.
        as_of: Learn from what was known by then (UTC). Empty: now.
        policy: What asks for it; with the moment, what tells one request from another.
        reason: Why, in words; kept with the version.
        report: Page of drift to keep with the version.
        since: Learn only from posts that became known from here on (UTC), as a look had measured.
        cut: Judge on the posts that became known from here on (UTC), as a look had measured.
    """
    stores, as_of = steps.open_stores(home), steps.moment(as_of)
    key = f"recalibrate/{as_of:%Y-%m-%dT%H:%M:%S}/{policy}"
    measured: dict[str, Any] = {"report": report, "since": since, "cut": cut}
    return steps.challenge("recalibrate", steps.recalibrate_and_judge, stores, model, as_of, reason, key, **measured)
