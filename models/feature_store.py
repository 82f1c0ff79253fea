"""The one Feast edge: refresh the views, read them as of past moments, serve them online.

Below `path` lie feature_store.yaml and definitions.py (copies of feature_repo's, so that Feast's own commands work
there) and data/: one Parquet file a view, Feast's registry, the SQLite online store.
"""

import json
import logging
import sqlite3
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock
from pandas import DataFrame

from trimtab.errors import FeatureError, hint
from trimtab.features import KEYS, schema

REPO_FILES = ("feature_store.yaml", "definitions.py")
ONLINE_ROWS = 1_000  # entity rows a read, posts a write: SQLite binds a variable for each
RECENT = timedelta(days=7)  # posts younger than this are kept online
TIME = "event_timestamp"


class FeatureStore:
    """Features of posts as of any moment, from a folder; made on first use."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    def refresh(self, views: Mapping[str, DataFrame]) -> None:
        """Replace each view's rows: all are written first, then moved into place, so a kill leaves whole files."""
        with self._lock():
            staged = {self._parquet(view): self._staged(view, rows) for view, rows in views.items()}
            for final, temporary in staged.items():
                temporary.replace(final)
            self._apply()

    def frame(self, service: str, entities: DataFrame) -> DataFrame:
        """Each entity row with the service's features as known at its event_timestamp.

        `entities` has event_timestamp and the service's keys (post_id, author, topic_key, link_domain); its columns,
        index and order are kept. A null or unknown key gives null features.
        """
        asked = self._asked(service, entities, TIME).assign(row=np.arange(len(entities)))
        if asked.empty:
            return self._shaped(service, entities, {})
        with _quiet():
            found = self._feast.get_historical_features(asked, self._service(service)).to_df()
        if len(found) != len(entities) or found["row"].nunique() != len(entities):
            raise FeatureError(
                f"Feast returned {len(found):,} rows for {len(entities):,} posts; one each was wanted. Check that no "
                f"view in {self.path / 'data'} holds two rows of one key and moment, then refresh the features."
            )
        return self._shaped(service, entities, found.sort_values("row", kind="stable"))

    def materialize(self, as_of: datetime, recent: timedelta = RECENT) -> dict[str, int]:
        """Bring the online store to `as_of`; returns how many keys each view changed for.

        Rows are written as they are rather than by Feast's materialize, which refuses online reads of the view
        while it runs (feast issue 6780). Posts are kept online only while `recent`.
        """
        with self._lock():
            self._apply()
            return {view: self._serve(view, self._newest(view, as_of, recent)) for view in KEYS}

    def online(self, service: str, entities: DataFrame) -> DataFrame:
        """The same columns and types as `frame`, as of the last materialisation."""
        asked = self._asked(service, entities)
        parts = [asked.iloc[at : at + ONLINE_ROWS] for at in range(0, len(asked), ONLINE_ROWS)]
        with _quiet():
            found = [
                self._feast.get_online_features(self._service(service), part.to_dict("list")).to_df() for part in parts
            ]
        return self._shaped(service, entities, pd.concat(found) if found else {})

    def features(self, service: str) -> dict[str, str]:
        """Name -> dtype (object or float32) of a service's features, in order."""
        projections = self._service(service).feature_view_projections
        fields = [field for projection in projections for field in projection.features]
        return {field.name: "object" if str(field.dtype) == "String" else "float32" for field in fields}

    def definition(self, service: str) -> dict[str, Any] | None:
        """A service as it is registered (definition_of); None before features were built."""
        if not self._registry.exists():
            return None
        return definition_of(self._service(service))

    @cached_property
    def _feast(self) -> Any:
        with _quiet():
            import feast

            return feast.FeatureStore(repo_path=str(self.path))

    def _service(self, name: str) -> Any:
        if not self._registry.exists():
            raise FeatureError(f"No features in {self.path} yet; ingest posts and run the features first.")
        registered = self._feast.registry.list_feature_services(self._feast.project, allow_cache=True)
        services = {service.name: service for service in registered}
        if name not in services:
            raise FeatureError(
                f"No feature service is called '{name}'.{hint(name, services)} Known: {', '.join(sorted(services))}."
            )
        return services[name]

    def _asked(self, service: str, entities: DataFrame, *more: str) -> DataFrame:
        views = [projection.name for projection in self._service(service).feature_view_projections]
        keys = [KEYS[view] for view in views]
        missing = [name for name in (*keys, *more) if name not in entities.columns]
        if missing:
            raise FeatureError(
                f"Service '{service}' needs {', '.join((*keys, *more))} of each post; {', '.join(missing)} is missing."
            )
        named = entities[keys].astype(object).where(entities[keys].notna(), "")
        return pd.concat([named, entities[list(more)]], axis=1).reset_index(drop=True)

    def _shaped(self, service: str, entities: DataFrame, found: Mapping[str, Any] | DataFrame) -> DataFrame:
        kinds = self.features(service)
        kept = entities.drop(columns=[name for name in entities.columns if name in kinds])
        values = {name: np.asarray(found[name]) if len(found) else np.array([]) for name in kinds}
        features = DataFrame(values, index=entities.index).astype(kinds)
        words = [name for name, kind in kinds.items() if kind == "object"]
        features[words] = features[words].where(features[words].notna(), None)
        return pd.concat([kept, features], axis=1)

    def _newest(self, view: str, as_of: datetime, recent: timedelta) -> DataFrame:
        """The row in force at `as_of` of each key; files are sorted by key and moment."""
        if not self._parquet(view).exists():
            return DataFrame()
        known = pq.read_table(self._parquet(view), filters=[(TIME, "<=", as_of)]).to_pandas()
        newest = known.drop_duplicates(KEYS[view], keep="last")
        return newest[newest[TIME] > as_of - recent] if view == "post_content" else newest

    def _serve(self, view: str, newest: DataFrame) -> int:
        """Write the rows that differ from those served; noted only once written, so a kill writes them again."""
        noted = self.path / "data" / f"{view}.online.parquet"
        if newest.empty:
            return 0
        served = pd.read_parquet(noted)["row"] if noted.exists() else pd.Series(dtype="uint64")
        hashes = newest[[KEYS[view]]].assign(row=pd.util.hash_pandas_object(newest, index=False))
        fresh = newest[~hashes["row"].isin(served)]
        with _quiet():
            for at in range(0, len(fresh), ONLINE_ROWS):
                self._feast.write_to_online_store(view, fresh.iloc[at : at + ONLINE_ROWS])
        _written(pa.Table.from_pandas(hashes, preserve_index=False), noted).replace(noted)
        return len(fresh)

    def _staged(self, view: str, rows: DataFrame) -> Path:
        return _written(pa.Table.from_pandas(rows, schema(view), preserve_index=False), self._parquet(view))

    def _apply(self) -> None:
        """Register the definitions if they are not those registered last, in a file that then takes the place."""
        texts = {name: files("feature_repo").joinpath(name).read_text("utf-8") for name in REPO_FILES}
        mark, digest = self.path / "data" / "applied", sha256("".join(texts.values()).encode()).hexdigest()
        made = all((self.path / "data" / name).exists() for name in ("applied", "registry.db", "online.db"))
        if made and mark.read_text("utf-8") == digest:
            return
        for name, text in texts.items():
            (self.path / name).write_text(text, "utf-8")
        for noted in (self.path / "data").glob("*.online.parquet"):
            noted.unlink()
        staged = self._registry.with_suffix(".new")
        staged.unlink(missing_ok=True)
        with _quiet():
            _registered(self.path, staged)
        staged.replace(self._registry)
        mark.write_text(digest, "utf-8")
        self.__dict__.pop("_feast", None)

    @property
    def _registry(self) -> Path:
        return self.path / "data" / "registry.db"

    def _parquet(self, view: str) -> Path:
        return self.path / "data" / f"{view}.parquet"

    def _lock(self) -> FileLock:
        (self.path / "data").mkdir(parents=True, exist_ok=True)
        return FileLock(self.path / "features.lock", is_singleton=True)


