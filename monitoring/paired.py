"""Is the newest version worse than the one before it, on the same mature posts? Looked at as often as one likes.

Posts of one day share its news, so a day is one observation: the mean difference of its losses, over what it is
expected to vary by (the sampling noise of its posts, and SPREAD). Under the null these are normal around zero or below
with one unknown scale. Their likelihood ratio against means of LEANINGS scales, with the scale integrated out, is
Student's t-test made anytime-valid: it exceeds 1 / level with probability at most `level`, however often one looks
(Lai, Annals of Statistics 1976; Pérez-Ortiz, Lardy, de Heide and Grünwald, Annals of Statistics 2024; Wang and Ramdas,
arXiv 2310.03722). Three days cannot teach how much days vary, so something is believed of the scale before, worth
BELIEF_DAYS days; its centre is raised where the days before the promotion varied by more. The level is exact on average
over that belief. benchmarks/release_watch.py tries it on tails, ties and spreads that are not of the belief.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np
from pandas import DataFrame, Timedelta, Timestamp
from scipy.special import gammaln, logsumexp

from models.evaluate import MIN_ROWS
from models.intervals import Draw, Interval, blocks_of
from trimtab.settings import Watch

Ended = Literal["better", "no worse"]
LEVEL = 0.01  # of a promotion that does no harm: the chance that it is ever rolled back
GOOD_LEVEL = 0.05  # of one that is worse: the chance that the watch ever ends because it seems good
SPREAD = 0.01  # of the mean loss, by which differences of days vary beyond the noise of their posts
BELIEF_DAYS = 24.0
LEANINGS = (1.0, 2.0, 4.0)  # means that the null is held against, in scales
LEAST_DAYS = 2  # that say a version is worse: one day alone may be a freak
FREAK = 4.0  # standard deviations that a day counts for at most: with calm ones beside it that is rarely enough
NOISE_SLACK = 1.6  # times the noise that days may vary by before a larger spread is believed
GRID = np.linspace(-5, 5, 61)  # around the mode, for the integral over the scale
HUGE = 1e100


@dataclass(frozen=True)
class Days:
    """Of each day in the order in which labels came, one number each; losses in units of the previous version's."""

    rows: np.ndarray
    gap: np.ndarray  # mean of champion minus previous
    noise: np.ndarray  # variance of one post's difference about that mean
    loss: np.ndarray  # mean of the previous version

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Paired:
    """`delta` is the mean loss of the champion minus that of the previous version, shown; `evidence` decides.

    `ended`: the watch found it good before it could find it worse, on the day `days`.
    """

    delta: Interval
    rows: int
    evidence: float
    limit: float
    days: int = 0  # with labels
    ended: Ended | None = None

    @property
    def worse(self) -> bool:
        return self.evidence >= self.limit


@dataclass(frozen=True)
class Early:
    """Before labels: `gap` is the estimated loss of the champion minus that of the previous version, a post."""

    gap: Interval | None  # None under doubt
    rows: int  # posts that both scored, without a label yet
    silent: int = 0  # of them, those that the champion alone gives no number for

    @property
    def warns(self) -> bool:
        return self.silent > 0 or (self.gap is not None and self.gap.low > 0)


def paired(
    rows: DataFrame,
    champion: np.ndarray,
    previous: np.ndarray,
    *,
    spread: float,
    watch: Watch,
    draw: Draw,
) -> Paired | None:
    """From losses on the same `rows`; None below MIN_ROWS rows. A champion whose losses are no numbers is worse.

    `rows` are of whole days: see whole_days. `spread` is that of spread_of.
    """
    usable = np.isfinite(previous)
    rows, champion, previous = rows[usable], champion[usable], previous[usable]
    if len(rows) < MIN_ROWS:
        return None
    day = label_days(rows)
    if not np.isfinite(champion).all():
        return Paired(Interval(np.inf, np.inf, np.inf), len(rows), np.inf, 1 / LEVEL, len(np.unique(day)))
    days = days_of(day, champion, previous)
    found, ended = judge(days, watch.harmless_share, watch.no_worse_share, watch.least_days, spread)
    return Paired(draw.mean(champion - previous, blocks_of(rows)), len(rows), found, 1 / LEVEL, len(days), ended)


