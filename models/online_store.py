"""Single keys from Feast's online store, by the read below its frames.

`FeatureStore.online` takes ten milliseconds whatever is asked; this takes tens of microseconds a key, from whatever
online store feature_store.yaml names.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.feature_store import definition_of
from models.kept_keys import KeptKeys, OnlineRows
from trimtab.errors import FeatureError
from trimtab.features import KEYS

BUSY_MS = 100  # that a read of the local file waits for a lock; Feast leaves SQLite's five seconds


class OnlineStore:
    """The views registered below `path` when this was made; opening it imports Feast, which takes seconds."""

    def __init__(self, path: Path) -> None:
        if not (path / "data" / "registry.db").exists():
            raise FeatureError(f"No features in {path} yet; ingest posts and run the features first.")
        from feast import FeatureStore

        self._feast = FeatureStore(repo_path=str(path))
        self._views = {view.name: view for view in self._feast.list_feature_views()}
        # A file here is read in microseconds, or not at all, and tells when it has changed.
        self.local = self._feast.config.online_store.type == "sqlite"
        if self.local:
            self._file = self._feast.provider.online_store._get_conn(self._feast.config)
            self._file.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        self._kept: dict[str, KeptKeys] = {}
        self._written: object = None
        services = self._feast.list_feature_services()
        self.definitions = {service.name: definition_of(service) for service in services}

    def momentum_views(self, service: str) -> tuple[str, ...]:
        """The views of a service that cannot be read off the post itself; none where there is no such service."""
        views = self.definitions[service]["views"] if service in self.definitions else []
        return tuple(view for view in views if view != "post_content")

    def rows(self, view: str, keys: Sequence[str]) -> OnlineRows:
        """What is served for each key of a view of numbers; keys of a local store are read once a change of it."""
        names = [field.name for field in self._views[view].features]
        if not self.local:
            return KeptKeys(names, len(keys)).rows(keys, lambda some: self._read(view, names, some))
        written = self._file.execute("PRAGMA data_version").fetchone()  # other than before: somebody else has written
        if written != self._written:
            self._kept, self._written = {}, written
        kept = self._kept.get(view) or self._kept.setdefault(view, KeptKeys(names))
        return kept.rows(keys, lambda some: self._read(view, names, some))

    def _read(self, view: str, names: Sequence[str], keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """float32 (keys, names), and which keys the store knows."""
        table = self._views[view]
        found = self._feast.provider.online_read(self._feast.config, table, _asked(KEYS[view], keys), names)
        served = [values or {} for _, values in found]
        numbers = np.array([[_number(values.get(name)) for name in names] for values in served], np.float32)
        return numbers.reshape(len(keys), len(names)), np.array([bool(values) for values in served], dtype=bool)


def mark(path: Path) -> object:
    """Changes when other definitions are applied below `path`, or another store is put there; None without one."""
    files = [path / "data" / name for name in ("applied", "registry.db", "online.db")]
    try:
        return [(file.stat().st_ino, file.stat().st_mtime_ns) for file in files[:2]], files[2].stat().st_ino
    except OSError:
        return None


def _asked(key: str, values: Sequence[str]) -> list[Any]:
    from feast.protos.feast.types.EntityKey_pb2 import EntityKey
    from feast.protos.feast.types.Value_pb2 import Value

    return [EntityKey(join_keys=[key], entity_values=[Value(string_val=value)]) for value in values]


def _number(value: Any) -> float:
    return value.float_val if value is not None and value.HasField("float_val") else np.nan
