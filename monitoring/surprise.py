"""How surprising is a day, given how much the reference days differ among themselves?

Each stream is a level, an effect of the weekday, day effects that may hang together from one day to the next, and
sampling noise that depends on the rows of the day. Nothing is pooled over rows: a thousand posts that share one day's
news are one observation of that day. The score of a day is a recursive residual (Brown, Durbin and Evans, JRSS B 1975):
its value against what the days before it lead one to expect, with the error of that expectation, on Student's t, as a
standard normal. While nothing moves, scores are independent standard normals, however short the reference is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from monitoring.streams import Days, Stream, stacked

LEAST_DAYS = 14  # of a reference: two of each weekday
OWN_DAYS = 3  # days that a level is learned from before a stream with `own_from` is scored
TIED = 0.98  # the most that one day is taken to hang on the day before
STICKY = 0.6  # a tie as high is its own: means over past weeks wander, whatever other streams do
SHRUNK = 0.25  # of the way that a stream keeps from the median tie of all: one alone is known to +-0.13
TINY = 1e-15
HELD = 5.0  # standard deviations from the reference that a day can teach later days at most
ROUNDING = 1e-9  # of a level: days that differ by less are equal


@dataclass(frozen=True)
class _Season:
    """What the reference teaches of each stream: arrays of (streams,) or (streams, weekdays)."""

    effect: np.ndarray
    seen: np.ndarray  # reference days behind each effect
    spread: np.ndarray  # variance of day effects beyond sampling noise
    tie: np.ndarray  # lag-1 autocorrelation
    scale: np.ndarray  # variance of the innovations, near 1
    freedom: np.ndarray


def scores(streams: Sequence[Stream], days: Days) -> np.ndarray:
    """(streams, days): standard normal while nothing moves; NaN in the reference and where it cannot be judged."""
    values, noise = _unit_free(stacked(streams, "values"), stacked(streams, "noise"), days.reference)
    own = np.array([stream.own_from for stream in streams])
    season = _season(values, noise, own, days)
    adjusted = values - season.effect[:, days.weekday]
    taught = _held(adjusted, own, season.spread[:, None] + noise, days.reference)
    level, behind = _level_before(taught, own)
    innovation, variance = _untied(adjusted - level, taught, level, noise, season, behind, days.weekday)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = innovation / np.sqrt(variance * season.scale[:, None])
    chance = np.clip(stats.t.cdf(ratio, season.freedom[:, None]), TINY, 1 - TINY)
    found = stats.norm.ppf(chance)
    least = np.where(own > 0, OWN_DAYS, LEAST_DAYS)[:, None]
    judged = np.isfinite(ratio) & (behind >= least) & (season.freedom >= LEAST_DAYS - 8)[:, None]
    found[~judged] = np.nan
    found[:, : days.reference] = np.nan
    return found


def _unit_free(values: np.ndarray, noise: np.ndarray, reference: int) -> tuple[np.ndarray, np.ndarray]:
    """From the mean of the reference days in units of their spread; NaN where they differ by no more than rounding."""
    known = np.isfinite(values)
    count = np.maximum(known[:, :reference].sum(axis=1, keepdims=True), 1)
    mean = np.where(known, values, 0.0)[:, :reference].sum(axis=1, keepdims=True) / count
    gap = np.where(known, values, mean) - mean
    spread = np.sqrt((gap[:, :reference] ** 2).sum(axis=1, keepdims=True) / count)
    unit = np.where(spread > ROUNDING * np.abs(mean), spread, np.nan)
    return np.where(known, gap, np.nan) / unit, np.where(np.isfinite(noise), noise, 0.0) / unit**2


def _season(values: np.ndarray, noise: np.ndarray, own: np.ndarray, days: Days) -> _Season:
    reference = slice(0, days.reference)
    weekday, seen_noise = days.weekday[reference], noise[:, reference]
    y = _centred(values[:, reference], own)
    known = np.isfinite(y)
    count = known.sum(axis=1)
    groups = 1 + (own > 0)
    weight = known.astype(float)
    for _ in range(2):  # days that are known better weigh more, once it is known how much days differ
        effect, seen = _by_weekday(y, weight, known, weekday)
        rest = y - effect[:, weekday]
        freedom = count - (seen > 0).sum(axis=1) - groups + 1
        spread = _day_variance(rest, seen_noise, known, freedom)
        weight = np.where(known, 1 / np.maximum(spread[:, None] + seen_noise, TINY), 0.0)
    scored = rest * np.sqrt(weight)
    tie = _ties(scored, known, count)
    steps = _steps(scored, tie)
    freedom = np.maximum(freedom - 1, 1)
    scale = np.nansum(steps**2, axis=1) / freedom
    return _Season(effect, seen, spread, tie, np.where(spread > TINY, scale, np.nan), freedom)


def _centred(y: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Less the mean of all days; days learned from and days of its own each less their own mean."""
    days = np.arange(y.shape[1])
    result = np.full_like(y, np.nan)
    for part in (days < own[:, None], days >= own[:, None]):
        inside = np.where(part, y, np.nan)
        count = np.isfinite(inside).sum(axis=1, keepdims=True)
        mean = np.nansum(inside, axis=1, keepdims=True) / np.maximum(count, 1)
        result = np.where(part, y - mean, result)
    return result


