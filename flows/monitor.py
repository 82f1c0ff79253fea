"""monitor: a closed window -> evidence -> one decision, in the ledger and as an event."""

from datetime import datetime, timedelta
from typing import Any

from flows import artifacts, steps
from flows.announce import announce
from flows.running import flow_of
from models.spec import Model
from models.stores import Stores
from models.waiting import standing
from monitoring.due import windows_due
from monitoring.policy import decided
from monitoring.workspace import follow
from trimtab.ledger import Entry

REACH = timedelta(days=91)  # that missed windows are caught up with: what is older, nobody acts on


@flow_of("monitor", "model", "as_of")
def monitor(model: str, as_of: datetime | None = None, home: str | None = None) -> dict[str, Any]:
    """Judge windows, each once. Acts on nothing: what it decides is carried out by others.

    Without a moment, every window that has ended since the last decision is judged, in order and each as of its end;
    the newest decision alone is announced. A window that was judged before keeps its first decision, which is what is
    told again.

    Args:
        model: Name of the model.
        as_of: Judge the one window that ends here (UTC). Empty: all windows that are due.
        home: Folder of every store. Empty: TRIMTAB_HOME.
    """
    stores, now = steps.open_stores(home), steps.moment(as_of)
    with steps.telling(stores, now):
        spec = stores.model(model)
        ends = (now,) if as_of is not None else due(stores, model, now)
        if not ends:
            return {"windows": 0, "sentence": f"No window of {model} is over that was not judged."}
        steps.notice_moves(stores, spec, now)  # dated when it was noticed, however old the windows are
        entry, rows = catch_up(stores, spec, ends)[-1]
        follow(stores, model)
        announce(entry)
    return told(stores, entry, rows) | {"windows": len(ends)}


def due(stores: Stores, model: str, now: datetime) -> tuple[datetime, ...]:
    """Ends of the windows to judge, by the settings."""
    length = timedelta(days=stores.settings.monitoring.window_days)
    delay = timedelta(minutes=stores.settings.schedules.delay_minutes)
    return windows_due(stores.ledger, model, now, length=length, delay=delay, reach=max(REACH, 2 * length))


def catch_up(stores: Stores, spec: Model, ends: tuple[datetime, ...]) -> list[tuple[Entry, int]]:
    """Window by window; where they are several, a bar shows how far it is."""
    if len(ends) == 1:
        return [judge(stores, spec, ends[0])]
    judged = []
    with artifacts.progress(spec.name, "monitor") as moved:
        for end in ends:
            judged.append(judge(stores, spec, end))
            moved(100 * len(judged) / len(ends), f"{len(judged)} of {len(ends)} windows, to {end:%Y-%m-%d %H:%M}")
    return judged


def judge(stores: Stores, spec: Model, end: datetime) -> tuple[Entry, int]:
    """The decision on the window that ends at `end`, and the rows it rests on."""
    steps.refresh_features(stores, end)
    evidence, report = steps.assess(stores, spec, end)
    entry = steps.write_record(stores, evidence, decided(evidence, stores.settings), report)
    artifacts.show_decision(stores, entry, evidence.measures)
    return entry, evidence.rows


def told(stores: Stores, entry: Entry, rows: int) -> dict[str, Any]:
    """Plain values, as a flow returns them."""
    return {
        "action": entry.evidence["action"],
        "sentence": entry.reason,
        "rows": rows,
        "report": entry.evidence["report"],
        "ledger_id": entry.id,
        "waits": waits.line if (waits := standing(stores.registry, stores.ledger, entry.model)) else None,
    }
