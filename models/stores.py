"""The stores of one home, opened when first used."""

import json
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock

from models.catalog import load_models, pick
from models.feature_store import FeatureStore
from models.registry import Registry
from models.spec import FitSettings, Model
from trimtab.lake import Lake
from trimtab.ledger import Ledger
from trimtab.settings import Settings

FEATURE_SOURCES = ("posts", "snapshots")  # tables that features are built from


class Stores:
    """Lake, ledger, features and registry below `settings.home`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.settings.lake_path)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.settings.ledger_path)

    @cached_property
    def features(self) -> FeatureStore:
        return FeatureStore(self.settings.features_path)

    @cached_property
    def registry(self) -> Registry:
        return Registry(self.settings.mlflow_path)

    @cached_property
    def models(self) -> dict[str, Model]:
        return load_models(self.settings.models)

    def model(self, name: str) -> Model:
        return pick(self.models, name)

    @property
    def fit_settings(self) -> FitSettings:
        return FitSettings.of(self.settings)

    def refresh_features(self, as_of: datetime) -> dict[str, int]:
        """Have every view hold what was known at `as_of`; rows a view.

        Never back to an earlier moment: each row carries its known time, so views of a later one serve an earlier
        one too, and a flow that looks back does not take away what another is reading.
        """
        from trimtab.features import build

        versions = {table: self.lake.version(table) for table in FEATURE_SOURCES}
        about = versions | self.settings.engagement.model_dump()
        mark, before = self._built, self._read_built()
        reached = datetime.fromisoformat(before["as_of"]) if before else as_of
        if before.get("about") == about and reached >= as_of:
            return before["rows"]
        views = build(self.lake.at(versions), max(as_of, reached), self.settings)
        self.features.refresh(views)
        rows = {name: len(view) for name, view in views.items()}
        draft = mark.with_suffix(".new")
        draft.write_text(json.dumps({"about": about, "as_of": max(as_of, reached).isoformat(), "rows": rows}), "utf-8")
        draft.replace(mark)
        return rows

    def features_built(self) -> tuple[datetime | None, dict[str, int]]:
        """(as of when the views were built, from which Delta version of each table); (None, {}) before they were."""
        before = self._read_built()
        if not before:
            return None, {}
        versions = {table: int(before["about"][table]) for table in FEATURE_SOURCES}
        return datetime.fromisoformat(before["as_of"]), versions

    @property
    def _built(self) -> Path:
        return self.settings.features_path / "built.json"

    def _read_built(self) -> dict[str, Any]:
        return json.loads(self._built.read_text("utf-8")) if self._built.exists() else {}

    def single_flight(self, name: str) -> FileLock:
        """At most one holder at a time in any process; raises filelock.Timeout at once when held."""
        folder = self.settings.home / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{name}.lock", timeout=0)
