from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.splits import holdout
from models.train import split_fresh
from trimtab.errors import NotEnoughData
from trimtab.settings import Training

START = datetime(2024, 1, 1, tzinfo=UTC)


def rows(hours: list[int]) -> pd.DataFrame:
    times = pd.to_datetime([START + timedelta(hours=h) for h in hours], utc=True)
    return pd.DataFrame({"event_timestamp": times, "label_known_at": times + timedelta(hours=48)})


@given(st.lists(st.integers(0, 5000), min_size=50, max_size=200, unique=True), st.integers(0, 100))
def test_what_is_held_out_is_younger_than_what_is_learned_by_the_gap(hours, gap):
    frame = rows(hours)
    try:
        learned, held = holdout(frame, 0.2, gap)
    except NotEnoughData:
        return
    oldest_held = frame["event_timestamp"].iloc[held].min()
    assert frame["event_timestamp"].iloc[learned].max() + timedelta(hours=gap) < oldest_held
    assert not set(learned) & set(held)


def test_rows_of_one_moment_cannot_be_split():
    with pytest.raises(NotEnoughData, match="longer period"):
        holdout(rows([5] * 50), 0.2, 0)


def test_no_rows_cannot_be_split():
    with pytest.raises(NotEnoughData):
        holdout(rows([]), 0.2, 0)


def test_no_outcome_that_is_learned_was_unknown_when_the_first_fresh_post_was_scored():
    frame = rows(list(range(24 * 60)))
    as_of = START + timedelta(days=62)
    learned, fresh = split_fresh(frame, as_of, Training(fresh_days=14, min_rows=100))
    assert learned["label_known_at"].max() < fresh["event_timestamp"].min()
    assert fresh["event_timestamp"].min() >= as_of - timedelta(days=14)


def test_sparse_fresh_days_reach_further_back_until_there_are_rows_enough():
    frame = rows(list(range(0, 24 * 400, 24)))
    _, fresh = split_fresh(frame, START + timedelta(days=402), Training(fresh_days=7, fresh_rows=50, min_rows=100))
    assert len(fresh) == 50


def test_too_few_mature_rows_say_how_many_are_wanted():
    with pytest.raises(NotEnoughData, match="10 mature rows found, 300 wanted"):
        split_fresh(rows(list(range(10))), START, Training())
