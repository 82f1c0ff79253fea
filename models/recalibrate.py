"""A new version with the champion's booster and a calibrator of now, judged and promoted or refused like any other."""

from datetime import datetime
from pathlib import Path

from models.blocked import blocked_windows
from models.history import History
from models.registry import VersionInfo
from models.request import Base, Request
from models.retrain import Retrained, champion_at, conclude
from models.spec import Model
from models.stores import Stores
from models.train import enter, make
from trimtab.errors import RegistryError


def recalibrate(
    stores: Stores,
    model: Model,
    history: History,
    as_of: datetime,
    reason: str,
    key: str,
    *,
    actor: str,
    cut: datetime | None = None,
    since: datetime | None = None,
    report: Path | None = None,
) -> Retrained:
    """One recalibration, idempotent by `key`; the new version is trained as of `as_of`.

    The calibrator learns from posts scored since `since` and before `cut`, and from none that the champion learned;
    posts scored since `cut` judge it. Raises RegistryError without a champion or where the model has
    no `recalibrate`, NotEnoughData where rows are too few.
    """
    info = _base(stores, model, as_of, key)
    base = Base(info.version, info.as_of, stores.registry.files(model.name, info.version))
    sound = history.without(blocked_windows(stores.ledger, model.name, as_of))
    request = Request(as_of, since, cut, base)
    made = make(model, sound, request, stores.settings.training, stores.fit_settings)
    trained = enter(stores, model, made, reason, key, report)
    return conclude(stores, model, trained, as_of, reason, key, actor, base.version)


def _base(stores: Stores, model: Model, as_of: datetime, key: str) -> VersionInfo:
    """The version whose booster is shared: the champion, or the one that a run before had begun with."""
    begun = [info.base for info in stores.registry.versions(model.name) if info.key == key]
    if begun and begun[0] is not None:
        return stores.registry.info(model.name, begun[0])
    champion = champion_at(stores, model, as_of)
    if champion is None:
        raise RegistryError(f"{model.name} has no champion to recalibrate; train one with `trimtab train`.")
    return champion
