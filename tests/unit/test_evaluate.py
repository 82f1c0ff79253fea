from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame, Timestamp

from models.evaluate import Unscorable, compare, scorecard
from tests.tiny_model import MODEL, frame
from trimtab.errors import NotEnoughData


def guess(rows: DataFrame, error: float, seed: int = 1) -> DataFrame:
    """Predictions off by `error` on average."""
    value = rows["target"] + np.random.default_rng(seed).normal(0, error, len(rows))
    return DataFrame({"value": value, "low": value - 1, "high": value + 1}, index=rows.index)


def flat(comparison):
    parts = [comparison.delta, *(part.delta for part in comparison.slices)]
    return np.array([[part.value, part.low, part.high] for part in parts])


frames = st.builds(
    frame, rows=st.integers(60, 300), days=st.sampled_from([0.01, 1, 3, 14, 90]), seed=st.integers(0, 1000)
)


@settings(max_examples=40, deadline=None)
@given(rows=frames, first=st.floats(0.01, 2), second=st.floats(0.01, 2))
def test_swapping_the_sides_flips_the_sign(rows, first, second):
    one, two = guess(rows, first, 1), guess(rows, second, 2)
    there = compare(MODEL, "6", "7", rows, one, two, resamples=100)
    back = compare(MODEL, "7", "6", rows, two, one, resamples=100)
    np.testing.assert_allclose(flat(there), -flat(back)[:, [0, 2, 1]], atol=1e-12)
    assert not (there.better and back.better)
    assert there.better == back.worse


@settings(max_examples=20, deadline=None)
@given(rows=frames, error=st.floats(0.01, 2))
def test_identical_predictions_are_never_better(rows, error):
    same = guess(rows, error)
    found = compare(MODEL, "6", "7", rows, same, same, resamples=100)
    assert not found.better
    assert not found.worse
    assert flat(found).tolist() == [[0, 0, 0]] * len(flat(found))


@settings(max_examples=20, deadline=None)
@given(rows=frames, seed=st.integers(0, 100))
def test_the_order_of_rows_does_not_matter(rows, seed):
    one, two = guess(rows, 0.5, 1), guess(rows, 0.6, 2)
    order = np.random.default_rng(seed).permutation(len(rows))
    given_ = compare(MODEL, "6", "7", rows, one, two, resamples=100)
    mixed = compare(MODEL, "6", "7", rows.iloc[order], one.iloc[order], two.iloc[order], resamples=100)
    np.testing.assert_allclose(flat(given_), flat(mixed), atol=1e-9)


def test_a_clear_winner_is_said_in_one_sentence():
    rows = frame(3412)
    found = compare(MODEL, "6", "7", rows, guess(rows, 1.0), guess(rows, 0.5))
    assert found.better
    assert str(found).startswith("Challenger 7 beats champion 6 by 0.")
    assert "in mae on the same 3,412 fresh posts (95 % interval -0." in str(found)
    assert found.evidence()["better"] is True


def test_a_worse_challenger_is_called_worse_and_a_draw_a_draw():
    rows = frame(1000)
    assert "7 is worse than champion 6 by" in str(compare(MODEL, "6", "7", rows, guess(rows, 0.5), guess(rows, 1)))
    even = compare(MODEL, "6", "7", rows, guess(rows, 0.5, 1), guess(rows, 0.5, 2))
    assert "7 is not shown to beat champion 6 (difference" in str(even)


def test_a_false_winner_among_equals_is_as_rare_as_the_confidence_says_even_with_day_effects():
    draw, wins = np.random.default_rng(0), 0
    for seed in range(200):
        rows = frame(400, days=10, seed=seed)
        day = rows["event_timestamp"].dt.dayofyear
        effect = day.map(dict(zip(day.unique(), draw.normal(0, 0.2, day.nunique()), strict=True)))
        champion, challenger = guess(rows, 0.1, seed), guess(rows, 0.1, seed + 1000)
        champion["value"] = rows["target"] + 1 + 0.1 * draw.normal(size=len(rows))
        challenger["value"] = rows["target"] + 1 + effect + 0.1 * draw.normal(size=len(rows))
        wins += compare(MODEL, "6", "7", rows, champion, challenger, resamples=200).better
    assert wins <= 13  # 2.5 % of 200 are 5; more than 13 has a chance of one in a thousand


def test_the_interval_of_a_mean_agrees_whether_drawn_exactly_or_through_pseudo_values():
    rows = frame(2000, days=15)
    zero = guess(rows, 0).assign(value=rows["target"])
    exact = compare(MODEL, "0", "1", rows, zero, guess(rows, 0.5)).delta
    through = scorecard(MODEL, "1", rows, guess(rows, 0.5)).overall["mae"]
    assert through.value == pytest.approx(exact.value)
    assert through.high - through.low == pytest.approx(exact.high - exact.low, rel=0.15)


def test_small_slices_are_left_out_and_counted():
    rows = frame(300).assign(platform=["rare"] * 29 + ["reddit"] * 271)
    card = scorecard(MODEL, "7", rows, guess(rows, 0.5))
    assert {(part.slicing, part.slice) for part in card.slices} == {
        ("platform", "reddit"),
        ("length", "long"),
        ("length", "short"),
    }
    assert card.left_out == 1


def test_a_scorecard_is_one_sentence_that_names_its_weakest_slice():
    rows = frame(600)
    worse = guess(rows, 0.2)
    worse.loc[rows["platform"] == "forum", "value"] += 3
    card = scorecard(MODEL, "7", rows, worse)
    assert str(card).startswith("tiny 7: mae ")
    assert "weakest slice platform forum: 2.98" in str(card)
    assert "on 600 posts of 2012-04-01 to 2012-04-20" in str(card)


def test_too_few_rows_are_refused():
    rows = frame(29)
    with pytest.raises(NotEnoughData, match="29 mature rows to judge on found, 30 wanted"):
        compare(MODEL, "6", "7", rows, guess(rows, 1), guess(rows, 1))


def test_a_version_that_scores_no_number_is_refused():
    rows = frame(100)
    broken = guess(rows, 1)
    broken.loc[3, "value"] = np.nan
    with pytest.raises(Unscorable, match="tiny 7 has 1 of 100 losses"):
        compare(MODEL, "6", "7", rows, guess(rows, 1), broken)


def test_slices_over_twenty_thousand_rows_take_no_time():
    rows = frame(20_000, days=90)
    many = replace(MODEL, slices=lambda r: DataFrame({f"s{i}": r["text_chars"] // 20 for i in range(4)}))
    begin = perf_counter()
    compare(many, "6", "7", rows, guess(rows, 1), guess(rows, 1, 2))
    scorecard(many, "7", rows, guess(rows, 1))
    assert perf_counter() - begin < 6  # 1 s on an idle machine


def test_rows_that_all_come_at_one_moment_still_get_an_interval():
    rows = frame(100).assign(event_timestamp=Timestamp("2012-04-01", tz="UTC"))
    assert compare(MODEL, "6", "7", rows, guess(rows, 2), guess(rows, 0.1)).better
