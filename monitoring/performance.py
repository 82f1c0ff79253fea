"""How good is the champion on the rows whose labels have come? Calculated, never estimated."""

import math

import numpy as np
from pandas import DataFrame

from models.evaluate import MIN_ROWS
from models.intervals import Draw, Interval, blocks_of
from models.spec import Model
from monitoring.measures import ALL, Measure
from trimtab.settings import Monitoring

LOSS = "mean_loss"  # the mean of model.losses, which decides; the model's own metrics are shown beside it
RISE = "loss_rise"
RESAMPLES = 1_000


def performance(
    model: Model,
    rows: DataFrame,
    predictions: DataFrame,
    reference: Interval | None,
    settings: Monitoring,
    *,
    seed: int = 0,
) -> tuple[Measure, ...]:
    """Measures of kind `performance` on mature rows with target; `predictions` has their index.

    mean_loss, mean_loss_low, mean_loss_high   with the ends of its interval at settings.confidence
    loss_rise, loss_rise_low, loss_rise_high   over `reference`, as a share of it
    and one for each of model.metrics          shown, never an alarm

    loss_rise alarms when the rise is at least settings.loss_rise_share and its lower end is above 0.
    `reference` is what `mean_loss` said of the rows the champion was validated on; without one, or with
    fewer than settings.min_rows rows, the rise is not judged.
    """
    loss = mean_loss(model, rows, predictions, settings, seed=seed)
    if loss is None:
        return tuple(_shown(name, math.nan, len(rows)) for name in (LOSS, RISE))
    return (
        *_ends(LOSS, loss, len(rows)),
        *_rise(loss, reference, settings, len(rows)),
        *(_shown(name, value, len(rows)) for name, value in model.metrics(rows, predictions).items()),
    )


def mean_loss(
    model: Model, rows: DataFrame, predictions: DataFrame, settings: Monitoring, *, seed: int = 0
) -> Interval | None:
    """The mean loss, whole days drawn for its interval, or None on fewer than settings.min_rows rows.

    None also where a loss is not a number: what was not scored cannot be judged.
    """
    if len(rows) < max(settings.min_rows, MIN_ROWS):
        return None
    losses = np.asarray(model.losses(rows, predictions), dtype=float)
    if not np.isfinite(losses).all():
        return None
    draw = Draw(np.random.default_rng(seed), RESAMPLES, settings.confidence)
    return draw.mean(losses, blocks_of(rows))


def rise(loss: Interval, reference: Interval) -> Interval:
    """Loss over reference minus 1, with the ends of both intervals carried through.

    The method of variance estimates recovery for a difference of independent estimates (Zou and Donner,
    Statistics in Medicine 2008), then as a share of the reference.
    """
    gap = loss.value - reference.value
    low = gap - math.hypot(loss.value - loss.low, reference.high - reference.value)
    high = gap + math.hypot(loss.high - loss.value, reference.value - reference.low)
    return Interval(gap / reference.value, low / reference.value, high / reference.value)


def _rise(loss: Interval, reference: Interval | None, settings: Monitoring, rows: int) -> tuple[Measure, ...]:
    if reference is None or not reference.value > 0:
        return (_shown(RISE, math.nan, rows),)
    rose = rise(loss, reference)
    alarm = rose.value >= settings.loss_rise_share and rose.low > 0
    head = Measure("performance", RISE, ALL, rose.value, settings.loss_rise_share, alarm, rows)
    return head, *_ends(RISE, rose, rows)[1:]


def _ends(name: str, interval: Interval, rows: int) -> tuple[Measure, ...]:
    parts = (name, interval.value), (f"{name}_low", interval.low), (f"{name}_high", interval.high)
    return tuple(_shown(part, value, rows) for part, value in parts)


def _shown(name: str, value: float, rows: int) -> Measure:
    return Measure("performance", name, ALL, value, math.nan, False, rows)
