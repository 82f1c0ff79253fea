"""What serves now, read from the registry's aliases and the ledger."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property

from models.blocked import blocked_windows
from models.moves import last_move, went_forward
from models.registry import Registry
from models.spec import Model
from models.stores import Stores
from models.watch import ended_before
from monitoring.assess import Serving
from monitoring.guards import guards_of
from monitoring.kept import kept


def serving_of(stores: Stores, model: Model, as_of: datetime) -> Serving | None:
    """The champion, the version that served before it, and what the ledger said of them before `as_of`.

    None before a first champion.
    """
    registry, ledger, name = stores.registry, stores.ledger, model.name
    version = registry.alias(name, "champion")
    if version is None:
        return None
    previous = registry.alias(name, "previous")
    return Serving(
        champion=registry.load(name, version),
        trained_at=registry.info(name, version).as_of,
        fresh_since=_fresh_since(stores, name, version),
        files=BundleFiles(registry, name, version),
        previous=kept(stores, model, registry.load(name, previous)) if previous else None,
        promoted_at=_promoted_at(stores, name, version),
        watched=not ended_before(ledger, name, as_of),
        guards=guards_of(ledger, name, version, _learned_at(registry, name, version), as_of, stores.settings.cost),
        # not the window that ends now: judged again, it gives the same answer
        blocked=tuple(window for window in blocked_windows(ledger, name, as_of) if window.end < as_of),
    )


class BundleFiles(Mapping[str, bytes]):
    """The files of a version, fetched when first looked into: few windows need them."""

    def __init__(self, registry: Registry, name: str, version: str) -> None:
        self._where = registry, name, version

    @cached_property
    def _files(self) -> dict[str, bytes]:
        registry, name, version = self._where
        return registry.files(name, version)

    def __getitem__(self, name: str) -> bytes:
        return self._files[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def _promoted_at(stores: Stores, name: str, version: str) -> datetime | None:
    """When `version` was promoted, be it by hand; None where it was put back."""
    last = last_move(stores.ledger, name)
    return last.at if last and went_forward(last) and last.version == version else None


def _learned_at(registry: Registry, name: str, version: str) -> datetime:
    """When its booster was trained: a recalibration makes no booster younger."""
    info = registry.info(name, version)
    return _learned_at(registry, name, info.base) if info.base else info.as_of


def _fresh_since(stores: Stores, name: str, version: str) -> datetime | None:
    """The cut that the decision behind its training had measured with; None where it was the usual one.

    Of a new world it learned all posts of before the cut, whose labels came up to its training.
    """
    trained = [entry.at for entry in stores.ledger.entries(name, "trained") if entry.version == version]
    cuts = {
        entry.at: entry.at if entry.evidence.get("since") else datetime.fromisoformat(entry.evidence["cut"])
        for entry in stores.ledger.entries(name, "decision")
        if entry.evidence.get("cut")
    }
    return cuts.get(trained[-1]) if trained else None