def label_days(rows: DataFrame) -> np.ndarray:
    """The UTC day on which each label came, as a number.

    Of the calendar, whenever one looks: looks at other times of day would be tests of their own, each with its level.
    """
    return ((rows["label_known_at"] - Timestamp(0, tz="UTC")) // Timedelta(days=1)).to_numpy()


def whole_days(until: datetime) -> datetime:
    """The end of the last UTC day that is over at `until`: a day is an observation once all of it is in."""
    return until.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def days_of(day: np.ndarray, champion: np.ndarray, previous: np.ndarray) -> Days:
    """From losses on the same posts and the day (any ordered code) on which each label came; rows in any order."""
    codes = np.unique(day, return_inverse=True)[1]
    rows = np.bincount(codes)
    unit = float(np.abs(previous).mean()) if len(previous) else 0.0
    unit = unit if unit > 0 else 1.0
    gap = np.clip((champion - previous) / unit, -HUGE, HUGE)
    mean = np.bincount(codes, gap) / rows
    noise = np.bincount(codes, (gap - mean[codes]) ** 2) / rows
    return Days(rows.astype(float), mean, noise, np.bincount(codes, np.abs(previous) / unit) / rows)


def spread_of(before: Days) -> float:
    """How much days differ beyond their posts, as a share of the mean loss: SPREAD, or more where `before` shows more.

    From successive differences (von Neumann, 1941), since the level steps where a version begins to learn.
    """
    if len(before) < LEAST_DAYS:
        return SPREAD
    noise = float((before.rows @ before.noise) / before.rows.sum() * (1 / before.rows).mean())
    varied = float((np.diff(before.gap) ** 2).mean()) / 2
    loss = float(before.rows @ before.loss / before.rows.sum())
    beyond = max(varied - NOISE_SLACK * noise, 0.0)
    return max(SPREAD, beyond**0.5 / loss) if loss > 0 else SPREAD


def evidence(days: Days, above: float = 0.0, spread: float = SPREAD, *, below: bool = False) -> np.ndarray:
    """(days,) log e-values after each day, against "the champion's loss is at most `above` (a share) higher".

    `below`: against "it is at least so much higher". What is known later changes no earlier value.
    """
    if not len(days):
        return np.zeros(0)
    count, seen = np.arange(1, len(days) + 1), days.rows.cumsum()
    loss = (days.rows * days.loss).cumsum() / seen
    noise = (days.rows * days.noise).cumsum() / seen
    floor = (1e-6 * np.maximum.accumulate(np.abs(days.gap))) ** 2 + 1e-200
    believed = (spread * loss) ** 2 + floor
    sd = np.sqrt(believed[:, None] + noise[:, None] / days.rows)  # (looks, days)
    usual = np.sqrt(believed + noise * count / seen)  # of a day with the usual number of posts
    past = np.tri(len(days), dtype=bool)
    sign = -1.0 if below else 1.0
    score = np.where(past, np.clip(sign * (days.gap - above * loss[:, None]) / sd, -FREAK, FREAK), 0.0)
    weight = np.where(past, usual[:, None] / sd, 0.0)
    return _ratio((score * weight).sum(axis=1), (weight**2).sum(axis=1), (score**2).sum(axis=1), count)


def judge(days: Days, harmless: float, no_worse: float, least_days: int, spread: float) -> tuple[float, Ended | None]:
    """(largest e-value for "worse" until the watch ended, how it ended if it did so before it was found worse)."""
    worse = evidence(days, harmless, spread)
    worse[: LEAST_DAYS - 1] = np.minimum(worse[: LEAST_DAYS - 1], 0.0)
    ends: list[tuple[int, Ended]] = [
        (_first(evidence(days, 0.0, spread, below=True), GOOD_LEVEL, least_days), "better"),
        (_first(evidence(days, no_worse, spread, below=True), GOOD_LEVEL, least_days), "no worse"),
    ]
    day, how = min(ends, key=lambda end: end[0])
    if day >= len(days) or _first(worse, LEVEL, LEAST_DAYS) <= day:
        return _largest(worse), None
    return _largest(worse[: day + 1]), how


def _ratio(score: np.ndarray, weight: np.ndarray, square: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Log of the mean over LEANINGS of E[exp(lean u score - lean^2 weight / 2)], u one over the scale.

    After `count` days u^2 has a gamma law of shape (BELIEF_DAYS + count) / 2 and rate (BELIEF_DAYS + square) / 2.
    """
    lean, shape = np.array(LEANINGS), ((BELIEF_DAYS + count) / 2)[:, None]
    pull = lean * (score / np.sqrt((BELIEF_DAYS + square) / 2))[:, None]
    mode = (pull + np.sqrt(pull**2 + 8 * (2 * shape - 1))) / 4
    u = np.maximum(mode[..., None] + GRID, 1e-9)
    inside = (2 * shape - 1)[..., None] * np.log(u) - u**2 + pull[..., None] * u
    whole = logsumexp(inside, axis=2) + np.log(2 * (GRID[1] - GRID[0])) - gammaln(shape)
    return logsumexp(whole - lean**2 * weight[:, None] / 2, axis=1) - np.log(len(lean))


def _first(log_values: np.ndarray, level: float, least_days: int) -> int:
    """The place of the first that reaches 1 / level, from `least_days` days on; past the end where none does."""
    reached = np.flatnonzero(log_values[least_days - 1 :] >= -np.log(level))
    return int(reached[0]) + least_days - 1 if len(reached) else len(log_values)


def _largest(log_values: np.ndarray) -> float:
    return float(np.exp(min(log_values.max(initial=-np.inf), 700.0)))
