"""No slice significantly worse than under the champion.

The chance of a false refusal is shared over the slices (Bonferroni): with 30 slices each is asked at a thirtieth of
`chance_share`. What is worse by less than `worse_share` of the champion's loss is not held against a challenger.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.evaluate import FEW_DAYS, MIN_ROWS, slices_of
from models.gates.gate import Gate
from models.gates.significance import Tested, mean_of
from models.gates.trial import Trial
from models.intervals import authors_of, finer_blocks

NAME = "slices"


@dataclass(frozen=True)
class Slice:
    """Challenger's loss minus champion's on one slice; `share` of the champion's loss there."""

    name: str
    rows: int
    delta: Tested
    share: float


def slices(trial: Trial) -> Gate:
    """Of every slice with the rows and the days that it takes."""
    limits = trial.limits
    wanted = f"none worse by over {limits.worse_share:.0%} and beyond chance"
    found = list(_compared(trial))
    if not found:
        return Gate.unjudged(NAME, wanted, f"no slice has {MIN_ROWS} posts on several days.")
    each = limits.chance_share / len(found)
    wrong = [part for part in found if part.share > limits.worse_share and part.delta.chance < each]
    worst = max(wrong or found, key=lambda part: (part.delta.value / part.delta.error) if part.delta.error else 0.0)
    figures = {
        "slices": len(found),
        "worst_share": worst.share,
        "worst_chance": worst.delta.chance,
        "chance_each": each,
    }
    value = f"{len(wrong)} of {len(found)} worse; {worst.name} {worst.share:+.1%}"
    if not wrong:
        return Gate(NAME, True, value, wanted, f"None of {len(found)} slices is worse beyond chance.", figures=figures)
    more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    sentence = (
        f"{worst.name}{more} is worse: loss {worst.delta.value:+.3f} ({worst.share:+.1%}) on {worst.rows:,} posts, "
        f"where the chance of that is {_chance(worst.delta.chance)} and {_chance(each)} is allowed each of "
        f"{len(found)} slices."
    )
    return Gate(NAME, False, value, wanted, sentence, figures=figures)


def _compared(trial: Trial) -> Iterator[Slice]:
    assert trial.champion is not None
    before, after = (trial.losses(side) for side in (trial.champion, trial.challenger))
    days, authors = finer_blocks(trial.rows, FEW_DAYS), authors_of(trial.rows)
    for slicing, name, at in slices_of(trial.model, trial.rows):
        if len(at) >= MIN_ROWS and len(np.unique(days[at])) >= FEW_DAYS:
            delta = mean_of((after - before)[at], days[at], None if authors is None else authors[at])
            share = delta.value / before[at].mean() if before[at].mean() else 0.0
            yield Slice(f"{slicing} {name}", len(at), delta, float(share))


def _chance(value: float) -> str:
    return f"1 in {1 / value:,.0f}" if value > 1e-6 else "below 1 in a million"
