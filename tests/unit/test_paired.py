"""Champion against the version before it, on the same rows: sure when it is worse, whatever the size of it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.intervals import Draw
from monitoring.paired import LEVEL, evidence, paired


def rows(count=400, days=5):
    moments = pd.Timestamp("2012-05-01", tz="UTC") + pd.to_timedelta(np.linspace(0, days * 24, count), unit="h")
    return pd.DataFrame({"event_timestamp": moments, "label_known_at": moments})


def compared(gap, seed=0):
    draw, at = np.random.default_rng(seed), rows()
    before = draw.exponential(1.0, len(at))
    return paired(at, before + gap + draw.normal(0, 0.2, len(at)), before, draw=Draw(draw, 200, 0.95))


@pytest.mark.parametrize("gap", [0.15, 1.0, 6.0, 1_000.0])
def test_a_champion_that_is_worse_is_found_out_however_much_worse_it_is(gap):
    assert compared(gap).worse


@pytest.mark.parametrize("gap", [0.0, -0.15, -1_000.0])
def test_one_that_is_as_good_or_better_is_left_alone(gap):
    assert not compared(gap).worse


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=60), st.floats(0, 5))
@settings(max_examples=60)
def test_a_larger_difference_never_counts_for_less(differences, more):
    gaps = np.array(differences)
    assert evidence(gaps + more, 1.0) >= evidence(gaps, 1.0) * (1 - 1e-9)


@pytest.mark.parametrize("tails", [np.inf, 2, 1])
def test_symmetric_differences_seldom_reach_the_limit_whatever_their_tails(tails):
    draw = np.random.default_rng(3)
    found = [evidence(draw.standard_t(min(tails, 1e6), 300), 1.0) for _ in range(1_000)]
    assert np.mean(np.array(found) >= 1 / LEVEL) <= 2 * LEVEL
