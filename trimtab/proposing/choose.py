"""Which column means what: names and values weighed together, each column used once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from trimtab.proposing.fits import FITS, fit
from trimtab.proposing.names import named
from trimtab.proposing.profile import Sight, moments

Sure = Literal["given", "sure", "likely", "guess", "open"]
NAME_WEIGHT, FIT_WEIGHT = 0.6, 0.4
LEAST_FIT, LEAST_SCORE = 0.3, 0.5
RIVAL = 0.12  # a column that scores so little less is named beside the one taken
UNNAMED = {
    "published": 0.95,
    "label": 0.9,
    "text": 0.8,
    "id": 0.6,
}  # meanings that values alone may tell, from which fit on


@dataclass(frozen=True)
class Scored:
    """One column for one meaning. `name` and `values` are between 0 and 1."""

    meaning: str
    column: str
    name: float
    values: float
    remark: str = ""

    @property
    def score(self) -> float:
        return NAME_WEIGHT * self.name + FIT_WEIGHT * self.values

    @property
    def usable(self) -> bool:
        """Whether name and values together are enough to take the column."""
        return self.values >= LEAST_FIT and self.score >= LEAST_SCORE


@dataclass(frozen=True)
class Pick:
    """The column taken for a meaning, how sure that is, and the columns that might have been taken instead."""

    meaning: str
    column: str
    sure: Sure
    why: str = ""
    rivals: tuple[str, ...] = ()


def assign(sight: Sight, given: Mapping[str, Sequence[str]]) -> dict[str, Pick]:
    """A pick for each meaning that has one. `given` columns are taken as told; an empty list means none at all."""
    picks = {meaning: Pick(meaning, columns[0], "given") for meaning, columns in given.items() if columns}
    taken = {column for columns in given.values() for column in columns}
    free = [column for column in sight.columns if column not in taken]
    table = [scored for meaning in FITS if meaning not in given for scored in _scores(meaning, free, sight)]
    by_name = sorted((each for each in table if each.name > 0 and each.usable), key=_order)
    for scored in by_name:
        if scored.meaning not in picks and scored.column not in taken:
            picks[scored.meaning] = Pick(scored.meaning, scored.column, "sure")
            taken.add(scored.column)
    for meaning, least in UNNAMED.items():
        _by_values(sight, meaning, least, table, picks, taken)
    return {meaning: _worded(pick, table, picks) for meaning, pick in picks.items()}


def _scores(meaning: str, columns: Sequence[str], sight: Sight) -> list[Scored]:
    found = []
    for column in columns:
        values, remark = fit(meaning, sight.profiles[column], sight)
        if values > 0:
            found.append(Scored(meaning, column, named(column, meaning), values, remark))
    return found


def _order(scored: Scored) -> tuple[float, str, str]:
    return -scored.score, scored.meaning, scored.column


def _by_values(
    sight: Sight, meaning: str, least: float, table: list[Scored], picks: dict[str, Pick], taken: set[str]
) -> None:
    """Take the column whose values suit best, though its name says nothing; of times the earliest."""
    if meaning in picks or (meaning == "text" and "title" in picks):
        return
    free = [each for each in table if each.meaning == meaning and each.column not in taken and each.values >= least]
    if free:
        best = min(free, key=_order) if meaning != "published" else min(free, key=lambda each: _when(sight, each))
        picks[meaning] = Pick(meaning, best.column, "guess")
        taken.add(best.column)


def _when(sight: Sight, scored: Scored) -> tuple[float, str]:
    found = moments(sight, scored.column)
    return (math.inf if found is None else found.median().timestamp()), scored.column


def _worded(pick: Pick, table: list[Scored], picks: Mapping[str, Pick]) -> Pick:
    if pick.sure == "given":
        return pick
    (mine,) = (each for each in table if (each.meaning, each.column) == (pick.meaning, pick.column))
    others = {each.column for meaning, each in picks.items() if meaning != pick.meaning}
    close = [
        each
        for each in sorted(table, key=_order)
        if each.meaning == pick.meaning and each.column not in {pick.column, *others} and each.values >= LEAST_FIT
        and each.score >= mine.score - RIVAL and (each.name > 0) >= (mine.name > 0)
    ][:3]  # fmt: skip
    rivals = tuple(each.column for each in close)
    return replace(pick, sure=_how_sure(mine, bool(close)), why=_reasons(mine, rivals), rivals=rivals)


def _reasons(mine: Scored, rivals: Sequence[str]) -> str:
    found = [mine.remark] if mine.remark else []
    if mine.name < 0.8:
        found.insert(0, "its name says so in part" if mine.name else "its name does not say so, its values do")
    if rivals:
        found.append(_and([f"`{name}`" for name in rivals]) + (" suits" if len(rivals) == 1 else " suit") + " too")
    return "; ".join(found)


def _how_sure(mine: Scored, rivalled: bool) -> Sure:
    if mine.name == 0 or mine.score < 0.55:
        return "open" if mine.meaning == "published" and rivalled else "guess"
    return "sure" if mine.name >= 0.8 and mine.values >= 0.85 and not rivalled and not mine.remark else "likely"


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