def definition_of(service: Any) -> dict[str, Any]:
    """One of Feast's feature services: views with their keys and features, and a digest of these as its version."""
    views = {
        projection.name: {
            "key": KEYS[projection.name],
            "features": {field.name: str(field.dtype) for field in projection.features},
        }
        for projection in service.feature_view_projections
    }
    digest = sha256(json.dumps([service.name, views], sort_keys=True).encode()).hexdigest()
    return {"service": service.name, "version": digest[:16], "views": views}


def _registered(path: Path, registry: Path) -> None:
    """A Feast registry of the definitions, and the online tables that they need."""
    import feast
    from feast.repo_config import load_repo_config

    from feature_repo import definitions

    config = load_repo_config(path, path / "feature_store.yaml")
    config.registry.path = str(registry)
    kinds = (feast.Entity, feast.FeatureView, feast.FeatureService)
    feast.FeatureStore(config=config).apply([thing for thing in vars(definitions).values() if isinstance(thing, kinds)])
    with sqlite3.connect(config.repo_path / config.online_store.path) as online:
        online.execute("PRAGMA journal_mode=WAL")  # readers go on while a materialisation writes


def _written(table: pa.Table, final: Path) -> Path:
    """The table in a file beside `final`, to be moved onto it."""
    temporary = final.with_suffix(".new")
    pq.write_table(table, temporary)
    return temporary


@contextmanager
def _quiet() -> Iterator[None]:
    """Feast warns of what concerns its developers; a user of trimtab sees our errors only."""
    logger = logging.getLogger("feast")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
