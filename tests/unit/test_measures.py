"""Performance of a window, and measures as rows of a table."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from models.intervals import Interval
from models.spec import Model
from monitoring.measures import Measure, to_table, unjudged
from monitoring.performance import mean_loss, performance, rise
from trimtab.posts import MEASURES
from trimtab.settings import Monitoring
from trimtab.windows import Window, utc

SETTINGS = Monitoring(min_rows=100, loss_rise_share=0.1, confidence=0.95)
BEFORE = Window(utc("2012-03-05"), utc("2012-04-02"))
WEEK = Window(utc("2012-04-02"), utc("2012-04-09"))

MODEL = Model(
    name="tiny",
    service="tiny",
    target="count",
    features=(),
    scoring="",
    fit=lambda rows, settings: None,
    losses=lambda rows, predictions: (rows["target"] - predictions["value"]).abs().to_numpy(),
    metrics=lambda rows, predictions: {"mae": float((rows["target"] - predictions["value"]).abs().mean())},
    headline="mae",
    slices=lambda rows: rows[[]],
)


def labelled(rows=1_400, loss=0.5, days=7, seed=0, day_sd=0.0):
    draw = np.random.default_rng(seed)
    at = pd.to_datetime([utc("2012-04-01") + timedelta(days=days) * (i / rows) for i in range(rows)], utc=True)
    day = (at - at[0]).days.to_numpy()
    error = loss * np.exp(draw.normal(0, day_sd, days))[day] * draw.exponential(1, rows)
    frame = pd.DataFrame({"event_timestamp": at, "target": error})
    return frame, pd.DataFrame({"value": np.zeros(rows)}, index=frame.index)


def judged(reference, **options):
    return {m.name: m for m in performance(MODEL, *labelled(**options), reference, SETTINGS)}


def test_a_loss_that_rose_alarms_and_one_that_did_not_is_quiet():
    reference = mean_loss(MODEL, *labelled(loss=0.5, days=14, seed=9), SETTINGS)
    assert not judged(reference)["loss_rise"].alarm
    rose = judged(reference, loss=0.65, seed=1)
    assert rose["loss_rise"].alarm
    assert 0 < rose["loss_rise_low"].value < rose["loss_rise"].value < rose["loss_rise_high"].value
    assert rose["loss_rise"].value == pytest.approx(0.3, abs=0.1)


def test_a_sure_rise_below_the_share_is_no_alarm():
    rose = judged(Interval(0.5, 0.499, 0.501), rows=40_000, loss=0.53)
    assert rose["loss_rise_low"].value > 0
    assert not rose["loss_rise"].alarm


def test_days_that_differ_among_themselves_widen_the_interval():
    def width(sd):
        got = judged(None, day_sd=sd, loss=0.5)
        return got["mean_loss_high"].value - got["mean_loss_low"].value

    assert width(0.3) > 2 * width(0.0)


def test_a_wobble_of_days_rarely_looks_like_a_rise():
    reference = Interval(0.5, 0.48, 0.52)
    false = sum(judged(reference, day_sd=0.05, seed=seed)["loss_rise"].alarm for seed in range(60))
    assert false <= 2


def test_the_models_own_metrics_are_shown_beside_the_loss_and_never_alarm():
    got = judged(Interval(0.1, 0.1, 0.1))
    assert got["mae"].value == pytest.approx(got["mean_loss"].value)
    assert not got["mae"].alarm and math.isnan(got["mae"].threshold)


@pytest.mark.parametrize("rows", [0, 1, 99])
def test_few_labels_are_not_judged(rows):
    got = (
        judged(Interval(0.5, 0.4, 0.6), rows=rows)
        if rows
        else {m.name: m for m in performance(MODEL, pd.DataFrame(), pd.DataFrame(), Interval(0.5, 0.4, 0.6), SETTINGS)}
    )
    assert not any(m.judged or m.alarm for m in got.values())


def test_without_a_reference_the_loss_is_shown_and_the_rise_not_judged():
    got = judged(None)
    assert got["mean_loss"].judged and not got["loss_rise"].judged


def test_a_loss_that_is_not_a_number_is_not_judged():
    rows, predictions = labelled()
    predictions.loc[3, "value"] = np.nan
    assert not any(m.judged for m in performance(MODEL, rows, predictions, Interval(0.5, 0.4, 0.6), SETTINGS))


def test_labels_of_one_day_are_judged_by_the_hour():
    assert judged(Interval(0.5, 0.4, 0.6), days=1)["loss_rise"].judged


def test_the_rise_carries_the_doubt_of_both_sides():
    sure, unsure = (rise(Interval(0.6, 0.58, 0.62), Interval(0.5, 0.5 - d, 0.5 + d)) for d in (0.0, 0.2))
    assert (sure.value, sure.low, sure.high) == pytest.approx((0.2, 0.16, 0.24))
    assert unsure.value == sure.value and unsure.low < 0 < sure.low


def test_measures_become_rows_of_their_table():
    seen = Measure("drift", "text", "all", 0.2, 0.1, True, 10)
    table = to_table([seen, unjudged("drift", "x", 0)], model="m", version="1", window=WEEK, as_of=WEEK.end)
    assert table.schema == MEASURES
    assert table["value"].to_pylist() == [0.2, None]
    assert table["alarm"].to_pylist() == [True, False]
    assert not replace(seen, value=math.nan).judged
