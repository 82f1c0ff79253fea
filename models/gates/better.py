"""Better than the champion on the same fresh mature rows, and not worse in what the loss does not say.

The loss decides, with days and authors drawn (models.intervals). The second measures of the model, such as how well it
ranks, only must not be worse beyond chance, which is shared over them as over slices.
"""

from collections.abc import Callable

import numpy as np

from models.evaluate import FEW_DAYS, Unscorable, compare
from models.gates.gate import Gate
from models.gates.significance import Tested
from models.gates.trial import Trial
from models.intervals import MAX_BLOCKS, authors_of, finer_blocks, pooled
from models.scores import Comparison
from trimtab.errors import NotEnoughData

NAME = "better"
Measures = Callable[[np.ndarray], dict[str, float]]  # positions of rows -> each measure, challenger minus champion


def better(trial: Trial) -> tuple[Gate, Comparison | None]:
    """The gate, and the comparison that it rests on; None where the rows allow none."""
    wanted = f"less loss, {trial.release.confidence * 100:g} % interval below 0; nothing else worse beyond chance"
    try:
        found = _compared(trial)
    except NotEnoughData as error:
        return Gate.unjudged(NAME, wanted, str(error), passed=False), None
    except Unscorable as error:
        return Gate(NAME, False, "no numbers", wanted, str(error)), None
    figures = {"delta": found.delta.value, "low": found.delta.low, "high": found.delta.high, "share": found.share}
    worse, seconds = _second(trial)
    said = ", ".join(f"{name} {tested.value:+.3f}" for name, tested in seconds.items())
    value = f"{found.measure} {found.delta}" + (f"; {said}" if said else "")
    figures |= {name.replace(" ", "_"): tested.value for name, tested in seconds.items()}
    but = f" It is worse in {', '.join(worse)}." if worse else ""
    return Gate(NAME, found.better and not worse, value, wanted, f"{found}{but}", figures=figures), found


def _compared(trial: Trial) -> Comparison:
    assert trial.champion is not None
    return compare(
        trial.model,
        trial.champion.version,
        trial.challenger.version,
        trial.rows,
        trial.champion.predictions,
        trial.challenger.predictions,
        seed=trial.seed,
        resamples=trial.release.resamples,
        confidence=trial.release.confidence,
    )


def _second(trial: Trial) -> tuple[list[str], dict[str, Tested]]:
    """What is said of the measures that are worse beyond chance, and all of them with what is tested."""
    measures = trial.model.second_measures
    if measures is None or trial.champion is None:
        return [], {}
    rows, sides = trial.rows, (trial.champion.predictions, trial.challenger.predictions)

    def delta(at: np.ndarray) -> dict[str, float]:
        before, after = (measures(rows.iloc[at], said.iloc[at]) for said in sides)
        return {name: after[name] - before[name] for name in before}

    before, tested = measures(rows, sides[0]), _jackknifed(trial, delta)
    each = trial.limits.chance_share / max(len(tested), 1)
    wrong = {
        name: one
        for name, one in tested.items()
        if one.chance < each and one.value > trial.limits.worse_share * abs(before[name])
    }
    return [f"{name} ({before[name]:.3f} to {before[name] + one.value:.3f})" for name, one in wrong.items()], tested


def _jackknifed(trial: Trial, delta: Measures) -> dict[str, Tested]:
    """Each difference with the wider of its errors by day and by author, leaving one block out at a time."""
    ways = [pooled(finer_blocks(trial.rows, FEW_DAYS))]
    authors = authors_of(trial.rows)
    ways += [] if authors is None else [authors % MAX_BLOCKS]
    whole, found = delta(np.arange(len(trial.rows))), {}
    parts = [[delta(np.flatnonzero(blocks != block)) for block in np.unique(blocks)] for blocks in ways]
    for name, value in whole.items():
        errors = [_spread(np.array([part[name] for part in without])) for without in parts]
        widest = int(np.argmax(errors))
        found[name] = Tested(value, errors[widest], float(len(parts[widest])))
    return found


def _spread(without: np.ndarray) -> float:
    """The jackknife's standard error from the values without each block (Efron and Tibshirani 1993, ch. 11)."""
    count = len(without)
    return float(np.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum()))
