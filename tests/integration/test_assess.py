"""Evidence on a champion and what is decided from it, put together from a history; bad input among it."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from models.history import History
from monitoring.assess import assess, open_book
from monitoring.column_measures import columns_of, with_losses
from monitoring.decide import decide
from tests.tiny_history import END, MODEL, TRAINED, WEEK, Learned, Said, history, serving, since
from trimtab.settings import Monitoring, Settings, Training

SETTINGS = Settings(training=Training(min_rows=50, fresh_days=7), monitoring=Monitoring(min_rows=50))
MOVED = END - timedelta(days=14)
CALM = history()


def decided(past=CALM, serves=None, model=MODEL):
    return decide(assess(model, past, serves or serving(), WEEK, SETTINGS), SETTINGS)


def learned(past):
    version = Learned(past)
    return serving(version, files=version.files)


def with_previous(error):
    return serving(Said("2", error), previous=Said("1"), promoted_at=TRAINED)


@pytest.mark.parametrize("error", [0.5, 50.0])
def test_a_champion_worse_than_the_version_before_it_on_the_same_rows_is_rolled_back(error):
    assert decided(serves=with_previous(error)).action == "rollback"


def test_a_champion_that_gives_no_numbers_is_rolled_back():
    decision = decided(serves=with_previous(float("nan")))
    assert decision.action == "rollback"
    assert "not numbers" in str(decision)


def test_an_equal_champion_stays():
    assert decided(serves=with_previous(0.0)).action == "none"


def test_a_world_that_answers_otherwise_is_learned_anew_on_the_posts_since():
    past = history(
        lambda rows: rows.assign(target=rows["target"] - since(rows, MOVED) * (rows["text_chars"] - 100) / 50)
    )
    decision = decided(past, learned(past))
    assert decision.action == "retrain"
    assert abs(decision.since - MOVED) <= timedelta(days=3) and decision.cut > decision.since
    assert {decision.evidence["since"], decision.evidence["cut"]} == {
        decision.since.isoformat(),
        decision.cut.isoformat(),
    }


def test_a_level_that_moved_is_mended_by_a_new_calibrator():
    past = history(lambda rows: rows.assign(target=rows["target"] + 1.5 * since(rows, MOVED)))
    assert decided(past, learned(past)).action == "recalibrate"


def test_the_posts_to_come_are_counted_as_the_newest_weeks_had_them_not_as_the_reference_did():
    rows = CALM.posts.reset_index(drop=True)
    thin = rows[(since(rows, TRAINED) == 1) | (rows.index % 5 == 0)]
    seen = assess(MODEL, replace(CALM, posts=thin), serving(), WEEK, SETTINGS, looks_at=frozenset({"evidence"}))
    assert seen.posts_per_day == pytest.approx((21 * 50 + 7 * 10) / 28, rel=0.1)


def test_a_feature_that_moves_and_costs_nothing_is_named_and_left_alone():
    past = replace(CALM, posts=CALM.posts.assign(text_chars=CALM.posts["text_chars"] * (1 + since(CALM.posts, MOVED))))
    decision = decided(past)
    assert decision.action == "none"
    assert "text_chars moved since 2012-06-" in str(decision)


def only(kept, past=CALM):
    posts = past.posts[kept(past.posts)].reset_index(drop=True)
    known = past.outcomes["post_id"].isin(posts["post_id"])
    return History(posts, past.outcomes[known].reset_index(drop=True))


def in_window(rows):
    return since(rows, WEEK.start)


def labels(change, past=CALM):
    return replace(past, outcomes=change(past.outcomes))


def feature(values, past=CALM):
    return replace(past, posts=past.posts.assign(topic_mean_28d=values(past.posts)))


def stuck(rows):
    return rows.assign(target=np.where(rows["label_known_at"] >= pd.Timestamp(WEEK.start), 2.0, rows["target"]))


def twice(rows):
    other = rows.assign(target=4 - rows["target"], label_known_at=rows["label_known_at"] + timedelta(hours=1))
    return pd.concat([rows, other]).sort_values("label_known_at", kind="stable").reset_index(drop=True)


ONE = CALM.posts.loc[in_window(CALM.posts), "post_id"].iloc[0]
BAD = {
    "no rows": (only(lambda rows: ~in_window(rows)), "quarantine", "no posts came"),
    "one row": (
        only(lambda rows: ~in_window(rows) | (rows["post_id"] == ONE)),
        "quarantine",
        "only 0.3 % of the usual posts arrived (1)",
    ),
    "no labels": (labels(lambda rows: rows.iloc[:0]), "none", "the loss could not be judged (no mature posts)"),
    "labels stopped": (
        labels(lambda rows: rows[rows["label_known_at"] < pd.Timestamp(WEEK.start)]),
        "none",
        "the loss could not be judged (no mature posts)",
    ),
    "all labels one class from now on": (labels(stuck), "quarantine", "every one of 356 labels is 2"),
    "all labels one class": (labels(lambda rows: rows.assign(target=2.0)), "none", "all 356 labels say the same"),
    "a constant column": (feature(lambda rows: 2.0), "none", "within what days differ by"),
    "a constant column that varies now": (
        feature(lambda rows: rows["topic_mean_28d"].where(in_window(rows), 2.0)),
        "none",
        "the reference has a single value of topic_mean_28d",
    ),
    "infinite values": (
        feature(lambda rows: rows["topic_mean_28d"].where(~in_window(rows), np.inf)),
        "quarantine",
        "topic_mean_28d went empty",
    ),
    "infinite predictions": (
        replace(CALM, posts=CALM.posts.assign(truth=CALM.posts["truth"].where(~in_window(CALM.posts), np.inf))),
        "none",
        "losses are not numbers",
    ),
    "a reference of ten days": (
        only(lambda rows: since(rows, TRAINED - timedelta(days=10))),
        "none",
        "the reference has posts on 10 days, and drift is judged from 14 on",
    ),
    "no reference": (only(lambda rows: since(rows, TRAINED)), "none", "the reference has posts on 0 days"),
    "a feature that appears": (
        feature(lambda rows: rows["topic_mean_28d"].where(in_window(rows))),
        "none",
        "the reference never had topic_mean_28d",
    ),
    "a feature that disappears": (
        feature(lambda rows: rows["topic_mean_28d"].where(~in_window(rows))),
        "quarantine",
        "topic_mean_28d went empty",
    ),
    "labels that contradict themselves": (labels(twice), "none", "356 posts have labels that contradict each other"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_could_not_be_judged_is_said_and_nothing_is_retrained_because_of_it(name):
    past, action, words = BAD[name]
    decision = decided(past)
    assert decision.action == action
    assert words in str(decision)
    assert str(decision).count(". ") == 0, "one sentence"


@pytest.mark.parametrize("name", BAD)
def test_what_is_shown_of_bad_input_raises_nothing_and_agrees_with_the_alarm(name):
    past = BAD[name][0]
    book = open_book(MODEL, past, serving(), WEEK, SETTINGS)
    evidence = assess(MODEL, past, serving(), WEEK, SETTINGS, book=book)
    shown = [column.measure for column in columns_of(book, WEEK, evidence.alarm)]
    assert [m.name for m in shown] == ["text_chars", "topic_mean_28d", "value", "target"]
    told = with_losses(evidence.measures, book, WEEK, evidence.alarm)
    raised = evidence.alarm is not None and evidence.alarm.raised
    assert raised or not any(m.alarm for m in (*told, *shown) if m.kind != "quality")


def test_a_label_that_is_one_class_where_it_always_was_is_nothing_broken():
    rare = labels(lambda rows: rows.assign(target=np.where(rows.index % 100 == 0, 1.0, 0.0)))
    assert decided(rare).action == "none"


def test_the_numbers_that_a_person_is_shown_are_those_of_the_alarm():
    past = history(lambda rows: rows.assign(text_chars=rows["text_chars"] * (1 + since(rows, MOVED))))
    book = open_book(MODEL, past, serving(), WEEK, SETTINGS)
    evidence = assess(MODEL, past, serving(), WEEK, SETTINGS, book=book, looks_at=frozenset({"evidence"}))
    shown = {column.measure.name: column for column in columns_of(book, WEEK, evidence.alarm)}
    top = evidence.alarm.streams[0]
    moved, calm = shown["text_chars"].measure, shown["topic_mean_28d"].measure
    assert evidence.alarm.raised and top.name == "text_chars"
    assert (moved.spent, moved.surprise, moved.alarm) == (top.spent, top.surprise, True)
    assert moved.value > moved.threshold >= moved.usual and moved.stock.startswith("drift: Wasserstein")
    assert calm.value <= 1.5 * calm.threshold and not calm.alarm
    assert shown["text_chars"].now.sum() == evidence.rows == moved.rows


def test_the_loss_that_is_shown_is_the_one_in_the_sentence():
    book = open_book(MODEL, CALM, serving(), WEEK, SETTINGS)
    evidence = assess(MODEL, CALM, serving(), WEEK, SETTINGS, book=book)
    told = with_losses(evidence.measures, book, WEEK, evidence.alarm)
    (loss,) = [m for m in told if m.name == "mean_loss"]
    (finding,) = evidence.alarm.of("loss")
    said = (loss.value / loss.usual - 1) * 100
    assert f"{said:.1f} %" in str(decide(evidence, SETTINGS))
    assert (loss.surprise, loss.spent) == (finding.surprise, finding.spent)
    parts = {(m.name, m.slice): m for m in told if m.kind == "performance"}
    whole = [parts["length", part] for part in ("long", "short")]
    assert sum(m.value * m.rows for m in whole) / loss.rows == pytest.approx(loss.value)
    assert {m.name for m in told if m.kind == "calibration"} == {"bias", "coverage"}
