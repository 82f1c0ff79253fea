"""The space of a column and its days in it."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.columns import label
from monitoring.shares import daily_distance, daily_level, jensen_shannon, usual
from monitoring.spaces import DAY_TEXTS, REST, fit_space
from monitoring.words import spaced_rows, words

KINDS = ("count", "number", "category", "text")
REFERENCE, DAYS = np.arange(70) < 56, 70

finite = st.floats(-1e12, 1e12, allow_nan=False)
awkward = st.one_of(st.none(), finite, st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1.0, 1e308, -1e308]))
columns = st.one_of(
    st.lists(awkward, max_size=60).map(lambda values: pd.Series(values, dtype=float)),
    st.lists(st.one_of(awkward, st.text(max_size=12), st.booleans(), st.integers()), max_size=60).map(
        lambda values: pd.Series(values, dtype=object)
    ),
    st.lists(st.sampled_from(["red", "blue", "green sea", None]), max_size=60).map(
        lambda values: pd.Series(values, dtype="string")
    ),
    st.lists(st.sampled_from([True, False, None]), max_size=60).map(lambda values: pd.Series(values, dtype="boolean")),
)


def days(rows, count=7):
    return np.arange(rows) % count


def stream(make, rows, kind, seed=0):
    """Seventy days of `rows` rows each, their space fitted on the first 56."""
    values = pd.Series(make(np.random.default_rng(seed), rows * DAYS))
    day = np.repeat(np.arange(DAYS), rows)
    return values, day, fit_space("x", values[day < 56], kind, 30)


@settings(max_examples=200, deadline=None)
@given(columns, columns, st.sampled_from(KINDS))
def test_no_column_raises_and_every_row_is_counted_at_most_once(reference, later, kind):
    space = fit_space("x", reference, kind, 5)
    if space is None:
        return
    assert json.loads(json.dumps(asdict(space)))["name"] == "x"
    counts = space.shares(later, days(len(later)), 7)
    assert counts.shape == (7, len(space.cells)) and (counts >= 0).all()
    assert kind == "text" or counts.sum() <= later.notna().sum()
    level = space.level(later)
    assert level is None or not np.isinf(level).any()
    daily_distance(counts, np.arange(7) < 5, np.full(7, 10))
    usual(counts, np.arange(7) < 5)


@settings(max_examples=100, deadline=None)
@given(columns, st.sampled_from(KINDS), st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(column, kind, random):
    order = list(range(len(column)))
    random.shuffle(order)
    mixed = column.iloc[order].reset_index(drop=True)
    spaces = [fit_space("x", side, kind, 5) for side in (column, mixed)]
    if spaces[0] is None or kind == "text":  # the clumping of words is measured on every other text
        assert (spaces[0] is None) == (spaces[1] is None)
        return
    assert spaces[0] == spaces[1]
    at = days(len(column))
    assert (spaces[0].shares(column, at, 7) == spaces[0].shares(mixed, at[order], 7)).all()
    if (level := spaces[0].level(column)) is not None:
        one, other = daily_level(level, at, 7), daily_level(spaces[0].level(mixed), at[order], 7)
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(columns, st.sampled_from(KINDS))
def test_a_column_under_another_name_gives_the_same_numbers(column, kind):
    one, other = fit_space("a", column, kind, 5), fit_space("b", column.copy(), kind, 5)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        at = days(len(column))
        assert (one.shares(column, at, 7) == other.shares(column, at, 7)).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=30, max_size=200), st.sampled_from([1e-3, 60.0, 1e3, 1e6]))
def test_a_number_has_no_unit(values, unit):
    column = pd.Series(values).round(3)
    one, other = (fit_space("x", column * factor, "number", 5) for factor in (1.0, unit))
    if one is None or one.values or one.level(column) is None:  # nought and one are a flag, nought and sixty are not
        return
    np.testing.assert_allclose(one.level(column), other.level(column * unit), atol=1e-6)
    at = np.zeros(len(column), dtype=int)
    assert (one.shares(column, at, 1) == other.shares(column * unit, at, 1)).all()


@pytest.mark.parametrize(
    "values",
    [[], [1.0], [3.0] * 500, [None] * 500, [np.inf, -np.inf] * 250],
    ids=["none", "one", "flat", "null", "inf"],
)
@pytest.mark.parametrize("kind", ["count", "number"])
def test_a_reference_without_two_values_has_no_space(values, kind):
    assert fit_space("x", pd.Series(values, dtype=object), kind, 5) is None


def test_a_reference_of_too_few_rows_has_no_space():
    column = pd.Series(np.arange(40.0))
    assert fit_space("x", column[:29], "number", 30) is None
    assert fit_space("x", column[:30], "number", 30) is not None


def test_a_number_scores_within_three_and_the_reference_about_zero():
    column = pd.Series(np.random.default_rng(0).lognormal(0, 2, 20_000))
    space = fit_space("x", column, "number", 100)
    level = space.level(column)
    assert abs(level.mean()) < 0.01 and level.std() == pytest.approx(1, abs=0.03)
    assert np.abs(space.level(pd.Series([-1e300, 1e300]))).max() < 3.2
    assert np.isnan(space.level(pd.Series([np.nan, np.inf]))).all()


def test_the_bins_of_a_number_hold_equal_shares():
    column = pd.Series(np.random.default_rng(0).normal(size=16_000))
    counts = fit_space("x", column, "number", 100).shares(column, np.zeros(16_000, dtype=int), 1)
    assert (counts == 1_000).all()


@pytest.mark.parametrize("atom", [0.0, 5.0, 9.0])
def test_a_value_that_most_rows_hold_has_a_bin_of_its_own(atom):
    rare = np.random.default_rng(0).uniform(0, 9, 400)
    column = pd.Series(np.concatenate([np.full(9_600, atom), rare]))
    space = fit_space("x", column, "count", 100)
    assert 9_600 in space.shares(column, np.zeros(len(column), dtype=int), 1)
    moved = pd.Series(np.concatenate([np.full(4_800, atom), np.tile(rare, 13)]))
    assert jensen_shannon(*(space.shares(side, np.zeros(len(side), dtype=int), 1)[0] for side in (column, moved))) > 0.2


def test_unknown_values_go_to_the_rest():
    reference = pd.Series(["a", "b"] * 200)
    space = fit_space("topic", reference, "category", 100)
    assert space.cells == ("a", "b", REST)
    counts = space.shares(pd.Series(["a", "new", None, "b", "c"]), np.array([0, 0, 0, 1, -1]), 2)
    assert counts.tolist() == [[1, 0, 1], [0, 1, 0]]
    weekday = fit_space("weekday", pd.Series([1, 2, 3] * 100), "number", 100)
    assert weekday.shares(pd.Series([1.0, 7.5, np.nan]), np.zeros(3, dtype=int), 1).tolist() == [[1, 0, 0, 1]]
    text = fit_space("text", pd.Series(["sun sea", "sun"] * 100), "text", 100)
    assert text.cells == ("sea", "sun", REST)
    assert text.shares(pd.Series(["Sun moon, sun!", None]), np.zeros(2, dtype=int), 1).tolist() == [[0, 2, 1]]


@pytest.mark.parametrize("values", [[True, False], [0, 1], [0.0, 1.0, None], [True, False, None]])
@pytest.mark.parametrize("kind", ["number", "category"])
def test_a_flag_is_a_level_and_shares_whatever_its_type(values, kind):
    column = pd.Series(values * 100)
    space = fit_space("x", column, kind if column.dtype in (bool, object) else "number", 30)
    assert space.flag and set(np.unique(space.level(column)[~np.isnan(space.level(column))])) == {0.0, 1.0}
    assert space.shares(pd.Series([1, 0, 1]), np.zeros(3, dtype=int), 1).tolist() == [[1, 2, 0]]


def test_a_null_that_turns_whole_numbers_into_floats_makes_no_new_categories():
    space = fit_space("x", pd.Series([1, 2, 10**15] * 100), "category", 30)
    counts = space.shares(pd.Series([1.0, 2.0, 1e15, np.nan]), np.zeros(4, dtype=int), 1)
    assert counts[0, -1] == 0 and counts.sum() == 3
    assert label(np.float64(1)) == label(1) == label(True) == "1" and label(0.25) == "0.25"


def test_a_third_more_of_heavy_tailed_counts_moves_the_level_by_five_of_its_sd():
    column, day, space = stream(lambda draw, rows: np.floor(draw.lognormal(3, 2, rows)), 5_000, "count")
    more = pd.Series(np.where(day >= 56, np.floor(column * 1.3), column))
    mean, noise, rows = daily_level(space.level(more), day, DAYS, REFERENCE)
    assert (rows == 5_000).all()
    assert np.median((mean[56:] - mean[:56].mean()) / np.sqrt(noise[56:])) > 5


def test_the_sampling_variance_of_a_day_is_honest():
    column, day, space = stream(lambda draw, rows: draw.normal(size=rows), 50, "number")
    mean, noise, _ = daily_level(space.level(column), day, DAYS)
    assert np.var(mean) == pytest.approx(noise.mean(), rel=0.4)


def test_a_day_without_rows_has_no_level_and_three_equal_rows_are_not_certain():
    level, day = np.array([1.0, 1.0, 1.0, 0.0, 2.0, 4.0]), np.array([0, 0, 0, 2, 2, 2])
    mean, noise, rows = daily_level(level, day, 3)
    assert mean[0] == 1 and np.isnan(mean[1]) and np.isnan(noise[1]) and rows.tolist() == [3, 0, 3]
    assert noise[0] > 0.1


WORDS = np.array([f"w{i}" for i in range(1_000)])
MAKES = {
    "flag": ("category", lambda draw, rows: draw.random(rows) < 0.3),
    "topics": ("category", lambda draw, rows: np.floor(draw.exponential(8, rows)).astype(int).astype(str)),
    "number": ("number", lambda draw, rows: draw.lognormal(0, 1, rows)),
    "count": ("count", lambda draw, rows: np.floor(draw.lognormal(1, 2, rows))),
    "text": ("text", lambda draw, rows: [" ".join(WORDS[q]) for q in draw.integers(0, 1_000, (rows, 4)) // 3]),
}


@pytest.mark.parametrize("name", MAKES)
@pytest.mark.parametrize("rows", [30, 300])
def test_where_nothing_happens_the_distance_is_about_zero_at_any_size(name, rows):
    kind, make = MAKES[name]
    column, day, space = stream(make, rows, kind)
    counts = space.shares(column, day, DAYS)
    value = daily_distance(counts, REFERENCE, np.full(DAYS, rows), space.clumping)
    assert abs(np.mean(value)) < 0.5
    assert np.max(value) < 2.5
    assert abs(value[:56].mean() - value[56:].mean()) < 4 * value.std() / np.sqrt(14)


def test_days_that_differ_among_themselves_are_what_is_expected():
    def wobbly(draw, rows):
        return draw.normal(size=rows) + np.repeat(draw.normal(0, 0.3, DAYS), rows // DAYS)

    column, day, space = stream(wobbly, 2_000, "number")
    value = daily_distance(space.shares(column, day, DAYS), REFERENCE, np.full(DAYS, 2_000))
    assert abs(np.median(value)) < 0.6 and np.max(value) < 3


def test_small_days_are_not_far_and_tiny_days_are_not_judged():
    column, day, space = stream(lambda draw, rows: draw.normal(size=rows), 1_000, "number")
    kept = (day < 60) | (np.arange(len(day)) % 1_000 < np.where(day < 65, 9, 40))
    rows = np.bincount(day[kept], minlength=DAYS)
    value = daily_distance(space.shares(column[kept], day[kept], DAYS), REFERENCE, rows)
    assert np.isnan(value[60:65]).all()
    assert np.abs(value[65:]).max() < 1.5


def test_a_move_is_far_however_it_looks():
    for kind, make in MAKES.values():
        column, day, space = stream(make, 300, kind)
        other = {"category": "new", "text": "entirely other words"}.get(kind, 1e9)
        moved = column.astype(object).where((day < 60) | (np.arange(len(day)) % 3 > 0), other)
        value = daily_distance(space.shares(moved, day, DAYS), REFERENCE, np.full(DAYS, 300))
        assert value[60:].min() > max(value[:60].max(), 3 * value[:60].std()), kind


def test_without_a_reference_day_there_is_no_distance():
    counts = np.array([[50, 50], [50, 50]])
    assert np.isnan(daily_distance(counts, np.array([False, False]), np.array([100, 100]))).all()
    assert np.isnan(usual(counts, np.array([False, False]))).all()


def test_the_usual_distance_is_that_of_the_reference_days_and_shrinks_with_longer_windows():
    column, day, space = stream(lambda draw, rows: draw.normal(size=rows), 300, "number")
    counts = space.shares(column, day, DAYS)
    (one, most), (week, _) = usual(counts, REFERENCE), usual(counts, REFERENCE, 7)
    value = jensen_shannon(counts[REFERENCE].sum(axis=0), counts[60])
    assert week < one / 2 and one < most < 2 * one
    assert 0.5 * one < value < 1.5 * most and space.method == "shares of 16 bins"


def test_words_are_cut_without_case_marks_or_links():
    texts = pd.Series(["It's HERE: https://a.b/c?d=e!", None, "", "naïve—Größe 'quoted' don’t", "日本 x_y", 7])
    found, row = words(texts)
    assert found.to_pylist() == ["it's", "here", "naïve", "größe", "quoted", "don’t", "日本", "x", "y", "7"]
    assert row.tolist() == [0, 0, 3, 3, 3, 3, 4, 4, 4, 5]


@given(st.lists(st.integers(-1, 4), max_size=200), st.integers(1, 20))
def test_rows_are_sampled_evenly_within_each_day(day, most):
    kept = spaced_rows(np.array(day, dtype=int), most)
    assert (np.diff(kept) > 0).all()
    chosen = [day[row] for row in kept]
    assert {d: chosen.count(d) for d in set(chosen)} == {d: min(day.count(d), most) for d in set(day) - {-1}}


def test_a_day_of_many_texts_is_read_in_part():
    texts = pd.Series(["sun sea"] * 3_000)
    space = fit_space("text", pd.Series(["sun sea", "sun"] * 100), "text", 100)
    assert space.shares(texts, np.zeros(3_000, dtype=int), 1).sum() == 2 * DAY_TEXTS
