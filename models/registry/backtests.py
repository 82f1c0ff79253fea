"""A backtest in MLflow: one run that holds its report and picture, and below it one run a policy to compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from models.registry.store import Store

AT_ONCE = 1_000  # metrics that MLflow takes in one call
STOPPED = "Half-made: the process was stopped while it was logged."


@dataclass(frozen=True)
class PolicyRun:
    """One policy: figures of the whole backtest, and `series`, by metric (moment, value) of each window."""

    policy: str
    metrics: Mapping[str, float]
    series: Mapping[str, Sequence[tuple[datetime, float]]]


def log_backtest(
    store: Store,
    model: str,
    name: str,
    params: Mapping[str, str],
    sentence: str,
    policies: Sequence[PolicyRun],
    folder: Path,
) -> str:
    """Log into the experiment '<model> backtest', with the files of `folder`; returns the parent run."""
    experiment_name = f"{model} backtest"
    with store.lock(experiment_name), store.spoken():
        experiment = _experiment(store, experiment_name)
        _close_half_made(store, experiment)
        tags = {"mlflow.note.content": sentence}
        parent = str(store.client.create_run(experiment, run_name=name, tags=tags).info.run_id)
        _log(store, parent, params, {}, {})
        store.client.log_artifacts(parent, str(folder))
        for one in policies:
            below = {"mlflow.parentRunId": parent}
            run = store.client.create_run(experiment, run_name=one.policy, tags=below).info.run_id
            _log(store, run, {"policy": one.policy, **params}, one.metrics, one.series)
            store.client.set_terminated(run)
        store.client.set_terminated(parent)
    return parent


def _log(
    store: Store,
    run: str,
    params: Mapping[str, str],
    metrics: Mapping[str, float],
    series: Mapping[str, Sequence[tuple[datetime, float]]],
) -> None:
    entities = store.mlflow.entities
    points = [entities.Metric(name, value, 0, 0) for name, value in metrics.items()]
    points += [
        entities.Metric(name, value, int(moment.timestamp() * 1000), step)
        for name, values in series.items()
        for step, (moment, value) in enumerate(values)
    ]
    store.client.log_batch(run, params=[entities.Param(name, value) for name, value in params.items()])
    for start in range(0, len(points), AT_ONCE):
        store.client.log_batch(run, metrics=points[start : start + AT_ONCE])


def _close_half_made(store: Store, experiment: str) -> None:
    """End the runs that a kill left open. The caller holds the experiment's lock, so nobody works on them."""
    for run in store.client.search_runs([experiment], "attributes.status = 'RUNNING'"):
        store.client.set_tag(run.info.run_id, "mlflow.note.content", STOPPED)
        store.client.set_terminated(run.info.run_id, "KILLED")


def _experiment(store: Store, name: str) -> str:
    found = store.client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    place = (store.path / "artifacts" / name).as_uri()
    return str(store.client.create_experiment(name, place, {"mlflow.experimentKind": "custom_model_development"}))
