"""Not leaning on one author or campaign: the gain is there without the posts of any one of them.

A campaign is known by the domain that it links to. Whose posts gained most is known only afterwards, so the others'
gain is lower by chance too, and need not be significant: it must be there, and a good part of it.
"""

from dataclasses import dataclass

import numpy as np
from pandas import Series, factorize

from models.evaluate import MIN_ROWS
from models.gates.gate import Gate
from models.gates.trial import Trial
from models.intervals import FEW_AUTHORS, effective
from models.scores import Comparison

NAME = "leaning"
GROUPS = {"author": "author", "link_domain": "link to"}


@dataclass(frozen=True)
class Leaning:
    """The one group of a kind that the gain hangs on most; `others` is the gain a post left without its posts."""

    kind: str
    who: str
    gain_share: float  # of the whole gain
    others: float

    def __str__(self) -> str:
        return f"{self.gain_share:.0%} of the gain is of {GROUPS[self.kind]} {self.who}"


def leaning(trial: Trial, comparison: Comparison) -> Gate:
    """Of the gain by author and by link domain."""
    assert trial.champion is not None
    limits = trial.limits
    wanted = (
        f"one author has at most {limits.author_gain_share:.0%} of the gain; without any author or link, "
        f"{limits.others_gain_share:.0%} of it is left a post"
    )
    if not comparison.better:
        return Gate.unjudged(NAME, wanted, "there is no gain beyond chance that could lean on anybody.")
    gain = trial.losses(trial.champion) - trial.losses(trial.challenger)
    found = [_most(kind, trial.rows[kind], gain) for kind in GROUPS if _many(trial, kind)]
    if not found:
        return Gate.unjudged(NAME, wanted, "posts name neither several authors nor several links.")
    wrong = [one for one in found if _leans(one, gain.mean(), trial)]
    figures = {f"{one.kind}_gain_share": one.gain_share for one in found}
    value = "; ".join(map(str, found))
    if not wrong:
        return Gate(NAME, True, value, wanted, f"The gain leans on nobody: {value}.", figures=figures)
    said = "; ".join(f"{one}, without which {one.others:+.3f} a post is left of {gain.mean():+.3f}" for one in wrong)
    return Gate(NAME, False, value, wanted, f"The gain leans on one: {said}.", figures=figures)


def _many(trial: Trial, kind: str) -> bool:
    """Whether posts are of so many that one can be told from the others; a post of nobody is one of its own."""
    if kind not in trial.rows or trial.rows[kind].isna().all() or len(trial.rows) < MIN_ROWS:
        return False
    return effective(_codes(trial.rows[kind])) >= FEW_AUTHORS


def _most(kind: str, names: Series, gain: np.ndarray) -> Leaning:
    codes = _codes(names)
    sums, counts = np.bincount(codes, gain), np.bincount(codes)
    named = np.bincount(codes, names.notna()) > 0
    others = np.where(named, (gain.sum() - sums) / np.maximum(len(gain) - counts, 1), np.inf)
    at = int(np.argmin(others))
    who = str(names.iloc[int(np.argmax(codes == at))])
    return Leaning(kind, who, float(sums[at] / gain.sum()), float(others[at]))


def _leans(one: Leaning, gain: float, trial: Trial) -> bool:
    too_much = one.kind == "author" and one.gain_share > trial.limits.author_gain_share
    return too_much or one.others < trial.limits.others_gain_share * gain


def _codes(names: Series) -> np.ndarray:
    known, found = factorize(names)
    return np.where(known >= 0, known, len(found) + np.arange(len(names)))
