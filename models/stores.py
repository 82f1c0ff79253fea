"""The stores of one home, opened when first used."""

import json
from datetime import datetime
from functools import cached_property

from filelock import FileLock

from models.catalog import load_models, pick
from models.feature_store import FeatureStore
from models.registry import Registry
from models.spec import FitSettings, Model
from trimtab.lake import Lake
from trimtab.ledger import Ledger
from trimtab.settings import Settings


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

        about = {table: self.lake.version(table) for table in ("posts", "snapshots")}
        about |= self.settings.engagement.model_dump()
        mark = self.settings.features_path / "built.json"
        before = json.loads(mark.read_text("utf-8")) if mark.exists() else {}
        reached = datetime.fromisoformat(before["as_of"]) if before else as_of
        if before.get("about") == about and reached >= as_of:
            return before["rows"]
        views = build(self.lake, max(as_of, reached), self.settings)
        self.features.refresh(views)
        rows = {name: len(view) for name, view in views.items()}
        draft = mark.with_suffix(".new")
        draft.write_text(json.dumps({"about": about, "as_of": max(as_of, reached).isoformat(), "rows": rows}), "utf-8")
        draft.replace(mark)
        return rows

    def single_flight(self, name: str) -> FileLock:
        """At most one holder at a time in any process; raises filelock.Timeout at once when held."""
        folder = self.settings.home / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{name}.lock", timeout=0)
