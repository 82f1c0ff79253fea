"""The model registry: MLflow, and nothing outside this package knows it."""

from models.registry.versions import LoadedVersion, Registry, VersionInfo
from models.story import RunStory

__all__ = ["LoadedVersion", "Registry", "RunStory", "VersionInfo"]
