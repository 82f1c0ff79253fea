"""Daily streams of a world whose truth is known: a level, a week, day effects that hang together, sampling noise."""

from datetime import datetime, timedelta

import numpy as np

from monitoring.streams import Days, Group, Stream
from trimtab.windows import utc

END = utc("2012-07-01")
ONE_OF_EACH: tuple[Group, ...] = ("loss", "calibration", "slice", "slice", "output", "output")
MANY: tuple[Group, ...] = (*ONE_OF_EACH, *(["feature"] * 30), *(["shares"] * 30))
KINDS = {"loss": "performance", "calibration": "performance", "slice": "performance", "output": "prediction"}
UP = ("loss", "calibration", "slice")  # a rise alone counts


def days(reference: int = 56, tested: int = 30) -> Days:
    return Days(np.arange(reference + tested) % 7, reference)


def standard(tested: int, groups: tuple[Group, ...] = MANY, *, seed: int = 0, tie: float = 0.3) -> np.ndarray:
    """(streams, days) of normal day effects of variance 1, whose lag-1 autocorrelation is `tie`."""
    draws = np.random.default_rng(seed).normal(size=(len(groups), tested))
    for day in range(1, tested):
        draws[:, day] = tie * draws[:, day - 1] + np.sqrt(1 - tie**2) * draws[:, day]
    return draws


def world(
    groups: tuple[Group, ...] = MANY,
    *,
    reference: int = 56,
    tested: int = 30,
    seed: int = 0,
    tie: float = 0.3,
    missing: float = 0.0,
    noise: float | tuple[float, float] = 0.2,
    shift: dict[int, float] | None = None,
    at: int = 0,
    until: int | None = None,
) -> list[Stream]:
    """Streams of `reference + tested` days. Day effects have variance 1, sampling noise `noise` on average or between.

    `shift` moves streams (by index) from tested day `at` to `until`, in standard deviations of a day.
    """
    total = reference + tested
    draw = np.random.default_rng((seed, 1))
    low, high = noise if isinstance(noise, tuple) else (0.5 * noise, 1.5 * noise)
    errors = draw.uniform(low, high, (len(groups), total))
    week = draw.normal(size=(len(groups), 7))[:, np.arange(total) % 7]
    values = 5 + week + standard(total, groups, seed=seed, tie=tie) + np.sqrt(errors) * draw.normal(size=errors.shape)
    for index, size in (shift or {}).items():
        end = None if until is None else reference + until
        values[index, reference + at : end] += size * np.sqrt(1 + (low + high) / 2)
    values[draw.uniform(size=values.shape) < missing] = np.nan
    return [_stream(k, group, values[k], errors[k]) for k, group in enumerate(groups)]


def _stream(index: int, group: Group, values: np.ndarray, noise: np.ndarray) -> Stream:
    side = "up" if group in UP else "both"
    return Stream(KINDS.get(group, "drift"), f"{group}_{index}", group, values, noise, side=side)


def moment(tested: int, total: int = 30) -> datetime:
    """The beginning of a tested day of a world that ends at END."""
    return END - timedelta(days=total - tested)
