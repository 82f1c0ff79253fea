"""Versions and aliases of every model.

One training run is one version. A version is made in one transaction, after everything else of its run, so that a kill
at any point leaves a version that is complete or none; the run that it left half-made is closed by the next.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from pandas import DataFrame

from models.card import description
from models.gates.gate import GatesReport
from models.manifest import check
from models.registry.run import SCORED, TOLD, add_to_card, card_of, close_half_made, log_run
from models.registry.store import Store
from models.scores import Comparison
from models.spec import Fitted, Model
from models.story import RunStory
from trimtab.errors import RegistryError, UnknownModel, hint

Score = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
KEPT_LOADED = 8  # versions held in memory
ABOUT = """The version called `champion` serves, `challenger` waits to be judged, `previous` served before.
Each version's page says why it exists, what it beats and on which posts, and how to undo it.

`trimtab history {name}` tells who moved an alias and why; `trimtab rollback {name} --reason "..."` goes back."""


@dataclass(frozen=True)
class VersionInfo:
    """A version as the registry lists it; `as_of` is the moment that it was trained for."""

    model: str
    version: str
    run_id: str
    key: str
    as_of: datetime
    rows: int
    reason: str
    base: str | None = None  # the version whose booster it shares, where it was recalibrated
    seal: str | None = None  # sha256 of the manifest of its files; None for a version of before there were manifests
    aliases: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class LoadedVersion:
    """A version in memory, running the code that it was registered with."""

    model: str
    version: str
    bundle: Any = field(repr=False)

    def predict(self, frame: DataFrame) -> DataFrame:
        """What the version says of each row, index kept."""
        return self.bundle.predict(None, frame)

    @property
    def score(self) -> Score | None:
        """The same prediction of arrays by column, where the bundle's code can; a column that is missing is unknown."""
        return getattr(self.bundle, "score", None)

    def explain(self, frame: DataFrame) -> DataFrame:
        """What each feature adds to each prediction."""
        return self.bundle.explain(frame)


