"""The model registry: MLflow, and nothing outside this package knows it."""

from models.registry.backtests import PolicyRun, log_backtest
from models.registry.versions import LoadedVersion, Registry, VersionInfo
from models.story import RunStory

__all__ = ["LoadedVersion", "PolicyRun", "Registry", "RunStory", "VersionInfo", "log_backtest"]
