"""A DuckDB offline store whose point-in-time join is DuckDB's own ASOF join.

Feast 0.67 joins every entity row with every earlier feature row of its key and then keeps the newest: with
thousands of steps a topic that is hundreds of millions of rows. ASOF finds the newest one directly, keeps
entity rows that repeat, and gives the same values.
"""

from pathlib import Path
from typing import Any

import ibis
from feast.infra.offline_stores.duckdb import DuckDBOfflineStore, DuckDBOfflineStoreConfig, _write_data_source
from feast.infra.offline_stores.file_source import FileSource
from feast.infra.offline_stores.ibis import IbisRetrievalJob
from feast.infra.offline_stores.offline_store import RetrievalJob
from feast.infra.offline_stores.offline_utils import infer_event_timestamp_from_entity_df
from pandas import DataFrame


class AsofOfflineStoreConfig(DuckDBOfflineStoreConfig):
    """`offline_store: {type: feature_repo.asof.AsofOfflineStore}`."""

    type: str = "feature_repo.asof.AsofOfflineStore"


class AsofOfflineStore(DuckDBOfflineStore):
    """Reads what the DuckDB store reads; views with a TTL or a created timestamp take its slower join."""

    @staticmethod
    def get_historical_features(  # noqa: PLR0913 - Feast's signature
        config: Any,
        feature_views: list[Any],
        feature_refs: list[str],
        entity_df: DataFrame,
        registry: Any,
        project: str,
        full_feature_names: bool = False,
        filter_by_created_timestamp: bool = False,
    ) -> RetrievalJob:
        if full_feature_names or not all(_plain(view) for view in feature_views):
            return DuckDBOfflineStore.get_historical_features(
                config,
                feature_views,
                feature_refs,
                entity_df,
                registry,
                project,
                full_feature_names,
                filter_by_created_timestamp,
            )
        moment = infer_event_timestamp_from_entity_df(dict(entity_df.dtypes))
        joined = ibis.memtable(entity_df)
        for view in feature_views:
            joined = _joined(joined, moment, view, _names(view, feature_refs), Path(config.repo_path))
        return IbisRetrievalJob(joined, [], False, None, _write_data_source, None, None, str(config.repo_path))


def _plain(view: Any) -> bool:
    source = view.batch_source
    return isinstance(source, FileSource) and not view.ttl and not source.created_timestamp_column


def _names(view: Any, feature_refs: list[str]) -> list[str]:
    refs = (ref.split(":") for ref in feature_refs)
    return [feature for name, feature in refs if name == view.projection.name_to_use()]


def _joined(entities: Any, moment: str, view: Any, names: list[str], repo_path: Path) -> Any:
    """Entities with the named features, each as of the row's own moment; none known is null."""
    source = view.batch_source
    rows = ibis.read_parquet(FileSource.get_uri_for_file_path(repo_path, source.path))
    keys = view.projection.join_key_map or {column.name: column.name for column in view.entity_columns}
    known = rows.select(
        **{f"_{key}": rows[key] for key in keys},
        _known=rows[source.timestamp_field],
        **{name: rows[name] for name in names},
    )
    pairs = [known[f"_{key}"] == entities[entity] for key, entity in keys.items()]
    found = entities.asof_join(known, on=entities[moment] >= known["_known"], predicates=pairs)
    return found.select(*entities.columns, *names)
