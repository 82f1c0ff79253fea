"""Single keys from Feast's online store, by the read below its frames.

`FeatureStore.online` takes ten milliseconds whatever is asked; this takes tens of microseconds a key, from whatever
online store feature_store.yaml names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.errors import FeatureError
from trimtab.features import KEYS

BUSY_MS = 100  # that a read of the local file waits for a lock; Feast leaves SQLite's five seconds


@dataclass(frozen=True)
class OnlineRows:
    """Rows of one view, in the order of the keys: float32 by column, NaN where nothing is served; which are known."""

    columns: dict[str, np.ndarray]
    known: np.ndarray


class OnlineStore:
    """The views registered below `path` when this was made; opening it imports Feast, which takes seconds."""

    def __init__(self, path: Path) -> None:
        if not (path / "data" / "registry.db").exists():
            raise FeatureError(f"No features in {path} yet; ingest posts and run the features first.")
        from feast import FeatureStore

        self._feast = FeatureStore(repo_path=str(path))
        self._views = {view.name: view for view in self._feast.list_feature_views()}
        self.local = (
            self._feast.config.online_store.type == "sqlite"
        )  # a file here: read in microseconds, or not at all
        if self.local:
            self._feast.provider.online_store._get_conn(self._feast.config).execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        services = {service.name: service for service in self._feast.list_feature_services()}
        self._services = {name: [part.name for part in one.feature_view_projections] for name, one in services.items()}

    def momentum_views(self, service: str) -> tuple[str, ...]:
        """The views of a service that cannot be read off the post itself; none where there is no such service."""
        return tuple(view for view in self._services.get(service, []) if view != "post_content")

    def rows(self, view: str, keys: Sequence[str]) -> OnlineRows:
        """What is served for each key of a view of numbers."""
        table = self._views[view]
        names = [field.name for field in table.features]
        found = self._feast.provider.online_read(self._feast.config, table, _asked(KEYS[view], keys), names)
        served = [values or {} for _, values in found]
        numbers = np.array([[_number(values.get(name)) for name in names] for values in served], np.float32)
        columns = numbers.reshape(len(keys), len(names)).T
        known = np.array([bool(values) for values in served], dtype=bool)
        return OnlineRows(dict(zip(names, columns, strict=True)), known)


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
