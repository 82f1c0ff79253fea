"""Quality and performance of a window, and measures as rows of a table."""

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
from monitoring.quality import quality
from monitoring.season import hours, same_weekdays
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


def posts(window, rows, topics=("a", "b"), late_hours=1.0):
    step = (window.end - window.start) / max(rows, 1)
    published = pd.Series(pd.to_datetime([window.start + step * i for i in range(rows)], utc=True))
    return pd.DataFrame(
        {
            "text": "hello",
            "platform": "reddit",
            "topic": [topics[i % len(topics)] for i in range(rows)],
            "author": [None if i % 2 else "x" for i in range(rows)],
            "published_at": published,
            "first_known_at": published + timedelta(hours=late_hours),
        }
    )


def found(current, window=WEEK, reference=None, **options):
    reference = posts(BEFORE, 4_000) if reference is None else reference
    got = quality(
        reference, current, SETTINGS, reference_window=BEFORE, window=window, categories=("topic",), **options
    )
    return {(m.name, m.slice): m for m in got}


def alarms(measures):
    return {key for key, m in measures.items() if m.alarm}


def test_a_usual_week_is_fit():
    measures = found(posts(WEEK, 1_000))
    assert alarms(measures) == set()
    assert measures["rows_share", "all"].value == pytest.approx(1)
    assert measures["null_share", "author"].value == pytest.approx(0.5)


def test_an_outage_alarms_below_a_tenth_of_the_usual_rows():
    assert alarms(found(posts(WEEK, 101))) == set()
    assert alarms(found(posts(WEEK, 99))) == {("rows_share", "all")}


def test_a_window_without_rows_is_an_outage_and_nothing_else():
    assert alarms(found(posts(WEEK, 0))) == {("rows_share", "all")}


def test_a_reference_without_rows_judges_nothing():
    measures = found(posts(WEEK, 500), reference=posts(BEFORE, 0))
    assert not any(m.judged for m in measures.values() if m.name not in ("quarantined_share", "null_share"))
    assert alarms(measures) == set()


def test_a_weekend_is_held_against_weekends():
    reference = posts(BEFORE, 8_000)
    reference = reference[(reference["published_at"].dt.weekday < 5) | (reference.index % 5 == 0)]
    weekend = Window(utc("2012-04-07"), utc("2012-04-09"))
    share = found(posts(weekend, 114), weekend, reference)["rows_share", "all"].value
    assert share == pytest.approx(1, abs=0.02)
    assert hours(BEFORE, weekend) == 4 * 48
    assert set(same_weekdays(reference, weekend)["published_at"].dt.weekday) == {5, 6}
    assert len(same_weekdays(reference, WEEK)) == len(reference)


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_a_key_column_gone_empty_alarms(empty):
    assert alarms(found(posts(WEEK, 1_000).assign(text=empty))) == {("null_share", "text")}


def test_a_key_column_that_vanished_alarms():
    assert alarms(found(posts(WEEK, 1_000).drop(columns="topic"))) == {("null_share", "topic")}


def test_a_column_that_is_no_key_may_go_empty():
    assert alarms(found(posts(WEEK, 1_000).assign(author=None))) == set()


def test_new_topics_alarm_and_the_usual_novelty_does_not():
    names = [f"t{i}" for i in range(40)]
    reference = posts(BEFORE, 4_000).assign(topic=lambda rows: [f"t{i // 100}" for i in range(len(rows))])
    fresh = posts(WEEK, 1_000, topics=[f"n{i}" for i in range(9)])
    assert alarms(found(fresh, reference=posts(BEFORE, 4_000, topics=names))) == {("unseen_share", "topic")}
    assert alarms(found(fresh, reference=reference)) == set()


def test_late_posts_alarm():
    assert alarms(found(posts(WEEK, 1_000, late_hours=3.9))) == set()
    assert alarms(found(posts(WEEK, 1_000, late_hours=4.1))) == {("lateness_hours", "all")}


def test_quarantined_rows_alarm_from_a_tenth_of_what_arrived():
    assert alarms(found(posts(WEEK, 1_000), quarantined={"b1": 60, "b2": 40})) == set()
    measures = found(posts(WEEK, 1_000), quarantined={"b1": 80, "b2": 40})
    assert alarms(measures) == {("quarantined_share", "all")}
    assert measures["quarantined_share", "all"].rows == 1_120


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
