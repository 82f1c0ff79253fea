"""The stores of one home, opened when first used."""

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
        training, engagement = self.settings.training, self.settings.engagement
        return FitSettings(training.seed, training.threads, engagement.horizon_hours, engagement.interval_share)

    def refresh_features(self, as_of: datetime) -> dict[str, int]:
        """Build every view as known at `as_of` and hand it to Feast; rows a view."""
        from trimtab.features import build

        views = build(self.lake, as_of, self.settings)
        self.features.refresh(views)
        return {name: len(view) for name, view in views.items()}

    def single_flight(self, name: str) -> FileLock:
        """At most one holder at a time in any process; raises filelock.Timeout at once when held."""
        folder = self.settings.home / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / f"{name}.lock", timeout=0)
