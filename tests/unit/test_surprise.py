"""Scores of days: standard normal while nothing moves, whatever the days hang on."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.surprise import LEAST_DAYS, OWN_DAYS, scores
from tests.tiny_streams import days, world

SOME = ("feature",) * 40
FEW = ("loss", "output", "feature", "feature", "shares")


def quiet(reference, seeds, **about):
    """Judged scores of (seeds x 40 streams, 60 days) in which nothing moves."""
    plan = days(reference, 60)
    worlds = (world(SOME, reference=reference, tested=60, seed=seed, **about) for seed in range(seeds))
    return np.concatenate([scores(streams, plan)[:, reference:] for streams in worlds])


@pytest.mark.parametrize(
    ("reference", "tie", "wide"),
    [(14, 0.0, 2.0), (14, 0.3, 2.4), (28, 0.3, 1.6), (56, 0.0, 1.3), (56, 0.3, 1.4), (70, 0.3, 1.4)],
)
def test_scores_of_an_unmoved_world_are_standard_normal(reference, tie, wide):
    """`wide`: how many times its share the outermost hundredth may hold; two weeks say little of a spread."""
    missing = 0.0 if reference == 14 else 0.05
    found = quiet(reference, 25, tie=tie, missing=missing, noise=(0.05, 1.5))
    found = found[np.isfinite(found)]
    assert len(found) > 50_000
    assert abs(found.mean()) < 0.03
    assert abs(found.std() - 1) < (0.1 if reference == 14 else 0.06)
    assert 0.09 < (np.abs(found) > 1.645).mean() < 0.135
    assert 0.008 < (np.abs(found) > 2.576).mean() < 0.01 * wide
    assert (np.abs(found) > 3.29).mean() < 0.004


def test_the_days_of_an_eight_week_reference_leave_little_that_hangs_together():
    found = quiet(56, 25, tie=0.3)
    assert abs(np.mean(found[:, 1:] * found[:, :-1])) < 0.06


def test_a_thin_day_is_allowed_to_lie_farther_off():
    streams = world(SOME, tested=8, seed=1)
    off = [replace(s, values=np.where(np.arange(64) == 60, s.values + 4, s.values)) for s in streams]
    thin = [replace(s, noise=np.where(np.arange(64) == 60, 25.0, s.noise)) for s in off]
    usual, forgiving = (np.abs(scores(part, days(56, 8))[:, 60]) for part in (off, thin))
    assert np.median(usual) > 2.5 and np.median(forgiving) < 1.5


@given(st.permutations(range(len(FEW))), st.integers(0, 5))
@settings(deadline=None, max_examples=30)
def test_the_order_of_streams_does_not_matter(order, seed):
    streams = world(FEW, seed=seed, missing=0.1)
    one, other = scores(streams, days()), scores([streams[k] for k in order], days())
    np.testing.assert_allclose(other, one[list(order)], atol=1e-9)


@given(st.floats(-12, 12), st.floats(-1e3, 1e3), st.booleans())
@settings(deadline=None, max_examples=30)
def test_the_unit_and_the_zero_of_a_stream_do_not_matter(power, offset, mirrored):
    streams = world(FEW, seed=2, missing=0.05)
    factor = 10.0**power * (-1 if mirrored else 1)
    moved = [replace(s, values=factor * (s.values + offset), noise=factor**2 * s.noise) for s in streams]
    one, other = scores(streams, days()), scores(moved, days())
    np.testing.assert_allclose(other, -one if mirrored else one, atol=1e-6)


@pytest.mark.parametrize("until", [57, 60, 71, 85])
def test_a_further_day_never_changes_the_days_before_it(until):
    streams = world(FEW, seed=3, missing=0.1, shift={1: 3.0}, at=5)
    early = [replace(s, values=s.values[:until], noise=s.noise[:until]) for s in streams]
    np.testing.assert_array_equal(scores(early, days(56, until - 56)), scores(streams, days())[:, :until])


def test_the_reference_itself_is_never_scored():
    assert np.isnan(scores(world(FEW), days())[:, :56]).all()


def test_a_reference_of_less_than_two_weeks_judges_nothing():
    assert np.isnan(scores(world(FEW, reference=13), days(13))[:, : 13 + 1]).all()
    assert np.isfinite(scores(world(FEW, reference=LEAST_DAYS), days(LEAST_DAYS))[:, LEAST_DAYS:]).all()


@pytest.mark.parametrize("own", [40, 56, 60])
def test_a_level_is_learned_from_own_days_alone(own):
    streams = world(SOME, seed=4)
    low = [replace(s, values=s.values - 3.0 * (np.arange(86) < own), own_from=own) for s in streams]
    found = scores(low, days())
    first = max(own + OWN_DAYS, 56)
    assert np.isnan(found[:, :first]).all()
    late = found[:, first:]
    assert np.isfinite(late).all() and abs(late.mean()) < 0.15 and abs(late.std() - 1) < 0.12


def test_own_days_that_are_on_the_old_level_change_little():
    streams = world(SOME, seed=5)
    whole, own = scores(streams, days()), scores([replace(s, own_from=20) for s in streams], days())
    assert np.corrcoef(whole[:, 56:].ravel(), own[:, 56:].ravel())[0, 1] > 0.95


def test_a_stream_that_never_moves_is_never_surprising():
    """Whatever its level, its gaps, and what rounding makes of their mean; its level may change with its own days."""
    draw = np.random.default_rng(0)
    still = []
    for _ in range(500):
        values, own = np.full(86, draw.normal() * 10 ** draw.uniform(-9, 6)), int(draw.choice([0, 40]))
        values[:own] *= draw.choice([1.0, 3.0])
        values[draw.uniform(size=86) < draw.choice([0.0, 0.2])] = np.nan
        values *= 1 + draw.choice([0.0, 1e-15]) * draw.normal(size=86)  # sums in another order
        noise = np.full(86, draw.choice([0.0, 1e-6]))
        still.append(replace(world(FEW)[2], values=values, noise=noise, own_from=own))
    assert np.isnan(scores([*still, *world(FEW)], days())[: len(still)]).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3.0])
def test_a_stream_without_news_leaves_the_others_alone(value):
    streams = world(FEW, seed=6)
    odd = replace(streams[0], values=np.full(86, value))
    found = scores([*streams, odd], days())
    np.testing.assert_allclose(found[:-1], scores(streams, days()), atol=1e-9)
    assert np.isnan(found[-1]).all()


def test_an_infinite_day_counts_as_missing():
    streams = world(FEW, seed=7)
    without, endless = ([_with(s, 20, value) for s in streams] for value in (np.nan, np.inf))
    np.testing.assert_array_equal(scores(without, days()), scores(endless, days()))


@pytest.mark.parametrize("size", [20.0, 1e6])
def test_one_extreme_day_does_not_make_the_days_after_it_strange(size):
    streams = world(SOME, seed=8)
    burst = [_with(s, 70, s.values[70] + size) for s in streams]
    calm, found = scores(streams, days()), scores(burst, days())
    assert (found[:, 70] > 7).all()
    assert np.abs(found[:, 72:] - calm[:, 72:]).max() < 0.5


def _with(stream, day, value):
    return replace(stream, values=np.where(np.arange(len(stream.values)) == day, value, stream.values))
