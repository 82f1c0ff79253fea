"""The look on worlds whose truth is known: what moved decides which candidate gains."""

from dataclasses import replace
from datetime import timedelta
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame

from models.bundle import scorer_of
from models.evaluate import compare
from models.gain import judged_rows, look
from models.intervals import RUNS, finer_blocks
from models.spec import FitSettings, Fitted
from models.train import split_fresh, unseen
from tests.tiny_model import MODEL, fit, frame
from trimtab.settings import Training
from trimtab.windows import utc

START = utc("2012-04-01")
TRAINED, CHANGED, AS_OF = (START + timedelta(days=day) for day in (30, 40, 60))
HORIZON = timedelta(hours=48)
TRAINING = Training(min_rows=100)


def world(shift: float = 0.0, offset: float = 0.0, rows: int = 6000) -> DataFrame:
    """60 days; from CHANGED on the topic means less by `shift` and every post gets `offset` more."""
    before, after = frame(rows, days=60, seed=3), frame(rows, days=60, seed=3, shift=shift)
    moved = before["event_timestamp"] >= CHANGED
    made = before.assign(target=before["target"].where(~moved, after["target"] + offset))
    return made.assign(label_known_at=made["event_timestamp"] + HORIZON)


def known(rows: DataFrame) -> DataFrame:
    return rows[rows["label_known_at"] <= AS_OF].reset_index(drop=True)


@cache
def champion_files() -> dict[str, bytes]:
    rows = world()
    return fit(rows[rows["label_known_at"] < TRAINED - timedelta(days=7)], FitSettings()).files


def looked(rows: DataFrame, changed_at=CHANGED, model=MODEL, champion=None, **more):
    about = {"as_of": AS_OF, "trained_at": TRAINED, "training": TRAINING, "fit": FitSettings(), "confidence": 0.95}
    serving = champion or scorer_of(model.scoring, champion_files())
    return look(model, known(rows), serving, champion_files(), changed_at=changed_at, **about | more)


class Silent:
    """A version that gives no numbers."""

    def predict(self, rows):
        return DataFrame(np.nan, index=rows.index, columns=["value", "low", "high"])


def test_in_a_quiet_world_nothing_gains_more_than_chance():
    found = looked(world(), changed_at=None)
    assert {gain.action for gain in found.gains} == {"recalibrate", "retrain"}
    assert all(abs(gain.per_post.value) < 0.01 for gain in found.gains)
    assert found.champion_loss == pytest.approx(0.3, abs=0.03)  # 0.24 of it is noise


def test_where_only_the_level_moved_recalibrating_gains_nearly_all():
    found = looked(world(offset=0.5))
    recalibrated, retrained = found.best("recalibrate"), found.best("retrain")
    assert recalibrated.per_post.low > 0.1
    assert recalibrated.per_post.value > 0.9 * retrained.per_post.value


def test_where_the_relation_moved_retraining_since_the_change_gains_most():
    found = looked(world(shift=1.5))
    best = max(found.gains, key=lambda gain: gain.per_post.value)
    assert (best.action, best.since) == ("retrain", CHANGED)
    assert best.per_post.low > found.best("recalibrate").per_post.high


def test_a_look_after_a_change_judges_every_day_of_the_new_world_that_the_champion_did_not_learn():
    found = looked(world(shift=0.5))
    new = unseen(known(world()), TRAINED, TRAINING)[lambda rows: rows["event_timestamp"] >= CHANGED]
    assert found.rows == len(new)
    assert found.cut >= CHANGED


def test_a_candidate_of_the_new_world_is_judged_on_days_that_it_did_not_learn():
    fitted = []

    def spying(rows, settings):
        fitted.append(set(rows["post_id"]))
        return fit(rows, settings)

    found = looked(world(shift=0.5), model=replace(MODEL, fit=spying, recalibrate=None))
    everything, *folds = fitted
    assert len(folds) == 2  # of three weeks
    new = set.union(*folds)
    assert len(new) == found.rows
    assert all(sum(post not in fold for fold in folds) == 1 for post in new)


def test_a_retrain_of_all_history_is_judged_on_what_was_scored_since_the_cut():
    rows, found = known(world(shift=0.5)), looked(world(shift=0.5))
    whole = next(gain for gain in found.gains if gain.action == "retrain" and gain.since is None)
    learned, fresh = split_fresh(rows, AS_OF, TRAINING, cut=found.cut)
    assert whole.learned_rows == len(learned)
    assert fresh["event_timestamp"].min() >= found.cut


def test_the_same_look_twice_says_the_same():
    assert looked(world(shift=0.5)) == looked(world(shift=0.5))


def test_a_champion_without_numbers_loses_to_any_candidate_and_the_look_says_why():
    found = looked(world(), champion=Silent())
    assert found.best("retrain").per_post.low == np.inf
    assert "The champion's loss is not a number" in found.note


