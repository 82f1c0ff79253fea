"""Momentum of posts from the online store, waited for a moment only: an answer from the content alone is better."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from models.online_store import OnlineStore, mark
from models.serve.lane import Lane
from models.serve.live import keep
from models.serve.online import Columns, Rows, momentum, nothing
from models.serve.service import Definition, difference
from trimtab.features import MOMENTUM

PAUSE_SECONDS = 1.0  # after a failure: not every post is to wait for a store that is away


@dataclass(frozen=True)
class Found:
    """Columns of momentum; `known` tells by key which rows the store has; `why` is set where it was not read."""

    columns: Columns
    known: Mapping[str, np.ndarray] = field(default_factory=dict)
    why: str | None = None


class OnlineFeatures:
    """The online store below `path`, opened in the background, and again when another one is put there."""

    def __init__(self, path: Path, seconds: float, open_store: Callable[[Path], OnlineStore] = OnlineStore) -> None:
        self.path, self.seconds, self._open_store = path, seconds, open_store
        self.why: str | None = "the feature store is not open yet"
        self._store: OnlineStore | None = None
        self._mark: object = None
        self._opening = Lane("open features")
        self._opened: Future[None] | None = None
        self._reading = Lane("read features")
        self._turn = asyncio.Lock()
        self._asked: Future[Any] | None = None
        self._again = 0.0

    def look(self) -> None:
        """Open what lies at the path if it is not what is open; called every poll, returns at once."""
        found = mark(self.path)
        if found is None:
            self._store, self._mark, self.why = None, None, f"there is no feature store at {self.path}"
        elif found != self._mark and (self._opened is None or self._opened.done()):
            self._opened = self._opening.submit(lambda: self._open(found))

    def views(self, services: Sequence[str]) -> tuple[str, ...]:
        """Views that are needed for these services; all where no store is open to tell."""
        store = self._store
        if store is None:
            return tuple(MOMENTUM)
        return tuple(dict.fromkeys(view for service in services for view in store.momentum_views(service)))

    def difference(self, learned: Definition | None) -> str | None:
        """How the feature service that a version learned from differs from the one that is open, if it does."""
        store = self._store
        if store is None or learned is None:
            return None
        return difference(learned, store.definitions.get(learned["service"]))

    async def read(self, rows: Rows, views: Sequence[str]) -> Found:
        """Momentum of each row; never raises and never takes much longer than `seconds`."""
        if not views:
            return Found({})
        async with self._turn:
            why = self._absent()
            return Found(nothing(rows, views), why=why) if why else await self._read(rows, views)

    async def _read(self, rows: Rows, views: Sequence[str]) -> Found:
        store = self._store
        assert store is not None
        try:
            if store.local:  # a hand-over to another thread would take longer than the read
                columns, known = momentum(store.rows, rows, views)
            else:
                self._asked = self._reading.submit(lambda: momentum(store.rows, rows, views))
                columns, known = await asyncio.wait_for(asyncio.wrap_future(self._asked), self.seconds)
        except TimeoutError:
            why = f"the feature store did not answer within {self.seconds:g} s"
        except Exception as error:  # noqa: BLE001 - whatever a store raises, the post is scored
            why = f"the feature store failed ({_first_line(error)})"
        else:
            self.why = None
            return Found(columns, known)
        self.why, self._again = why, monotonic() + PAUSE_SECONDS
        return Found(nothing(rows, views), why=why)

    def _absent(self) -> str | None:
        """Why the store is not asked now: it is not there, is busy with a read that was given up, or failed lately."""
        busy = self._asked is not None and not self._asked.done()
        return self.why if self._store is None or busy or monotonic() < self._again else None

    def _open(self, found: object) -> None:
        try:
            self._store = self._open_store(self.path)
            self._mark, self.why = found, None
            keep()
        except Exception as error:  # noqa: BLE001 - it is said, and tried again
            self.why = f"the feature store cannot be opened ({_first_line(error)})"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
