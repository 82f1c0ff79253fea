"""train: mature rows -> challenger -> champion, if it is better on the same fresh rows."""

from datetime import datetime
from typing import Any

from flows import artifacts, steps
from flows.running import flow_of


@flow_of("train", "model", "as_of")
def train(
    model: str, home: str | None = None, as_of: datetime | None = None, reason: str = "asked for by hand"
) -> dict[str, Any]:
    """Train a challenger on all that was mature at `as_of`; promote it or say why not.

    Args:
        model: Name of the model.
        home: Folder of every store. Empty: TRIMTAB_HOME.
        as_of: Learn from what was known by then (UTC). Empty: now.
        reason: Why, in words; kept with the version.
    """
    stores, as_of = steps.open_stores(home), steps.moment(as_of)
    spec = stores.model(model)
    steps.refresh_features(stores, as_of)
    history = steps.gather_history(stores, spec, as_of)
    key = f"train/{as_of:%Y-%m-%dT%H:%M:%S}"
    outcome = steps.train_and_judge(stores, spec, history, as_of, reason, key, actor="train flow")
    artifacts.show_challenger(stores, outcome.verdict.entry)
    return outcome.summary()
