"""What Evidently's defaults would say, without Evidently."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from monitoring.stock import UNJUDGED, StockVerdict, stock_reference, stock_verdict

numbers = st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 2)), min_size=1, max_size=80)


def says(reference, current):
    return stock_verdict(stock_reference(pd.Series(reference)), pd.Series(current))


@settings(max_examples=150, deadline=None)
@given(numbers, numbers, st.integers(1_001, 1_200))
def test_the_quick_distance_is_the_distance(before, now, rows):
    reference = np.resize(np.array(before), rows) + np.linspace(0, 1, rows)
    got = says(reference, now)
    wanted = wasserstein_distance(reference, now) / max(np.std(reference), 0.001)
    assert got.score == pytest.approx(wanted, rel=1e-7, abs=1e-7)


@given(numbers, st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(values, random):
    mixed = list(values)
    random.shuffle(mixed)
    reference = np.arange(1_500.0)
    assert says(reference, values).score == pytest.approx(says(reference, mixed).score, nan_ok=True)


def test_it_tests_a_small_reference_and_measures_a_large_one():
    draw = np.random.default_rng(0)
    now = draw.normal(size=500)
    assert says(draw.normal(size=1_000), now).method == "K-S p_value"
    assert says(draw.normal(size=1_001), now).method == "Wasserstein distance (normed)"
    assert says(list("abc") * 300, list("abc")).method == "chi-square p_value"
    assert says(list("ab") * 300, list("ab")).method == "Z-test p_value"
    assert says(list("abc") * 400, list("abc")).method == "Jensen-Shannon distance"


def test_it_hardly_finds_a_third_more_of_heavy_tailed_counts():
    found = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        before, now = (np.floor(factor * draw.lognormal(3, 2, 5_000)) for factor in (1, 1.3))
        found += says(before, now).drifted
    assert found <= 8


def test_it_says_so_in_words():
    assert str(StockVerdict("K-S p_value", 0.0123, 0.05, True)) == "drift: K-S p_value 0.012, threshold 0.05"
    assert str(UNJUDGED) == "not judged"


AWKWARD = {
    "no rows": [],
    "one row": [1.0],
    "one value": [3.0] * 1_200,
    "all null": [None] * 500,
    "infinite": [np.inf, -np.inf] * 250,
    "mixed": [1, "a", None, 2.5] * 300,
    "lists": [[1], [2]] * 250,
    "words": [f"text {i}" for i in range(500)],
    "ordinary": list(np.arange(1_200.0)),
}


@pytest.mark.parametrize("before", AWKWARD)
@pytest.mark.parametrize("now", AWKWARD)
def test_awkward_columns_are_judged_or_not_and_never_raise(before, now):
    got = says(AWKWARD[before], AWKWARD[now])
    assert got.judged == np.isfinite(got.score)
    if {before, now} & {"no rows", "all null", "infinite"} or before == "words":
        assert not got.judged and not got.drifted
