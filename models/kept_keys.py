"""Rows of a view by key, kept as they were read: Feast takes 30 us to read a key, and topics and links come again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

MOST_KEYS = 50_000  # of a view; beyond that it begins anew
Fetch = Callable[[Sequence[str]], tuple[np.ndarray, np.ndarray]]  # keys -> float32 (keys, features), which are known


@dataclass(frozen=True)
class OnlineRows:
    """Rows of one view, in the order of the keys: float32 (keys, names), NaN where nothing is served; which are known.

    The same key may be there several times.
    """

    names: Sequence[str]
    numbers: np.ndarray
    known: np.ndarray


class KeptKeys:
    """One view. Whoever owns it drops it when the store has changed."""

    def __init__(self, names: Sequence[str], most: int = MOST_KEYS) -> None:
        self._names, self._most = names, most
        self._places: dict[str, int] = {}
        self._numbers, self._known = np.empty((most, len(names)), np.float32), np.empty(most, bool)

    def rows(self, keys: Sequence[str], fetch: Fetch) -> OnlineRows:
        """What is kept, and by `fetch` what is not."""
        fresh = list(dict.fromkeys(key for key in keys if key not in self._places))
        if len(self._places) + len(fresh) > self._most:
            self._places.clear()
            fresh = list(dict.fromkeys(keys))
        if len(fresh) > self._most:
            return _scattered(self._names, keys, fresh, fetch)
        if fresh:
            self._keep(fresh, fetch)
        at = [self._places[key] for key in keys]
        return OnlineRows(self._names, self._numbers[at], self._known[at])

    def _keep(self, fresh: Sequence[str], fetch: Fetch) -> None:
        numbers, known = fetch(fresh)
        begin, end = len(self._places), len(self._places) + len(fresh)
        self._numbers[begin:end], self._known[begin:end] = numbers, known
        self._places |= zip(fresh, range(begin, end), strict=True)


def _scattered(names: Sequence[str], keys: Sequence[str], distinct: Sequence[str], fetch: Fetch) -> OnlineRows:
    """More than can be kept."""
    numbers, known = fetch(distinct)
    places = {key: at for at, key in enumerate(distinct)}
    at = [places[key] for key in keys]
    return OnlineRows(names, numbers[at], known[at])
