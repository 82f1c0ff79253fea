"""stale: a retrain by age alone, for a monitor that does not run or cannot judge."""

from datetime import datetime, timedelta
from typing import Any

from flows import steps
from flows.retrain import retrain
from flows.running import flow_of
from monitoring.due import floored
from monitoring.guards import held_back
from monitoring.guards import stale as too_old
from monitoring.serving import serving_of
from trimtab.errors import NotEnoughData

DAY = timedelta(days=1)


@flow_of("stale", "model")
def stale(model: str, home: str | None = None, as_of: datetime | None = None) -> dict[str, Any]:
    """Retrain a champion past its age limit that nothing has looked at lately. Once a day at most.

    Args:
        model: Name of the model.
        home: Folder of every store. Empty: TRIMTAB_HOME.
        as_of: Learn from what was known by then (UTC). Empty: the beginning of today.
    """
    stores = steps.open_stores(home)
    # a day, not a moment: run again after a kill it goes on with the version that it had begun
    at = floored(steps.moment(as_of), DAY)
    serving = serving_of(stores, stores.model(model), at)
    if serving is None:
        return {"done": "not", "sentence": f"No {model} serves, so none has grown old."}
    cost, guards = stores.settings.cost, serving.guards
    why = too_old(guards, at, cost)
    if why is None:
        return {"done": "not", "sentence": f"{model} {serving.champion.version} is not past its age limit."}
    looked = guards.last_look_at
    if looked is not None and at - looked < timedelta(days=cost.look_days):
        sentence = f"Nothing was changed: {why}, but what a retrain would gain was measured on {looked:%Y-%m-%d}."
        return {"done": "not", "sentence": sentence}
    if held := held_back(guards, at, cost):
        return {"done": "not", "sentence": f"Nothing was changed: {why}, but {held}."}
    try:
        return retrain(model, str(stores.settings.home), at, "stale", why)
    except NotEnoughData as error:
        return {"done": "not", "sentence": f"Nothing was changed: {why}, but {error}"}
