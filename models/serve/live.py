"""The versions that answer, and the swap of one for another in one step."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Condition
from types import MappingProxyType
from typing import Any

from models.registry import LoadedVersion
from models.spec import Model


@dataclass(frozen=True)
class Bundle:
    """One version of a model in memory, checked and ready."""

    model: Model
    loaded: LoadedVersion
    since: datetime  # when it began to serve here
    service: Mapping[str, Any] | None = None  # the feature service that it learned from, where it says so

    @property
    def version(self) -> str:
        return self.loaded.version


class Generation:
    """The bundles that serve between two swaps. A request takes one generation and keeps it to its end."""

    def __init__(self, bundles: Mapping[str, Bundle]) -> None:
        self.bundles = MappingProxyType(dict(bundles))
        self.in_flight = 0


class Live:
    """What serves now: one reference, replaced whole."""

    def __init__(self) -> None:
        self._now = Generation({})
        self._old: list[Generation] = []
        self._change = Condition()

    @property
    def bundles(self) -> Mapping[str, Bundle]:
        return self._now.bundles

    def version(self, model: str) -> str | None:
        found = self.bundles.get(model)
        return found.version if found else None

    @contextmanager
    def request(self) -> Iterator[Mapping[str, Bundle]]:
        """The bundles for one request, which counts as in flight until the block ends."""
        generation = self.take()
        try:
            yield generation.bundles
        finally:
            self.give_back(generation)

    def take(self) -> Generation:
        with self._change:
            self._now.in_flight += 1
            return self._now

    def give_back(self, generation: Generation) -> None:
        with self._change:
            generation.in_flight -= 1
            if not generation.in_flight and generation is not self._now:
                self._change.notify_all()

    def swap(self, bundle: Bundle) -> None:
        """From the next request on `bundle` answers for its model; requests in flight end on what they took."""
        with self._change:
            before, self._now = self._now, Generation({**self._now.bundles, bundle.model.name: bundle})
            self._old = [one for one in (*self._old, before) if one.in_flight]
        keep()

    def alone(self, model: str, seconds: float) -> bool:
        """Whether no request in flight is on another version of `model`, waited for at most `seconds`."""
        with self._change:
            return self._change.wait_for(lambda: not self._others(model), seconds)

    def _others(self, model: str) -> bool:
        now = self._now.bundles.get(model)
        return any(one.in_flight and one.bundles.get(model) not in (None, now) for one in self._old)


def keep() -> None:
    """What was loaded stays: a collection would walk through all of it, half a second in which nobody is answered."""
    gc.freeze()
