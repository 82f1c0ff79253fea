"""A ledger as it was at one moment, read once: many questions, one answer that fits together."""

from collections import defaultdict

from trimtab.ledger import Entry, Ledger


class ReadOnce(Ledger):
    """For readers. What is appended goes into the file and is not seen here."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger.path)
        self._all = ledger.entries()
        self._keys = {entry.key: entry for entry in self._all if entry.key is not None}
        self._parts: dict[tuple[str | None, str | None], list[Entry]] = defaultdict(list)
        for entry in self._all:
            for part in ((entry.model, entry.kind), (entry.model, None), (None, entry.kind)):
                self._parts[part].append(entry)

    def find(self, key: str) -> Entry | None:
        return self._keys.get(key)

    def entries(self, model: str | None = None, kind: str | None = None, limit: int | None = None) -> list[Entry]:
        found = self._all if model is None and kind is None else self._parts.get((model, kind), [])
        return list(found) if limit is None else found[max(len(found) - limit, 0) :]
