"""The cheapest course in hindsight, against every course there is."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from monitoring.oracle import cheapest

amounts = st.floats(0, 10).map(lambda value: round(value, 2))


@st.composite
def worlds(draw):
    """(costs, prices, first) of a few windows and versions, some of which come later."""
    windows, versions = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    costs = draw(arrays(float, (windows, versions), elements=amounts))
    prices = draw(arrays(float, (versions, versions), elements=amounts))
    np.fill_diagonal(prices, 0)
    for version in range(1, versions):
        costs[: draw(st.integers(0, windows)), version] = np.inf
    return costs, prices, draw(arrays(float, versions, elements=amounts))


def price(path, costs, prices, first):
    served = sum(costs[window, version] for window, version in enumerate(path))
    return first[path[0]] + served + sum(prices[a, b] for a, b in pairwise(path))


@given(worlds())
def test_no_course_is_cheaper_and_the_one_found_costs_what_it_says(world):
    costs, prices, first = world
    found = cheapest(*world)
    every = [price(path, *world) for path in product(range(costs.shape[1]), repeat=len(costs))]
    assert found.total == pytest.approx(min(every))
    assert price(found.versions, costs, prices, first) == pytest.approx(found.total)


@given(worlds(), st.floats(0, 5))
def test_another_version_never_makes_the_best_course_dearer(world, cost):
    costs, prices, first = world
    wider = np.pad(prices, ((0, 1), (0, 1)), constant_values=1.0)
    wider[-1, -1] = 0
    more = cheapest(np.column_stack([costs, np.full(len(costs), cost)]), wider, np.append(first, 1.0))
    assert more.total <= cheapest(*world).total + 1e-9


def test_a_retrain_is_bought_only_when_it_earns_its_price():
    costs = np.array([[1.0, np.inf], [2.0, 1.0], [2.0, 1.0], [2.0, 1.0]])
    for retrain_cost, path in ((2.5, (0, 1, 1, 1)), (3.5, (0, 0, 0, 0))):
        prices = np.array([[0, retrain_cost], [0, 0]])
        assert cheapest(costs, prices, np.array([0, np.inf])).versions == path


def test_of_equals_the_oracle_changes_nothing():
    assert cheapest(np.ones((4, 3)), np.zeros((3, 3)), np.zeros(3)).versions == (0, 0, 0, 0)


def test_a_window_without_any_version_is_refused():
    with pytest.raises(ValueError, match="every window"):
        cheapest(np.full((2, 1), np.inf), np.zeros((1, 1)), np.zeros(1))
