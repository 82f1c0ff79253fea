"""What serves now, read from the registry's aliases and the ledger."""

from datetime import datetime

from models.promotion import last_move
from models.spec import Model
from models.stores import Stores
from monitoring.assess import Serving


def serving_of(stores: Stores, model: Model) -> Serving | None:
    """The champion, the version that served before it, and their times; None before a first champion."""
    version = stores.registry.alias(model.name, "champion")
    if version is None:
        return None
    previous = stores.registry.alias(model.name, "previous")
    return Serving(
        champion=stores.registry.load(model.name, version),
        trained_at=stores.registry.info(model.name, version).as_of,
        previous=stores.registry.load(model.name, previous) if previous else None,
        previous_trained_at=stores.registry.info(model.name, previous).as_of if previous else None,
        promoted_at=_promoted_at(stores, model, version),
        last_retrain_at=_last_retrain_at(stores, model),
    )


def _promoted_at(stores: Stores, model: Model, version: str) -> datetime | None:
    """When `version` was promoted; None where it serves because of a rollback."""
    last = last_move(stores.ledger, model.name)
    return last.at if last and last.kind == "promoted" and last.version == version else None


def _last_retrain_at(stores: Stores, model: Model) -> datetime | None:
    """The newest training of any kind, promoted or refused."""
    entries = stores.ledger.entries(model.name, "trained", limit=1)
    return entries[-1].at if entries else None