class Registry:
    """Runs, versions and aliases below one folder."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path)
        self._loaded: dict[tuple[str, str], LoadedVersion] = {}

    def lock(self, name: str) -> FileLock:
        """One writer a model; held by `with`. Reentrant within a thread."""
        return self.store.lock(name)

    def register(self, model: Model, fitted: Fitted, story: RunStory, key: str) -> str:
        """Log the run and make its version; a version with this `key` is returned instead of made again."""
        with self.lock(model.name), self.store.spoken():
            experiment = self._experiment(model.name)
            versions = self.versions(model.name)
            close_half_made(self.store, experiment, {info.run_id for info in versions})
            made = [info.version for info in versions if info.key == key]
            return made[0] if made else self._make(experiment, model, fitted, story, key)

    def load(self, name: str, version: str) -> LoadedVersion:
        """The version, ready to score; kept in memory, since a version never changes."""
        if (name, version) not in self._loaded:
            folder = self.folder(name, version)
            with self.store.spoken(), self.store.running_code():
                loaded = self.store.mlflow.pyfunc.load_model(str(folder), suppress_warnings=True)
            while len(self._loaded) >= KEPT_LOADED:
                self._loaded.pop(next(iter(self._loaded)))
            self._loaded[name, version] = LoadedVersion(name, version, loaded.unwrap_python_model())
        return self._loaded[name, version]

    def files(self, name: str, version: str) -> dict[str, bytes]:
        """The bundle of a version, file by file, as its fit made it."""
        return self._part(name, version, SCORED)

    def about(self, name: str, version: str) -> dict[str, bytes]:
        """What the bundle says of itself (models.about), file by file; {} for a version of before it did."""
        return self._part(name, version, TOLD)

    def folder(self, name: str, version: str, *, checked: bool = True) -> Path:
        """Its files on this machine; RegistryError where one is not as it was registered."""
        seal = self.info(name, version).seal
        with self.store.spoken():
            location = self.store.client.get_model_version_download_uri(name, version)
            found = Path(self.store.mlflow.artifacts.download_artifacts(location, tracking_uri=self.store.uri))
            if checked:
                check(found, seal, f"{name} {version}")
        return found

    def names(self) -> list[str]:
        """Every model that has been registered."""
        if not self.store.laid_out:
            return []
        with self.store.spoken():
            return sorted(model.name for model in self.store.client.search_registered_models())

    def aliases(self, name: str) -> dict[str, str]:
        """Version by alias; empty for a model without versions."""
        with self.store.spoken():
            found = self._found("get_registered_model", name)
        return {alias: str(version) for alias, version in found.aliases.items()} if found else {}

    def alias(self, name: str, alias: str) -> str | None:
        """The version that an alias points at, or None."""
        return self.aliases(name).get(alias)

    def set_alias(self, name: str, alias: str, version: str | None) -> None:
        """Point an alias at a version, or at nothing. Promotion and rollback record it; this does not."""
        if version is not None:
            self.info(name, version)
        with self.store.spoken():
            if version is not None:
                self.store.client.set_registered_model_alias(name, alias, version)
            elif alias in self.aliases(name):
                self.store.client.delete_registered_model_alias(name, alias)

    def versions(self, name: str) -> list[VersionInfo]:
        """Every version, from old to new; none for a model that was never trained."""
        aliases = self.aliases(name)
        with self.store.spoken():
            known = self.store.laid_out
            found = list(self.store.client.search_model_versions(f"name='{name}'")) if known else []
        return sorted((_info(version, aliases) for version in found), key=lambda info: int(info.version))

    def info(self, name: str, version: str) -> VersionInfo:
        """One version; UnknownModel or RegistryError where it is not there."""
        with self.store.spoken():
            found = self._found("get_model_version", name, version) if version.isdigit() else None
        if found is not None:
            return _info(found, dict.fromkeys(found.aliases, version))
        if name not in self.names():
            raise UnknownModel.named(name, self.names())
        known = [info.version for info in self.versions(name)]
        listed = ", ".join(known) or "none"
        raise RegistryError(f"{name} has no version '{version}'.{hint(version, known)} Versions: {listed}.")

    def note(
        self,
        name: str,
        version: str,
        text: str,
        comparison: Comparison | None = None,
        gates: GatesReport | None = None,
    ) -> None:
        """Put what came later on top of a version's card, with the files of what was judged. Twice is once."""
        run = self.info(name, version).run_id
        with self.lock(name), self.store.spoken():
            card = add_to_card(self.store, run, text, comparison, gates)
            self.store.client.update_model_version(name, version, description(card, run))

    def _part(self, name: str, version: str, part: str) -> dict[str, bytes]:
        place = self.folder(name, version) / "artifacts" / part
        return {path.name: path.read_bytes() for path in sorted(place.iterdir())} if place.is_dir() else {}

    def _found(self, question: str, *about: str) -> Any:
        """MLflow's answer, or None where it has no such thing."""
        if not self.store.laid_out:
            return None
        try:
            return getattr(self.store.client, question)(*about)
        except self.store.mlflow.MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None

    def _make(self, experiment: str, model: Model, fitted: Fitted, story: RunStory, key: str) -> str:
        logged = log_run(self.store, experiment, model, fitted, story, key)
        tags = {
            "trimtab.key": key,
            "trimtab.as_of": story.as_of.isoformat(),
            "trimtab.rows": str(story.rows),
            "trimtab.reason": story.reason,
            "trimtab.seal": logged.seal,
        }
        tags |= {"trimtab.base": story.base} if story.base else {}
        about = {"tags": tags, "description": description(card_of(self.store, logged.run), logged.run)}
        client = self.store.client
        made = client.create_model_version(model.name, logged.location, logged.run, await_creation_for=0, **about)
        client.set_terminated(logged.run)
        return str(made.version)

    def _experiment(self, name: str) -> str:
        """The experiment of a model, and its name in the registry; both made when first needed."""
        client = self.store.client
        if name not in self.names():
            client.create_registered_model(name, description=ABOUT.format(name=name))
        found = client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        place = (self.store.path / "artifacts" / name).as_uri()
        return str(client.create_experiment(name, place, {"mlflow.experimentKind": "custom_model_development"}))


def _info(version: Any, aliases: dict[str, str]) -> VersionInfo:
    number, tags = str(version.version), version.tags
    return VersionInfo(
        model=version.name,
        version=number,
        run_id=version.run_id or "",
        key=tags.get("trimtab.key", ""),
        as_of=datetime.fromisoformat(tags["trimtab.as_of"])
        if "trimtab.as_of" in tags
        else datetime.fromtimestamp(version.creation_timestamp / 1000, UTC),
        rows=int(tags.get("trimtab.rows", 0)),
        reason=tags.get("trimtab.reason", "registered by hand"),
        base=tags.get("trimtab.base"),
        seal=tags.get("trimtab.seal"),
        aliases=tuple(sorted(alias for alias, at in aliases.items() if at == number)),
    )
