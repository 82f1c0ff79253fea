"""A training run in MLflow: its bundle as a logged model, its story as parameters, metrics, data sets and files."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pandas import DataFrame
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from models.artifact import model_file, requirements
from models.card import description, on_top
from models.gates.gate import GatesReport
from models.manifest import seal
from models.registry.store import Store
from models.scores import Comparison
from models.spec import Fitted, Model
from models.story import CARD, RunStory, metrics_of, params_of, write_comparison, write_gates, write_story

SCORED, TOLD = "bundle", "about"  # folders below artifacts/: what the Scorer loads, what the bundle says of itself
TABLES_SHOWN = '[{"path": "slices.json", "type": "table"}]'
HALF_MADE = "Half-made: the process was stopped before a version came of it."


@dataclass(frozen=True)
class Logged:
    """A run without a version yet: where its model folder lies, and the seal of that folder (models.manifest)."""

    run: str
    location: str
    seal: str


def log_run(store: Store, experiment: str, model: Model, fitted: Fitted, story: RunStory, key: str) -> Logged:
    """Log everything but the version."""
    pinned, source = requirements(model.scoring), model_file(model.scoring)
    name = f"{model.name} as of {story.as_of:%Y-%m-%d %H:%M}"
    run = store.client.create_run(experiment, run_name=name, tags={"trimtab.key": key}).info.run_id
    logged = store.client.create_logged_model(experiment, model.name, run)
    with TemporaryDirectory() as folder:
        parts = _write_bundle(Path(folder), model, fitted, story, source)
        with store.running_code():
            store.mlflow.pyfunc.save_model(
                Path(folder, "model"),
                python_model=Path(folder, f"{model.name}.py"),
                artifacts=parts,
                pip_requirements=pinned,
                signature=_signature(store, model, story),
                mlflow_model=store.mlflow.models.Model(
                    artifact_path=logged.artifact_location, run_id=run, model_id=logged.model_id
                ),
            )
        sealed = seal(Path(folder, "model"))
        store.client.log_model_artifacts(logged.model_id, str(Path(folder, "model")))
    store.client.finalize_logged_model(logged.model_id, "READY")
    _log_story(store, run, logged.model_id, model, fitted, story)
    return Logged(run, logged.artifact_location, sealed)


def card_of(store: Store, run: str) -> str:
    """The whole card of a run, as its file has it."""
    folder = store.client.get_run(run).info.artifact_uri
    where = store.mlflow.artifacts.download_artifacts(f"{folder}/{CARD}", tracking_uri=store.uri)
    return Path(where).read_text(encoding="utf-8")


def add_to_card(
    store: Store, run: str, note: str, comparison: Comparison | None, gates: GatesReport | None = None
) -> str:
    """Put a note on top of the card, a comparison and what the gates said among the files; returns the new card."""
    card = on_top(note, card_of(store, run))
    with TemporaryDirectory() as folder:
        Path(folder, CARD).write_text(card, encoding="utf-8")
        if comparison is not None:
            write_comparison(Path(folder), comparison)
        if gates is not None and gates.gates:
            write_gates(Path(folder), gates)
        store.client.log_artifacts(run, folder)
    store.client.set_tag(run, "mlflow.note.content", description(card, run))
    return card


def close_half_made(store: Store, experiment: str, finished: set[str]) -> None:
    """End the runs that a kill left open. The caller holds the model's lock, so nobody works on them."""
    for run in store.client.search_runs([experiment], "attributes.status = 'RUNNING'"):
        made = run.info.run_id in finished
        if not made:
            store.client.set_tag(run.info.run_id, "mlflow.note.content", HALF_MADE)
        store.client.set_terminated(run.info.run_id, "FINISHED" if made else "KILLED")


def _write_bundle(folder: Path, model: Model, fitted: Fitted, story: RunStory, source: str) -> dict[str, str]:
    """The code, what the Scorer loads, and what the bundle says of itself; returns the folders by name."""
    (folder / f"{model.name}.py").write_text(source, encoding="utf-8")
    parts = {name: files for name, files in ((SCORED, fitted.files), (TOLD, story.about)) if files}
    for part, files in parts.items():
        (folder / part).mkdir()
        for name, content in files.items():
            (folder / part / name).write_bytes(content)
    return {part: str(folder / part) for part in parts}


def _log_story(store: Store, run: str, model_id: str, model: Model, fitted: Fitted, story: RunStory) -> None:
    entities, moment = store.mlflow.entities, int(story.as_of.timestamp() * 1000)
    with TemporaryDirectory() as folder:
        write_story(Path(folder), model, fitted, story)
        store.client.log_artifacts(run, folder)
    tags = {
        "mlflow.note.content": description(card_of(store, run), run),
        "mlflow.loggedArtifacts": TABLES_SHOWN,
        "trimtab.reason": story.reason,
    }
    store.client.log_batch(
        run,
        metrics=[entities.Metric(k, v, moment, 0, model_id) for k, v in metrics_of(story.scorecard).items()],
        params=[entities.Param(k, v) for k, v in params_of(model, fitted, story).items()],
        tags=[entities.RunTag(name, value) for name, value in tags.items()],
    )
    datasets = [
        entities.DatasetInput(entities.Dataset(table, str(version), "delta", f"lake/{table}"))
        for table, version in story.data_versions.items()
    ]
    store.client.log_inputs(run, datasets)
    store.client.log_outputs(run, [entities.LoggedModelOutput(model_id, 0)])


def _signature(store: Store, model: Model, story: RunStory) -> Any:
    types = store.mlflow.types

    def schema(frame: DataFrame) -> Any:
        return types.Schema([types.ColSpec(_kind(frame[name]), str(name), required=False) for name in frame])

    return store.mlflow.models.ModelSignature(schema(story.fresh[list(model.features)]), schema(story.predictions))


def _kind(column: Any) -> str:
    return "boolean" if is_bool_dtype(column) else "double" if is_numeric_dtype(column) else "string"
