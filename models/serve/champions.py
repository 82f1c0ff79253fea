"""Which versions the registry calls champions, asked only when the registry or the ledger has changed."""

from collections.abc import Iterable

from models.registry import Registry
from models.serve.changes import Changes
from trimtab.errors import RegistryError
from trimtab.ledger import Ledger

Marks = tuple[tuple[int, int] | None, tuple[int, int] | None]


class Champions:
    """The aliases of one registry. Asking MLflow takes milliseconds a model, which answers would wait for."""

    def __init__(self, registry: Registry, ledger: Ledger) -> None:
        self.registry = registry
        self._changes = Changes(registry.store.database), Changes(ledger.path)
        self._seen: Marks | None = None
        self._settled: Marks | None = None

    def look(self, names: Iterable[str]) -> dict[str, str | None] | None:
        """Champion by model; None where nothing was written since what `settled` was said of.

        The files are looked at first, so that what is written meanwhile is found at the next look. A database that was
        put in the place of another is opened anew.
        """
        registry, ledger = (changes.mark() for changes in self._changes)
        place = self.registry.store.path
        if registry is None:
            raise RegistryError(f"There is no model registry at {place}; train a model, or put it back.")
        if (registry, ledger) == self._settled:
            return None
        if self._seen and self._seen[0] and self._seen[0][0] != registry[0]:
            self.registry = Registry(place)
        self._seen = registry, ledger
        return {name: self.registry.alias(name, "champion") for name in names}

    def settle(self, done: bool) -> None:
        """All that follows from the last look is done, or not."""
        self._settled = self._seen if done else None
