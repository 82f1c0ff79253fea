"""The space in which a column is compared, and how far apart chance alone puts two samples there.

    kind      space                                              distance
    count     sign(x) log1p|x|: a ratio moves it, a giant not    Wasserstein in sd of the reference
    number    share of the reference below x, so no unit         Wasserstein in sd of the reference
    category  shares of up to 50 common values and the rest      Jensen-Shannon
    text      shares of up to 200 common words and the rest      Jensen-Shannon

A count or number with at most ten different values (a flag, a weekday) is compared as shares. Nulls and
infinities are left out here; the share of nulls is a measure of its own in monitoring.quality.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import chi2

Kind = Literal["count", "number", "category", "text"]
Method = Literal["wasserstein", "jensenshannon"]

SAMPLE_ROWS = 20_000  # a side; more rows change no verdict and cost seconds
FEW_VALUES = 10
CATEGORIES = 50
WORDS = 200
TEXT_CHARS = 1_000  # of each text, from its start
SUPPORT = 30  # rows of the smaller side for each value told apart: rarer ones differ by chance alone
REST = "(rest)"
WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)?")
LINK = re.compile(r"https?://\S+")

CHANCE = 0.999  # a distance below its quantile at this level, were nothing changed, is never an alarm
CHANCE_SD = 3.5  # the same quantile of the normed Wasserstein distance, in units of sqrt(1/n + 1/m)


@dataclass(frozen=True)
class Comparable:
    """Two samples of one column, ready to be measured."""

    space: str  # in words, for the report
    method: Method
    reference: pd.Series
    current: pd.Series
    rows: int  # rows of the window behind `current`
    floor: float  # the distance that chance alone reaches once in a thousand windows


def comparable(reference: pd.Series, current: pd.Series, kind: Kind, min_rows: int) -> Comparable | None:
    """Both sides in the space of `kind`, or None where they cannot be judged.

    Not judged: fewer than `min_rows` usable values on a side, or one and the same single value on both.
    """
    if kind in ("count", "number"):
        sides = [_finite(side) for side in (reference, current)]
    else:
        sides = [side.dropna().astype(str) for side in (reference, current)]
    before, now = (_strided(side.reset_index(drop=True)) for side in sides)
    if min(len(before), len(now)) < max(min_rows, 1):
        return None
    if kind == "text":
        return _words(before, now)
    values = pd.concat([before, now]).nunique()
    if values < 2:
        return None
    if kind == "category" or before.nunique() <= FEW_VALUES:
        return _shares(before.map(_label), now.map(_label))
    return _logs(before, now) if kind == "count" else _ranks(before, now)


def _finite(side: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(side, errors="coerce").astype("Float64").astype(float)
    return numbers.replace([np.inf, -np.inf], np.nan).dropna()


def _strided(side: pd.Series) -> pd.Series:
    """At most SAMPLE_ROWS rows, evenly spaced: the same ones each time."""
    if len(side) <= SAMPLE_ROWS:
        return side
    return side.iloc[np.linspace(0, len(side) - 1, SAMPLE_ROWS).astype(int)].reset_index(drop=True)


def _label(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _logs(before: pd.Series, now: pd.Series) -> Comparable:
    old, new = (np.sign(side) * np.log1p(side.abs()) for side in (before, now))
    return Comparable("log1p", "wasserstein", old, new, len(now), _spread_floor(len(before), len(now)))


def _ranks(before: pd.Series, now: pd.Series) -> Comparable:
    """Each value as the share of the reference below it, half of the ties counted."""
    ladder = np.sort(before.to_numpy())
    ends = [(np.searchsorted(ladder, side, "left"), np.searchsorted(ladder, side, "right")) for side in (before, now)]
    old, new = (pd.Series((left + right) / 2 / len(ladder)) for left, right in ends)
    return Comparable("rank", "wasserstein", old, new, len(now), _spread_floor(len(before), len(now)))


def _spread_floor(before: int, now: int) -> float:
    return CHANCE_SD * float(np.sqrt(1 / before + 1 / now))


def _shares(before: pd.Series, now: pd.Series) -> Comparable:
    kept = _commonest(before, now, CATEGORIES)
    before, now = (side.where(side.isin(kept), REST) for side in (before, now))
    floor = _shares_floor(pd.concat([before, now]).nunique(), len(before), len(now))
    return Comparable("shares", "jensenshannon", before, now, rows=len(now), floor=floor)


def _commonest(before: pd.Series, now: pd.Series, most: int) -> set[str]:
    """The values with the largest shares of the two sides together; ties go to the alphabet."""
    most = max(1, min(most, min(len(before), len(now)) // SUPPORT))
    shares = before.value_counts(normalize=True).add(now.value_counts(normalize=True), fill_value=0)
    return set(sorted(shares.index, key=lambda value: (-shares[value], value))[:most])


def _shares_floor(values: int, before: int, now: int, inflation: float = 1.0) -> float:
    """Squared, 8 / (1/n + 1/m) times the Jensen-Shannon distance of equal shares is about chi-squared (k - 1)."""
    spread = chi2.ppf(CHANCE, max(values - 1, 1)) / 8 * (1 / before + 1 / now)
    return float(np.sqrt(inflation * spread))


def _words(before: pd.Series, now: pd.Series) -> Comparable | None:
    """Every word of every text, in order. Words of one text hang together, which the floor accounts for."""
    texts = len(now)
    halves = [_split(before.iloc[start::2]) for start in (0, 1)]
    old, new = pd.concat(halves, ignore_index=True), _split(now)
    if not len(new) or not len(halves[0]) or not len(halves[1]):
        return None
    kept = _commonest(old, new, WORDS)
    old, new, *halves = (side.where(side.isin(kept), REST) for side in (old, new, *halves))
    values = pd.concat([old, new]).nunique()
    if values < 2:
        return None
    floor = _shares_floor(values, len(old), len(new), max(1.0, _clumping(*halves)))
    return Comparable("shares of words", "jensenshannon", old, new, rows=texts, floor=floor)


def _split(texts: Iterable[str]) -> pd.Series:
    found: list[str] = []
    for text in texts:
        found.extend(WORD.findall(LINK.sub(" ", text[:TEXT_CHARS]).lower()))
    return pd.Series(found, dtype=object)


def _clumping(one: pd.Series, other: pd.Series) -> float:
    """How much further apart two halves of the same texts are than independent words would be, squared."""
    shares = [Counter(side) for side in (one, other)]
    words = sorted(set(shares[0]) | set(shares[1]))
    p, q = (np.array([side[word] for word in words]) / side.total() for side in shares)
    squared = float(np.sum((p - q) ** 2 / (p + q)) / 4)  # Jensen-Shannon divergence, to second order
    return squared / (max(len(words) - 1, 1) / 8 * (1 / len(one) + 1 / len(other)))
