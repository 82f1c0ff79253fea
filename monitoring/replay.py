"""The loop over past data under a virtual clock: the same functions as production, no server, its own registry."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pandas import DataFrame, concat

from models.history import History
from models.promotion import rollback
from models.registry import LoadedVersion
from models.retrain import retrain
from models.spec import Model
from models.stores import Stores
from monitoring.assess import assess
from monitoring.decide import Decision
from monitoring.evidence import Evidence
from monitoring.policy import needs_evidence, policy
from monitoring.serving import serving_of
from trimtab.errors import NotEnoughData
from trimtab.windows import Window, steps

ACTOR = "replay"


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
    policy_name: str,
    progress: Callable[[int, int, str], None],
) -> Replay:
    """Train on what was mature at the start, then score, judge, decide and act window by window.

    `stores` is a scratch home, so no alias, ledger or prediction of production is touched.
    """
    decide, done = policy(policy_name), Replay()
    windows = list(steps(period.start, period.end, step))
    if not windows:
        raise NotEnoughData(f"No whole step of {step} fits between {period}; choose a later end or a shorter step.")
    retrain(
        stores, model, history, period.start, "the first version of the replay", f"{policy_name}/first", actor=ACTOR
    )
    for number, window in enumerate(windows, 1):
        _score(stores, model, history, window, done)
        evidence = _evidence(stores, model, history, window, policy_name)
        decision = decide(evidence, stores.settings.monitoring)
        outcome = _act(stores, model, history, window.end, decision, f"{policy_name}/{window}")
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


def _evidence(stores: Stores, model: Model, history: History, window: Window, policy_name: str) -> Evidence:
    serving = serving_of(stores, model)
    assert serving is not None  # the first version was promoted: there was nothing to refuse it for
    if needs_evidence(policy_name):
        return assess(model, history, serving, window, stores.settings)
    return Evidence(
        model=model.name,
        version=serving.champion.version,
        window=window,
        as_of=window.end,
        rows=len(history.scored_in(window)),
        horizon=stores.settings.engagement.horizon,
        measures=(),
        last_retrain_at=serving.last_retrain_at,
    )


def _act(stores: Stores, model: Model, history: History, as_of: datetime, decision: Decision, key: str) -> str | None:
    """Carry the decision out; returns what came of it in one sentence."""
    if decision.action == "retrain":
        try:
            return retrain(stores, model, history, as_of, str(decision), key, actor=ACTOR).sentence
        except NotEnoughData as error:
            return str(error)
    if decision.action == "rollback":
        bad, good = rollback(stores.registry, stores.ledger, model.name, at=as_of, actor=ACTOR, reason=str(decision))
        return f"Rolled back from {bad} to {good}."
    return None


def _champion(stores: Stores, model: Model) -> LoadedVersion:
    version = stores.registry.alias(model.name, "champion")
    assert version is not None
    return stores.registry.load(model.name, version)


def add_metrics(model: Model, history: History, done: Replay, as_of: datetime) -> dict[str, float]:
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


def _plain(metrics: dict[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items()}
