"""Which policy to take, and how sure one can be of it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from models.intervals import Interval
from monitoring.wording import names, share

RESAMPLES = 1_000
CONFIDENCE = 0.95
SURE = 0.8  # share of resampled histories below which the sentence says that it is not sure
FEW_BLOCKS = 8  # too few to draw from
BLOCK = timedelta(days=7)  # of time that is drawn together: windows of a week share its news and its weekend


@dataclass(frozen=True)
class Advice:
    """`sure` is the share of resampled histories in which `best` is the cheapest, None where they are too few.

    `same` did the very same and so cost the same; `saves` is what the best costs less than `second`, with its interval.
    """

    best: str
    second: str | None
    sure: float | None
    saves: Interval | None
    same: tuple[str, ...] = field(default=())
    blocks: int = 0

    def plain(self) -> dict[str, Any]:
        """Plain values; None for what is no number, which JSON does not have."""
        saves = asdict(self.saves) if self.saves is not None else {}
        ends = {name: value if math.isfinite(value) else None for name, value in saves.items()}
        return asdict(self) | {"saves": ends or None}

    def __str__(self) -> str:
        equal = f" ({names(self.same)} cost the same)" if self.same else ""
        if self.second is None or self.saves is None:
            return f"{self.best} is recommended{equal}: no other policy was dearer."
        saved = f"saves {self.saves.value:,.2f} against {self.second}"
        if self.sure is None:
            return (
                f"{self.best} was the cheapest{equal} and {saved}, but {self.blocks} blocks of time are too few to say "
                "how sure that is; take a longer period."
            )
        head = "is recommended" if self.sure >= SURE else "was the cheapest, which is not sure"
        return (
            f"{self.best} {head}{equal}: in {share(self.sure)} of {RESAMPLES:,} resampled histories no other is "
            f"cheaper, and it {saved} ({100 * CONFIDENCE:g} % interval {self.saves.low:,.2f} to "
            f"{self.saves.high:,.2f})."
        )


def advise(costs: Mapping[str, np.ndarray], blocks: np.ndarray, *, seed: int) -> Advice:
    """From what each policy cost in each window; of equals, the first.

    Windows of one block (codes from 0, in time order) are drawn together, for all policies at once: a paired block
    bootstrap (Davison and Hinkley 1997, ch. 8).
    """
    policies = list(costs)
    table = np.array([np.bincount(blocks, costs[name]) for name in policies])  # (policies, blocks)
    totals = table.sum(axis=1)
    least = totals.min()
    equal = np.isclose(totals, least, rtol=1e-9) & np.isclose(table, table[totals.argmin()], rtol=1e-9).all(axis=1)
    best = int(np.flatnonzero(equal)[0])
    same = tuple(policies[other] for other in np.flatnonzero(equal) if other != best)
    rest = np.flatnonzero(~equal)
    count = table.shape[1]
    if not len(rest):
        return Advice(policies[best], None, None, None, same, count)
    second = int(rest[totals[rest].argmin()])
    gap = float(totals[second] - totals[best])
    if count < FEW_BLOCKS:
        return Advice(policies[best], policies[second], None, Interval(gap, np.nan, np.nan), same, count)
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=RESAMPLES)
    drawn = draws @ table.T  # (resamples, policies)
    sure = float((drawn[:, [best]] <= drawn[:, rest]).all(axis=1).mean())
    low, high = np.quantile(drawn[:, second] - drawn[:, best], [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    saves = Interval(gap, float(low), float(high))
    return Advice(policies[best], policies[second], sure, saves, same, count)


def blocks_of(starts: Sequence[datetime]) -> np.ndarray:
    """The BLOCK of each window, 0 the first; a window that is longer is a block of its own."""
    passed = np.array([(start - starts[0]) // BLOCK for start in starts])
    return np.unique(passed, return_inverse=True)[1]
