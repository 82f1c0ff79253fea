"""The loop over past data under a virtual clock: the same functions as production, no server, its own registry."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pandas import DataFrame, concat

from models.history import History
from models.promotion import rollback
from models.recalibrate import recalibrate
from models.registry import LoadedVersion
from models.retrain import Retrained, retrain
from models.spec import Model
from models.stores import Stores
from monitoring.assess import assess
from monitoring.attend import attend
from monitoring.backtest import unassessed, windows_of
from monitoring.decide import Decision
from monitoring.evidence import Evidence
from monitoring.policy import Policy
from monitoring.serving import serving_of
from monitoring.stock_measures import Stock
from monitoring.wording import finite
from trimtab.errors import NotEnoughData
from trimtab.windows import Window

ACTOR = "replay"
CHALLENGES: dict[str, Callable[..., Retrained]] = {"retrain": retrain, "recalibrate": recalibrate}


@dataclass
class Replay:
    """What happened, window by window."""

    windows: list[dict[str, Any]] = field(default_factory=list)
    predictions: list[DataFrame] = field(default_factory=list)


def replay(
    stores: Stores,
    model: Model,
    history: History,
    period: Window,
    step: timedelta,
    policy: Policy,
    progress: Callable[[int, int, str], None],
) -> Replay:
    """Train on what was mature at the start, then score, judge, decide and act window by window.

    `stores` is a scratch home, so no alias, ledger or prediction of production is touched.
    """
    done, stock = Replay(), Stock(model, history, stores.settings.monitoring)
    windows = windows_of(period, step)
    retrain(
        stores, model, history, period.start, "the first version of the replay", f"{policy.name}/first", actor=ACTOR
    )
    for number, window in enumerate(windows, 1):
        _score(stores, model, history, window, done)
        evidence = _evidence(stores, model, history, window, policy, stock)
        decision = policy.decide(evidence, stores.settings)
        _record(stores, model, evidence, decision)
        outcome = _act(stores, model, history, window.end, decision, f"{policy.name}/{window}")
        done.windows[-1] |= {
            "decision": decision.action,
            "reasons": list(decision.reasons),
            "sentence": str(decision),
            "outcome": outcome,
        }
        progress(number, len(windows), f"{window.end:%Y-%m-%d} {decision.action}")
    return done


def _score(stores: Stores, model: Model, history: History, window: Window, done: Replay) -> None:
    posts, champion = history.scored_in(window), _champion(stores, model)
    if len(posts):
        done.predictions.append(champion.predict(posts).assign(post_id=posts["post_id"], window=len(done.windows)))
    done.windows.append({"start": window.start, "end": window.end, "rows": len(posts), "version": champion.version})


def _evidence(stores: Stores, model: Model, history: History, window: Window, policy: Policy, stock: Stock) -> Evidence:
    serving = serving_of(stores, model, window.end)
    assert serving is not None  # the first version was promoted: there was nothing to refuse it for
    if policy.looks_at & {"evidence", "look"}:
        return assess(model, history, serving, window, stores.settings, looks_at=policy.looks_at)
    return unassessed(model, history, serving, window, policy, stock)


def _record(stores: Stores, model: Model, evidence: Evidence, decision: Decision) -> None:
    """In the scratch ledger, from which guards and blocked windows are read. The real lake gets no measures."""
    window = evidence.window
    about = {"window_start": window.start.isoformat(), "window_end": window.end.isoformat(), "action": decision.action}
    stores.ledger.append(
        "decision",
        at=window.end,
        model=model.name,
        version=evidence.version,
        actor=ACTOR,
        reason=str(decision),
        evidence=decision.evidence | about,
    )
    attend(stores, evidence, decision, ACTOR)


def _act(stores: Stores, model: Model, history: History, as_of: datetime, decision: Decision, key: str) -> str | None:
    """Carry the decision out; returns what came of it in one sentence."""
    if decision.action in CHALLENGES:
        make, measured = CHALLENGES[decision.action], {"since": decision.since, "cut": decision.cut}
        try:
            made = make(stores, model, history, as_of, str(decision), key, actor=ACTOR, **measured)
        except NotEnoughData as error:
            return str(error)
        return made.sentence
    if decision.action == "rollback":
        bad, good = rollback(stores.registry, stores.ledger, model.name, at=as_of, actor=ACTOR, reason=str(decision))
        return f"Rolled back from {bad} to {good}."
    return None


def _champion(stores: Stores, model: Model) -> LoadedVersion:
    version = stores.registry.alias(model.name, "champion")
    assert version is not None
    return stores.registry.load(model.name, version)


def add_metrics(model: Model, history: History, done: Replay, as_of: datetime) -> dict[str, float | None]:
    """Fill each window's metrics on its mature rows; returns the metrics over all rows of all windows."""
    if not done.predictions:
        return {}
    said = concat(done.predictions, ignore_index=True)
    rows = history.labelled(as_of).merge(said[["post_id", "window"]], on="post_id")
    told = rows[["post_id"]].merge(said, on="post_id").set_axis(rows.index)
    for number, window in enumerate(done.windows):
        inside = rows["window"] == number
        window["labelled_rows"] = int(inside.sum())
        window["metrics"] = _plain(model.metrics(rows[inside], told[inside])) if inside.any() else {}
    return _plain(model.metrics(rows, told)) if len(rows) else {}


def _plain(metrics: dict[str, float]) -> dict[str, float | None]:
    return {name: finite(value) for name, value in metrics.items()}
