"""The space of a column: fitted on the reference alone, so that every later day is read with the same eyes.

    kind      level of a row                                   cells that its shares are counted in
    count     sign(x) log1p|x|: a ratio moves it, a giant not  16 bins, quantiles of the reference
    number    normal score of its rank in the reference        the same: no unit in either
    category  none                                             up to 50 common values and the rest
    text      none                                             up to 200 common words and the rest
    flag      0 or 1                                           its two values and the rest

A count or number with at most ten different values (a weekday) has no level and is counted value by value; one with
nothing but 0 and 1 or False and True is a flag. Nulls are left out here, and so are infinities and texts among
numbers, except where a rest takes them; the share of nulls is a measure of its own in monitoring.quality.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pandas import Series
from scipy.special import ndtri

from monitoring.columns import factorized, is_flag, label, numbers
from monitoring.words import DAY_TEXTS, spaced_rows, words

Kind = Literal["count", "number", "category", "text"]

BINS = 16
FEW_VALUES = 10
CATEGORIES = 50
WORDS = 200
SUPPORT = 30  # rows of the reference for each value told apart
FIT_TEXTS = 20_000  # of the reference, evenly spaced
REST = "(rest)"
LADDER = np.concatenate([[0.001, 0.003], (np.arange(64) + 0.5) / 64, [0.997, 0.999]])  # scores within +-3.1
CHUNK = 32_768  # rows at a time: what fits the processor's cache


@dataclass(frozen=True)
class Space:
    """Plain numbers and strings only, so that it can be kept with the version whose reference it was fitted on."""

    name: str
    kind: Kind
    cells: tuple[str, ...]  # the names of what is counted, in order; where there is a rest, it comes last
    values: tuple[float, ...] = ()  # of a flag or a few-valued number: one cell each
    edges: tuple[float, ...] = ()  # inner edges of the bins, each bin closed above
    ladder: tuple[float, ...] = ()  # of a number: quantiles of the reference, rising
    scores: tuple[float, ...] = ()  # the normal score of each
    clumping: float = 1.0  # of words: the variance of their shares as a multiple of that of independent words

    @property
    def flag(self) -> bool:
        return self.values == (0.0, 1.0)

    @property
    def method(self) -> str:
        """What is compared, in words for a person."""
        if self.kind == "text":
            return f"shares of {len(self.cells) - 1} words"
        return f"shares of {len(self.cells)} bins" if self.edges else f"shares of {len(self.cells) - 1} values"

    def level(self, column: Series) -> np.ndarray | None:
        """Float per row, NaN where null or infinite; None where the kind has no level."""
        if self.flag:
            found = numbers(column)
            return np.where((found == 0) | (found == 1), found, np.nan)
        if self.kind == "number" and len(self.ladder) > 1:
            return self._scored(numbers(column))
        if self.kind == "count" and self.edges:
            found = numbers(column)
            return np.sign(found) * np.log1p(np.abs(found))
        return None

    def shares(self, column: Series, day: np.ndarray, days: int) -> np.ndarray:
        """Counts (days, cells); `day` is the day of each row; -1, or one past the last, leaves it out.

        Of text the words are counted, those of at most 2,000 texts a day, evenly spaced in the order of the rows.
        """
        if self.kind == "text":
            column, day = _sampled(column, day)
            found, row = words(column)
            return _counted(self._places(found), day[row], self, days)
        return _counted(self._codes(column), day, self, days)

    def _codes(self, column: Series) -> np.ndarray:
        """The cell of each row, -1 for none."""
        if not self.edges and not self.values:
            return self._labels(column)
        found = numbers(column)
        if not self.values:
            codes = _steps(found, self.edges, closed_above=True).astype(np.int16)
            codes[np.isnan(found)] = -1
            return codes
        codes = np.where(column.isna(), np.int16(-1), np.int16(len(self.values)))
        for code, value in enumerate(self.values):
            codes[found == value] = code
        return codes

    def _labels(self, column: Series) -> np.ndarray:
        places, distinct = factorized(column)
        known = {label: place for place, label in enumerate(self.cells[:-1])}
        code = np.array([known.get(label(value), len(known)) for value in distinct] + [-1])
        return code[places]

    def _places(self, found: pa.Array) -> np.ndarray:
        known = pc.index_in(found, pa.array(self.cells[:-1], found.type))
        return known.fill_null(len(self.cells) - 1).to_numpy(zero_copy_only=False)

    def _scored(self, found: np.ndarray) -> np.ndarray:
        """Straight lines between the rungs of the ladder, level beyond its ends."""
        ladder, scores, scored = np.array(self.ladder), np.array(self.scores), np.empty(len(found))
        with np.errstate(invalid="ignore", over="ignore"):
            slope = np.append(np.diff(scores) / np.diff(ladder), 0.0)  # nought on the last rung
            for start in range(0, len(found), CHUNK):
                part = found[start : start + CHUNK]
                rung = _steps(part, self.ladder[1:], closed_above=False)
                scored[start : start + CHUNK] = scores[rung] + slope[rung] * (
                    np.maximum(part, ladder[0]) - ladder[rung]
                )
        return scored


def fit_space(name: str, reference: Series, kind: Kind, min_rows: int) -> Space | None:
    """The space of a column; None: under `min_rows` usable values in the reference, or nothing but one value.

    Every row is read, except of text: at most 20,000, evenly spaced.
    """
    if kind == "text":
        return _of_words(name, reference, min_rows)
    if kind == "category" and not is_flag(reference):
        return _of_labels(name, reference, min_rows)
    found = numbers(reference)
    ordered = np.sort(found[~np.isnan(found)])
    values = ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered
    if len(ordered) < max(min_rows, 2) or len(values) < 2:
        return None
    if len(values) <= FEW_VALUES:
        cells = (*(label(float(value)) for value in values), REST)
        return Space(name, kind, cells, values=tuple(values.tolist()))
    edges = _edges(ordered)
    rungs, scores = _ladder(ordered) if kind == "number" else ((), ())
    return Space(name, kind, _ranges(edges), edges=tuple(edges.tolist()), ladder=rungs, scores=scores)


def _of_labels(name: str, reference: Series, min_rows: int) -> Space | None:
    places, distinct = factorized(reference)
    rows: dict[str, int] = {}
    for value, count in zip(distinct, np.bincount(places[places >= 0], minlength=len(distinct)), strict=True):
        rows[label(value)] = rows.get(label(value), 0) + int(count)
    total = sum(rows.values())
    if total < max(min_rows, 2) or len(rows) < 2:
        return None
    return Space(name, "category", (*_commonest(rows, min(CATEGORIES, total // SUPPORT)), REST))


def _of_words(name: str, reference: Series, min_rows: int) -> Space | None:
    texts = reference.dropna()
    texts = texts.iloc[spaced_rows(np.zeros(len(texts), dtype=int), FIT_TEXTS)]
    found, row = words(texts)
    if len(texts) < max(min_rows, 2) or not len(found):
        return None
    rows = {str(pair["values"]): int(pair["counts"]) for pair in pc.value_counts(found).to_pylist()}
    if len(rows) < 2:
        return None
    space = Space(name, "text", (*_commonest(rows, min(WORDS, len(found) // SUPPORT)), REST))
    halves = space.shares(texts, np.arange(len(texts)) % 2, 2)
    return Space(name, "text", space.cells, clumping=_clumping(*halves))


def _commonest(rows: dict[str, int], most: int) -> list[str]:
    """Ties go to the alphabet."""
    return sorted(sorted(rows, key=lambda value: (-rows[value], value))[: max(most, 1)])


def _clumping(one: np.ndarray, other: np.ndarray) -> float:
    """How much further apart two halves of the same texts are than independent words would be, squared."""
    seen = one + other >= 10
    n, m = one.sum(), other.sum()
    if not n or not m or not seen.any():
        return 1.0
    p, q = one[seen] / n, other[seen] / m
    pooled = (one + other)[seen] / (n + m)
    expected = np.sum(1 - pooled) * (1 / n + 1 / m)
    return float(max(1.0, np.sum((p - q) ** 2 / pooled) / expected)) if expected > 0 else 1.0


def _edges(ordered: np.ndarray) -> np.ndarray:
    """Quantiles of the reference; a value heavy enough to hold several gets a bin of its own."""
    cuts = ordered[(np.arange(1, BINS) * len(ordered)) // BINS - 1]
    heavy = cuts[1:][cuts[1:] == cuts[:-1]]
    before = np.searchsorted(ordered, heavy) - 1
    return np.unique(np.concatenate([cuts, ordered[before[before >= 0]]]))


def _ladder(ordered: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Quantiles and their normal scores; equal quantiles share the middle of their ranks."""
    quantiles = ordered[(LADDER * len(ordered)).astype(int)]
    rungs, place = np.unique(quantiles, return_inverse=True)
    ranks = np.bincount(place, LADDER) / np.bincount(place)
    return tuple(rungs.tolist()), tuple(ndtri(ranks).tolist())


