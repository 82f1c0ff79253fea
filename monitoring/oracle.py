"""The cheapest course in hindsight: what a policy that knew every loss beforehand would have done.

Dynamic programming over windows (Bellman 1957): the cheapest way to serve version j in a window is the cheapest way to
have served any version i in the window before, plus the price of changing from i to j, plus what j costs in the window.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Path:
    """`versions` holds the column served in each window; `total` is what all of it costs."""

    total: float
    versions: tuple[int, ...]


def cheapest(costs: np.ndarray, prices: np.ndarray, first: np.ndarray) -> Path:
    """The cheapest sequence of versions.

    `costs` (windows, versions): what each version costs in each window, inf where it was not there yet.
    `prices` (versions, versions): what changing from one to another costs, 0 on the diagonal, inf where impossible.
    `first` (versions,): the price of beginning with a version. Of equals, the one that changes nothing or comes first.
    Raises ValueError where no sequence is possible.
    """
    windows = len(costs)
    best = first + costs[0]
    came = np.zeros(costs.shape, dtype=int)
    for window in range(1, windows):
        ways = best[:, None] + prices
        came[window] = ways.argmin(axis=0)
        stayed = np.arange(len(best))
        same = ways[stayed, stayed] <= ways.min(axis=0)
        came[window][same] = stayed[same]
        best = ways.min(axis=0) + costs[window]
    last = int(best.argmin())
    if not np.isfinite(best[last]):
        raise ValueError("No version is there for every window.")
    path = [last]
    for window in range(windows - 1, 0, -1):
        path.append(int(came[window][path[-1]]))
    return Path(float(best[last]), tuple(reversed(path)))