def test_a_candidate_without_numbers_is_left_out_by_name():
    def broken(rows, settings):
        good = fit(rows, settings)
        return Fitted({**good.files, "offset.json": b"NaN"}, {}, {})

    found = looked(world(), model=replace(MODEL, fit=broken))
    assert [gain.action for gain in found.gains] == ["recalibrate"]
    assert "No retrain: it gave losses that are not numbers." in found.note


def test_a_model_without_a_calibrator_is_only_retrained():
    assert looked(world(), model=replace(MODEL, recalibrate=None)).best("recalibrate") is None


def test_a_change_of_yesterday_cannot_be_measured_and_the_look_says_so():
    found = looked(world(), changed_at=AS_OF - timedelta(days=1))
    assert (found.gains, found.rows) == ((), 0)
    assert "0 mature posts scored since 2012-05-30" in found.note


def test_too_few_rows_to_recalibrate_on_are_named_beside_what_was_measured():
    found = looked(world(shift=0.5), changed_at=AS_OF - timedelta(days=3, hours=12))
    assert found.best("recalibrate") is None
    assert found.best("retrain").since is None
    assert "No recalibrate:" in found.note
    assert "100 wanted" in found.note


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 60), st.one_of(st.none(), st.integers(0, 70)))
def test_thin_data_never_raise(count, day):
    changed = None if day is None else START + timedelta(days=day)
    found = looked(world().sample(count, random_state=count).sort_values("event_timestamp"), changed_at=changed)
    assert found.gains == ()
    assert "it takes 30 to judge" in found.note or "No retrain" in found.note


@settings(max_examples=40, deadline=None)
@given(st.integers(30, 56), st.integers(60, 6000))
def test_what_is_judged_is_unseen_new_and_no_more_than_fresh_days(day, count):
    changed = START + timedelta(days=day)
    rows = known(world()).sample(count, random_state=day, replace=True)
    cut, fresh = judged_rows(rows, AS_OF, TRAINED, changed, TRAINING)
    new = unseen(rows, TRAINED, TRAINING)[lambda part: part["event_timestamp"] >= changed]
    if cut is None:
        assert new.empty
        return
    assert cut >= changed
    assert fresh["event_timestamp"].max() - cut <= timedelta(days=TRAINING.fresh_days)
    assert fresh["label_known_at"].min() >= TRAINED
    span = new["event_timestamp"].max() - changed
    third = timedelta(days=1) if span / 3 < timedelta(days=1) else min(span / 3, timedelta(days=TRAINING.fresh_days))
    assert len(fresh) >= (new["event_timestamp"] >= new["event_timestamp"].max() - third).sum()


def test_a_champion_trained_days_ago_is_judged_on_what_a_retrain_with_that_cut_is_judged_on():
    trained = AS_OF - timedelta(days=4)
    found = looked(world(), changed_at=None, trained_at=trained)
    _, fresh = split_fresh(known(world()), AS_OF, TRAINING, cut=found.cut)
    assert len(fresh) == found.rows
    assert fresh["label_known_at"].min() >= trained


def test_two_days_of_posts_are_enough_to_tell_a_plain_difference():
    rows = frame(600, days=2, seed=1)
    good = DataFrame({"value": rows["target"]}, index=rows.index).assign(low=0.0, high=9.0)
    draw = np.random.default_rng(0)
    bad = good.assign(value=good["value"] + draw.normal(0, 1, len(rows)))
    assert compare(MODEL, "1", "2", rows, bad, good).better


@pytest.mark.parametrize(("days", "blocks"), [(1, 24), (2, RUNS), (5, RUNS), (9, 9)])
def test_few_days_are_cut_into_runs_of_neighbours(days, blocks):
    rows = frame(2000, days=days, seed=1)
    codes = pd.Series(finer_blocks(rows, few=8), index=rows["event_timestamp"])
    assert codes.nunique() == blocks
    assert codes.sort_index().is_monotonic_increasing


@pytest.mark.parametrize("least", [600, 800, 1_400, 1_600])
def test_a_retrain_that_gains_can_be_carried_out_as_it_was_measured(least):
    training = Training(min_rows=least)
    found = looked(world(shift=1.0), training=training)
    since = [gain for gain in found.gains if gain.since == CHANGED and gain.action == "retrain"]
    learned, _ = split_fresh(known(world()), AS_OF, Training(min_rows=100), since=CHANGED, cut=found.cut)
    assert bool(since) == (len(learned) >= least < 900)  # a fold of three weeks learns half of some 1,800 posts
    if since:
        split_fresh(known(world()), AS_OF, training, since=CHANGED, cut=found.cut)
    else:
        assert "mature rows to learn from found" in found.note