def _ranges(edges: np.ndarray) -> tuple[str, ...]:
    inner = [f"{low:.4g} to {high:.4g}" for low, high in zip(edges[:-1], edges[1:], strict=True)]
    return (f"up to {edges[0]:.4g}", *inner, f"over {edges[-1]:.4g}")


def _steps(found: np.ndarray, steps: tuple[float, ...], *, closed_above: bool) -> np.ndarray:
    """How many steps lie below each value (NaN: none). Comparing with each beats searching: no branch, in the cache."""
    codes = np.zeros(len(found), dtype=np.uint8)
    for start in range(0, len(found), CHUNK):
        part, count = found[start : start + CHUNK], codes[start : start + CHUNK]
        for step in steps:
            count += (part > step if closed_above else part >= step).view(np.uint8)
    return codes


def _sampled(column: Series, day: np.ndarray) -> tuple[Series, np.ndarray]:
    kept = spaced_rows(day, DAY_TEXTS)
    return column.iloc[kept], day[kept]


def _counted(codes: np.ndarray, day: np.ndarray, space: Space, days: int) -> np.ndarray:
    """Rows without a cell or a day go into one slot past the end, which is cut off."""
    cells = len(space.cells)
    found = np.zeros(days * cells + 1, dtype=np.intp)
    for start in range(0, len(codes), CHUNK):
        code, at = codes[start : start + CHUNK], day[start : start + CHUNK]
        slot = np.where((code >= 0) & (at >= 0) & (at < days), at * cells + code, days * cells)
        found += np.bincount(slot, minlength=len(found))
    return found[:-1].reshape(days, cells)
