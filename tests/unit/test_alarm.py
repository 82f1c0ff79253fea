"""One alarm over many streams: its budget, its speed, and what must not matter to it."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.alarm import LONE, LOOKS, SHARES, alarm, changes, evidence, limit, weights
from tests.tiny_streams import END, MANY, days, moment, standard, world

LOSS, FEATURE = MANY.index("loss"), MANY.index("feature")
ONE_EACH = tuple(SHARES)
QUIET = 90  # tested days of a world in which nothing happens
AT = 10  # tested day on which a world moves


def judged(streams, *, reference=56, tested=30, window=1, quiet=0, budget=1.0):
    found = alarm(streams, days(reference, tested), END, window_days=window, quiet_days=quiet, budget=budget)
    assert found is not None
    return found


def delays(size, index, seeds=100, **about):
    """Days from the beginning of a shift to the alarm; 99 where none came, below 1 where it came before."""
    found = (judged(world(seed=seed, shift={index: size}, at=AT, tie=0.0, **about), window=30) for seed in range(seeds))
    return np.array([99 if f.raised_on is None else (f.raised_on - moment(AT)) / timedelta(days=1) for f in found])


def raised_in(budget, seeds=100, **about):
    """In how many quiet quarters of 66 streams an alarm was raised."""
    tested = QUIET
    return sum(
        judged(world(tested=tested, seed=seed, **about), tested=tested, window=tested, budget=budget).raised
        for seed in range(seeds)
    )


def most_in(chance, runs):
    """What a binomial count exceeds once in a thousand times."""
    return runs * chance + 3.1 * math.sqrt(runs * chance * (1 - chance))


def first_alarms(z, budget):
    """How many runs of scores (runs, streams, days) ever reach the limit."""
    weight = weights(list(MANY))
    signs = np.array([(1.0, np.nan if group in ("loss", "calibration", "slice") else -1.0) for group in MANY])
    most = limit(budget)
    total = [(weight[:, None] * evidence(run, signs, LONE * np.log(most / weight))).sum(axis=0) / most for run in z]
    return sum(run.max() >= 1 for run in total)


@pytest.mark.parametrize("groups", [list(MANY), ["feature"], ["loss", "shares", "shares"], list(SHARES)])
def test_the_shares_of_the_budget_sum_to_one(groups):
    assert weights(groups).sum() == pytest.approx(1) and (weights(groups) > 0).all()


def test_quiet_quarters_raise_no_more_alarms_than_the_budget_says():
    """And four times the budget about four times as many."""
    z = np.random.default_rng(0).normal(size=(200, len(MANY), QUIET))
    rates = []
    for budget in (1.0 / LOOKS, 4.0 / LOOKS):
        raised = first_alarms(z, budget)
        assert raised <= most_in(1 - math.exp(-LOOKS * budget * QUIET / 365.25), 200)
        rates.append(-math.log(1 - raised / 200))
    assert 2.5 < rates[1] / rates[0] < 6


def test_estimated_seasons_and_tied_days_at_most_double_the_false_alarms():
    assert raised_in(1.0 / LOOKS, seeds=60) <= most_in(1 - math.exp(-2 * QUIET / 365.25), 60)


def test_a_shift_of_one_feature_among_sixty_is_found_within_three_days():
    assert (delays(4.6, FEATURE) <= 3).mean() >= 0.95


def test_a_loss_that_rises_by_two_deviations_is_found_within_a_week():
    assert (delays(2.0, LOSS) <= 7).mean() >= 0.85


def test_a_loss_that_falls_raises_nothing():
    assert (delays(-3.0, LOSS, seeds=30) < 99).mean() <= 0.2


def test_the_day_of_a_change_is_found_to_within_two_days():
    shifted = (world(seed=seed, shift={LOSS: 2.0}, at=AT, tested=AT + 10, tie=0.0) for seed in range(60))
    found = [judged(streams, tested=AT + 10).changed_at for streams in shifted]
    gaps = [abs(at - moment(AT, total=AT + 10)) for at in found if at is not None]
    assert sum(gap <= timedelta(days=2) for gap in gaps) >= 0.8 * 60


@pytest.mark.parametrize("size", [8.0, 1e6])
def test_one_extreme_day_of_every_stream_at_once_raises_no_alarm(size):
    """Where no other days have brought it near."""
    everywhere = dict.fromkeys(range(len(MANY)), size)
    burst, calm = 0, 0
    for seed in range(15):
        calm += judged(world(seed=seed, tested=9, tie=0.0), tested=9, window=9).raised
        moved = world(seed=seed, tested=9, tie=0.0, shift=everywhere, at=3, until=4)
        burst += judged(moved, tested=9, window=9).raised
    assert burst <= calm + 3


@pytest.mark.parametrize("size", [6.0, 40.0, 1e6])
@pytest.mark.parametrize("index", [LOSS, MANY.index("output"), FEATURE, MANY.index("shares")])
def test_one_extreme_day_of_one_stream_raises_no_alarm(index, size):
    """Where no other days have brought it near: a sum that has begun to grow is tipped over by one more day."""
    burst, calm = 0, 0
    for seed in range(15):
        streams = world(seed=seed, tested=9, tie=0.0)
        calm += judged(streams, tested=9, window=9).raised
        moved = world(seed=seed, tested=9, tie=0.0, shift={index: size}, at=3, until=4)
        burst += judged(moved, tested=9, window=9).raised
    assert burst <= calm + 2


def test_one_extreme_day_after_days_without_news_raises_no_alarm():
    for group in SHARES:
        weight, z = weights(list(MANY))[MANY.index(group)], np.zeros((1, 40))
        z[0, 20] = 8.0
        most = np.log(np.array([limit(1.0) / weight])) * LONE
        assert weight * evidence(z, np.array([(1.0, np.nan)]), most).max() < 0.5 * limit(1.0)


@given(st.permutations(range(len(ONE_EACH) + 2)), st.integers(0, 3))
@settings(deadline=None, max_examples=25)
def test_the_order_of_streams_does_not_matter(order, seed):
    streams = world((*ONE_EACH, "feature", "loss"), seed=seed, shift={0: 1.5}, at=AT, missing=0.05)
    one, other = judged(streams), judged([streams[k] for k in order])
    assert other.spent == pytest.approx(one.spent)
    assert (other.raised, other.raised_on, other.changed_at) == (one.raised, one.raised_on, one.changed_at)
    assert [f.name for f in other.streams] == [f.name for f in one.streams]


@pytest.mark.parametrize("copies", [2, 5])
def test_copies_of_a_group_share_what_it_had(copies):
    streams = world(MANY[:12], seed=4, shift={8: 2.0}, at=AT)
    features = [s for s in streams if s.group == "feature"]
    copied = [*streams, *(replace(s, name=f"{s.name}_{k}") for s in features for k in range(1, copies))]
    assert judged(copied).spent == pytest.approx(judged(streams).spent, rel=0.25)
    z, signs = standard(30, seed=2), np.ones((len(MANY), 1))
    groups, of = list(MANY), np.array([group == "feature" for group in MANY])
    twice, more = np.concatenate([z, z[of]]), groups + ["feature"] * int(of.sum())
    free = np.full(len(more), np.inf)
    one = weights(groups) @ evidence(z, signs, free[: len(z)])
    np.testing.assert_allclose(weights(more) @ evidence(twice, np.ones((len(more), 1)), free), one)


def test_days_without_a_score_leave_evidence_as_it_was():
    z = np.random.default_rng(3).normal(1, 1, size=(3, 30))
    gaps = np.insert(z, [10, 10, 20], np.nan, axis=1)
    signs, free = np.array([(1.0, -1.0)] * 3), np.full(3, 9.0)
    whole, gapped = evidence(z, signs, free), evidence(gaps, signs, free)
    np.testing.assert_array_equal(gapped[:, -1], whole[:, -1])
    np.testing.assert_array_equal(gapped[:, 10], whole[:, 9])


def test_evidence_starts_anew_after_quiet_days_that_the_first_day_of_change_still_sees():
    streams = world(seed=5, shift={LOSS: 4.0}, at=AT, tie=0.0)
    whole, anew = judged(streams), judged(streams, quiet=28)
    assert whole.raised and anew.spent < 0.1 * whole.spent
    assert abs(anew.of("loss")[0].changed_at - moment(AT)) <= timedelta(days=2)
    z = standard(30, seed=6)
    signs, free = np.ones((len(z), 1)), np.full(len(z), 9.0)
    np.testing.assert_allclose(evidence(z, signs, free, 20)[:, 20:], evidence(z[:, 20:], signs, free))
    assert (evidence(z, signs, free, 20)[:, :20] == 0).all()
    assert changes(z, signs).shape == z.shape


def test_a_longer_window_tells_of_the_first_day_over_the_limit():
    streams = world(seed=7, shift={LOSS: 4.0}, at=AT, tie=0.0)
    days_over = [judged(streams[:], tested=30, window=w).raised_on for w in (30, 25)]
    assert days_over[0] == days_over[1] and moment(AT) < days_over[0] <= moment(AT + 4)
    early = [replace(s, values=s.values[:-12], noise=s.noise[:-12]) for s in streams]
    at_end = alarm(early, days(56, 18), END - timedelta(days=12), window_days=18, quiet_days=0, budget=1.0)
    assert at_end.raised_on == days_over[0]


def test_more_rows_a_day_never_find_a_change_later():
    """Day effects of half the size beside sampling noise that shrinks with the rows."""
    late = []
    for noise in (9.0, 3.0, 1.0, 0.3):
        size = 4.0 / math.sqrt(1 + noise)  # `shift` counts in deviations of a day: the same step for all
        found = [judged(world(seed=s, shift={LOSS: size}, at=5, noise=noise, tie=0.0), window=30) for s in range(30)]
        end = [END if f.raised_on is None else f.raised_on for f in found]
        late.append(np.mean([(e - moment(5)) / timedelta(days=1) for e in end]))
    assert late == sorted(late, reverse=True) and late[0] > 1.5 * late[-1]


def test_more_rows_a_day_raise_no_more_false_alarms():
    few, many = (raised_in(1.0, seeds=25, noise=noise, tie=0.0) for noise in (5.0, 0.05))
    assert many <= few + 5


@pytest.mark.parametrize("value", [np.nan, np.inf, 2.0])
def test_streams_without_news_raise_nothing_and_are_named(value):
    streams = [replace(s, values=np.full(86, value)) for s in world(MANY[:3])]
    found = alarm(streams, days(), END, window_days=7, quiet_days=0, budget=1.0)
    assert found is None
    beside = judged([*streams, *world(MANY[3:8])])
    assert not beside.raised and set(beside.unjudged) <= {s.name for s in streams}


def test_no_streams_and_no_days_are_no_alarm():
    assert alarm([], days(), END, window_days=7, quiet_days=0, budget=1.0) is None
    thin = world(MANY[:4], reference=10)
    assert alarm(thin, days(10), END, window_days=7, quiet_days=0, budget=1.0) is None
