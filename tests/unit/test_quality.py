"""Is the data of a window broken? Held against how much the days of the reference differ among themselves."""

import time
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.broken import BROKEN
from monitoring.quality import judge_quality, prepare_quality, quality_gaps
from trimtab.windows import Window, utc

BEFORE = Window(utc("2012-03-05"), utc("2012-04-30"))  # 8 weeks
DAY = Window(utc("2012-05-03"), utc("2012-05-04"))  # a Thursday
WEEK = Window(utc("2012-05-03"), utc("2012-05-10"))
COLUMNS = ("text", "platform", "topic", "link_domain", "chars", "score", "topic_mean_28d", "published_at")


def posts(window, a_day=400, seed=0, day_sd=0.15, rows=None):
    """Posts of a window, more or fewer a day and half of them at weekends, with what a model reads."""
    draw = np.random.default_rng(seed)
    moments = []
    for number in range((window.end - window.start) // timedelta(days=1)):
        day = pd.Timestamp(window.start + timedelta(days=number))
        usual = a_day * np.exp(draw.normal(0, day_sd)) * (0.5 if day.weekday() > 4 else 1)
        here = np.sort(draw.integers(0, 86_400, int(usual) if rows is None else rows))
        moments.append(day + pd.to_timedelta(here, unit="s"))
    at = pd.DatetimeIndex(np.concatenate(moments)).tz_localize(None).tz_localize("UTC").as_unit("us")
    n = len(at)
    return pd.DataFrame(
        {
            "event_timestamp": at,
            "published_at": at - timedelta(hours=1),
            "text": "hello",
            "platform": draw.choice(["reddit", "forum"], n),
            "topic": draw.choice(["a", "b", "c"], n),
            "author": draw.choice([f"u{i}" for i in range(3_000)], n),
            "link_domain": np.where(draw.random(n) < 0.3, None, "example.org"),
            "chars": np.exp(draw.normal(3, 2, n)).astype(int),
            "score": draw.normal(0, 1, n),
            "topic_mean_28d": np.where(draw.random(n) < 0.05, np.nan, draw.normal(2, 0.5, n)),
        }
    )


REFERENCE = posts(BEFORE, seed=1)


def outcomes(rows, factor=1, on=("reddit", "forum"), seed=0):
    counts = np.floor(np.exp(np.random.default_rng(seed).normal(1, 2, len(rows))))
    target = np.log1p(counts * np.where(rows["platform"].isin(on), factor, 1))
    return rows[["platform"]].assign(target=target, label_known_at=rows["event_timestamp"])


def prepared(reference=REFERENCE, **more):
    options = {"matured": outcomes(reference) if len(reference) else None, "categories": ("topic",)}
    return prepare_quality(reference, BEFORE, COLUMNS, **options | more)


USUAL = prepared()


def judged(current, window=DAY, usual=USUAL, **options):
    options = {"matured": outcomes(current, seed=9)} | options if len(current) else options
    return {(m.name, m.slice): m for m in judge_quality(usual, current, window, **options)}


def alarms(measures):
    return {key for key, m in measures.items() if m.alarm}


def later(window, **more):
    return posts(window, seed=7, **more)


def test_usual_days_and_weeks_are_fit():
    for seed in range(30):
        day = DAY.start + timedelta(days=seed)
        assert alarms(judged(posts(Window(day, day + timedelta(days=1)), seed=seed + 50))) == set()
    for seed in range(10):
        assert alarms(judged(posts(WEEK, seed=seed + 90), WEEK)) == set()


def test_a_holiday_is_no_outage_and_most_hours_without_posts_are():
    share = judged(later(DAY, a_day=240, day_sd=0))["rows_share", "all"]
    assert share.value == pytest.approx(0.6, abs=0.1) and not share.alarm
    morning = later(DAY)
    morning = morning[morning["event_timestamp"].dt.hour < 7]
    assert alarms(judged(morning)) == {("rows_share", "all")}


def test_an_empty_window_is_an_outage_of_a_steady_stream():
    measures = judged(later(DAY)[:0])
    assert alarms(measures) == {("rows_share", "all")}
    assert quality_gaps(USUAL, 0, list(measures.values())) == ()


@pytest.mark.parametrize("days", [{0, 3}, {0, 1, 2, 3, 4}], ids=["bursts", "rests at weekends"])
def test_a_source_that_is_silent_on_some_days_has_no_outage(days):
    usual = prepared(REFERENCE[REFERENCE["event_timestamp"].dt.weekday.isin(days)])
    measures = judged(later(DAY)[:0], usual=usual)
    assert alarms(measures) == set()
    assert quality_gaps(usual, 0, list(measures.values())) == ("no posts came in this window",)


def test_an_outage_in_the_reference_hides_the_next_one_only_until_its_window_is_blocked():
    lost = Window(utc("2012-04-10"), utc("2012-04-11"))
    at = REFERENCE["event_timestamp"]
    reference = REFERENCE[(at < pd.Timestamp(lost.start)) | (at >= pd.Timestamp(lost.end))]
    assert alarms(judged(later(DAY)[:0], usual=prepared(reference))) == set()
    usual = prepared(reference, blocked=[lost])
    assert alarms(judged(later(DAY)[:0], usual=usual)) == {("rows_share", "all")}


def test_an_audience_that_left_over_months_is_no_outage():
    few = later(DAY, a_day=100)
    month = posts(Window(DAY.start - timedelta(days=28), DAY.start), a_day=110, seed=3)["event_timestamp"]
    assert alarms(judged(few)) == {("rows_share", "all")}
    assert alarms(judged(few, recent=month)) == set()
    gone = judged(few[:0], recent=month)
    assert alarms(gone) == {("rows_share", "all")}


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_a_column_gone_empty_is_broken(empty):
    assert alarms(judged(later(DAY).assign(text=empty))) == {("null_share", "text")}


def test_numbers_that_are_infinite_count_as_nulls():
    assert alarms(judged(later(DAY).assign(score=np.inf))) == {("null_share", "score")}


def test_a_column_that_vanished_is_broken_and_one_mostly_empty_may_vanish():
    assert alarms(judged(later(DAY).drop(columns="topic"))) == {("null_share", "topic")}
    reference = REFERENCE.assign(link_domain=REFERENCE["link_domain"].where(REFERENCE.index % 3 == 0))
    assert alarms(judged(later(DAY).assign(link_domain=None), usual=prepared(reference))) == set()


def test_a_column_that_appears_is_not_judged_and_said():
    usual = prepared(REFERENCE.assign(score=np.nan))
    measures = judged(later(DAY), usual=usual)
    assert not measures["null_share", "score"].judged and alarms(measures) == set()
    assert quality_gaps(usual, 400, list(measures.values())) == ("the reference never had score",)


def test_a_column_that_was_never_filled_and_still_is_not_is_no_news():
    usual = prepared(REFERENCE.assign(score=np.nan))
    measures = judged(later(DAY).assign(score=np.nan), usual=usual)
    assert quality_gaps(usual, 400, list(measures.values())) == () and alarms(measures) == set()


def test_nulls_that_the_reference_days_had_too_are_nothing_new():
    night = REFERENCE["event_timestamp"].dt.day == 14
    usual = prepared(REFERENCE.assign(score=REFERENCE["score"].where(~night | (REFERENCE.index % 3 > 0))))
    current = later(DAY)
    holed = current.assign(score=current["score"].where(current.index % 2 == 0))
    assert alarms(judged(holed)) == {("null_share", "score")}
    assert alarms(judged(holed, usual=usual)) == set()


def test_new_topics_without_a_past_are_not_broken_and_lost_pasts_are():
    current = later(DAY)
    fresh = current.index % 2 == 0
    holed = current.assign(topic_mean_28d=current["topic_mean_28d"].where(~fresh))
    assert alarms(judged(holed)) == {("null_share", "topic_mean_28d")}
    assert alarms(judged(holed.assign(topic=current["topic"].where(~fresh, "brand new")))) == set()


def test_one_broken_day_of_a_week_is_named():
    week = later(WEEK)
    broken = week["event_timestamp"].dt.day == 8
    measures = judged(week.assign(topic=week["topic"].where(~broken)), WEEK)
    assert alarms(measures) == {("null_share", "topic on 2012-05-08")}


def test_a_change_of_unit_is_broken_in_features_and_in_outcomes():
    current = later(DAY)
    measures = judged(current.assign(chars=current["chars"] * 1000))
    assert alarms(measures) == {("unit_factor", "chars")}
    assert 300 < measures["unit_factor", "chars"].value < 3000
    assert alarms(judged(current.assign(chars=current["chars"] * 5))) == set()
    found = judged(current, matured=outcomes(current, factor=1000))
    assert ("unit_factor", "target") in alarms(found)
    assert alarms(judged(current, matured=outcomes(current, factor=5))) == set()


def test_a_change_of_unit_on_one_platform_is_seen():
    current = later(DAY)
    few = current.assign(platform=np.where(current.index % 5 == 0, "forum", "reddit"))
    assert alarms(judged(few, matured=outcomes(few, 1000, on=("forum",)))) == {("unit_factor", "target on forum")}


def test_the_unit_factor_is_the_callers():
    current = later(DAY)
    assert alarms(judged(current.assign(chars=current["chars"] * 15), unit_factor=8)) == {("unit_factor", "chars")}


def test_a_flood_from_few_authors_is_broken_and_a_small_circle_is_not():
    current = later(DAY)
    flooded = current.assign(author=current["author"].where(current.index % 2 == 0, "spam"))
    assert alarms(judged(flooded)) == {("top_authors_share", "all")}
    circle = prepared(REFERENCE.assign(author=[f"u{i % 12}" for i in range(len(REFERENCE))]))
    assert alarms(judged(flooded.assign(author=[f"u{i % 8}" for i in range(len(flooded))]), usual=circle)) == set()
    assert not judged(current.assign(author=None))["top_authors_share", "all"].judged


def test_new_topics_and_late_posts_are_shown_and_decide_nothing():
    current = later(DAY)
    late = current.assign(topic="new", published_at=current["published_at"] - timedelta(hours=9))
    measures = judged(late)
    assert alarms(measures) == set()
    for name in (("unseen_share", "topic"), ("lateness_hours", "all")):
        assert measures[name].value > measures[name].threshold
        assert name[0] not in BROKEN


def test_quarantined_rows_alarm_from_a_tenth_of_what_arrived():
    current = later(DAY, rows=900)
    assert alarms(judged(current, quarantined={"b1": 60, "b2": 39})) == set()
    measures = judged(current, quarantined={"b1": 61, "b2": 39})
    assert alarms(measures) == {("quarantined_share", "all")}
    assert measures["quarantined_share", "all"].rows == 1_000


@pytest.mark.parametrize("rows", [0, 1, 29])
def test_few_rows_are_not_judged_for_what_is_in_them(rows):
    measures = judged(later(DAY).head(rows).assign(text=None, chars=10**9, author="x"), matured=None)
    assert alarms(measures) <= {("rows_share", "all")}
    if rows:
        assert quality_gaps(USUAL, rows, list(measures.values()))[0].startswith(f"only {rows} post")


def test_a_reference_without_rows_or_of_a_few_days_judges_nothing():
    for reference in (REFERENCE[:0], REFERENCE.tail(900)):
        usual = prepared(reference)
        measures = judged(later(DAY).assign(text=None), usual=usual)
        assert alarms(measures) == set()
        assert quality_gaps(usual, 400, list(measures.values()))[0].startswith("the reference has only")


@settings(max_examples=15, deadline=None)
@given(st.permutations(COLUMNS), st.integers(0, 5))
def test_neither_the_order_of_columns_nor_that_of_rows_matters(order, seed):
    current = later(DAY).assign(text=None)
    usual = prepare_quality(REFERENCE[[*order, "author", "event_timestamp"]], BEFORE, order)
    shuffled = current.sample(frac=1, random_state=seed)
    assert {m for m in judge_quality(usual, shuffled, DAY) if m.judged} == {
        m for m in judge_quality(prepare_quality(REFERENCE, BEFORE, COLUMNS), current, DAY) if m.judged
    }


def test_a_thousand_posts_of_thirty_columns_take_milliseconds():
    wide = {f"n{i}": 1.0 + i for i in range(25)}
    reference, current = posts(BEFORE, a_day=1000).assign(**wide), posts(DAY, a_day=1000).assign(**wide)
    usual = prepare_quality(reference, BEFORE, [*COLUMNS, *wide])
    began = time.perf_counter()
    for _ in range(20):
        judge_quality(usual, current, DAY)
    assert (time.perf_counter() - began) / 20 < 0.05, "5 ms where nothing else runs"