def _by_weekday(
    y: np.ndarray, weight: np.ndarray, known: np.ndarray, weekday: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    table = np.eye(7)[weekday]  # (days, weekdays)
    total = weight @ table
    effect = np.where(known, y * weight, 0.0) @ table / np.where(total > 0, total, 1.0)
    return effect, known.astype(float) @ table


def _day_variance(rest: np.ndarray, noise: np.ndarray, known: np.ndarray, freedom: np.ndarray) -> np.ndarray:
    """What days differ by beyond sampling; never quite nothing, so that no day is infinitely surprising."""
    between = np.where(known, rest**2, 0.0).sum(axis=1) / np.maximum(freedom, 1)
    within = np.where(known, noise, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.maximum(between - within, 1e-6 * between)


def _ties(scored: np.ndarray, known: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Lag-1 autocorrelation, corrected for its bias and, but where it is high, drawn to the median of all streams."""
    both = known[:, 1:] & known[:, :-1]
    product = np.where(both, scored[:, 1:] * scored[:, :-1], 0.0).sum(axis=1)
    square = np.where(known, scored**2, 0.0).sum(axis=1)
    raw = product / np.where(square > 0, square, 1.0)
    raw += (1 + 3 * raw) / np.maximum(count, 1)  # Marriott and Pope, Biometrika 1954
    middle = np.median(raw[square > 0]) if (square > 0).any() else 0.0
    own = raw > np.maximum(STICKY, 4 / np.sqrt(np.maximum(count, 1)))  # four standard errors of a tie of zero
    return np.clip(np.where(own, raw, middle + SHRUNK * (raw - middle)), 0.0, TIED)


def _steps(scored: np.ndarray, tie: np.ndarray) -> np.ndarray:
    """What is new in each day, on the scale of a day without a day before it."""
    before = np.concatenate([np.full((len(scored), 1), np.nan), scored[:, :-1]], axis=1)
    step = (scored - tie[:, None] * before) / np.sqrt(1 - tie**2)[:, None]
    return np.where(np.isfinite(before), step, scored)


def _held(adjusted: np.ndarray, own: np.ndarray, variance: np.ndarray, reference: int) -> np.ndarray:
    """What each day teaches those after it: no farther than HELD from the reference, or one burst would move them."""
    usable = np.isfinite(adjusted) & (np.arange(adjusted.shape[1]) >= own[:, None])
    usable[:, reference:] = False
    total = np.where(usable, adjusted, 0.0).sum(axis=1, keepdims=True)
    count = usable.sum(axis=1, keepdims=True)
    level, far = total / np.maximum(count, 1), HELD * np.sqrt(variance)
    return np.where(count > 0, np.clip(adjusted, level - far, level + far), adjusted)


def _level_before(adjusted: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of the days before each day, of its own days only, and how many they are."""
    usable = np.isfinite(adjusted) & (np.arange(adjusted.shape[1]) >= own[:, None])
    total = np.cumsum(np.where(usable, adjusted, 0.0), axis=1)
    count = np.cumsum(usable, axis=1)
    total, count = (np.concatenate([np.zeros((len(own), 1)), part[:, :-1]], axis=1) for part in (total, count))
    return total / np.maximum(count, 1), count


def _untied(
    gap: np.ndarray,
    taught: np.ndarray,
    level: np.ndarray,
    noise: np.ndarray,
    season: _Season,
    behind: np.ndarray,
    weekday: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """What is new in each day beyond what the day before told, and its variance with the error of the expectation."""
    first = np.full((len(gap), 1), np.nan)
    before = np.concatenate([first, taught[:, :-1]], axis=1) - level
    tie = np.where(np.isfinite(before), season.tie[:, None], 0.0)
    innovation = gap - tie * np.where(np.isfinite(before), before, 0.0)
    spread = season.spread[:, None]
    apart = behind * (1 - tie) / (1 + tie)  # so many days that hang together are worth fewer
    error = spread / np.maximum(season.seen[:, weekday], 1) + spread / np.maximum(apart, 1)
    variance = (spread + noise) * (1 - tie**2) + error * (1 - tie) ** 2
    return innovation, np.where(season.seen[:, weekday] > 0, variance, np.nan)
