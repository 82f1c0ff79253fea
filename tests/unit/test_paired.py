"""Champion against the version before it: rarely wrong however often it is looked at, and quick where it counts."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame, to_datetime
from scipy import stats

from models.evaluate import MIN_ROWS
from models.intervals import Draw
from monitoring.paired import BELIEF_DAYS, FREAK, LEVEL, SPREAD, Days, days_of, evidence, judge, paired, spread_of
from trimtab.settings import Watch
from trimtab.windows import utc

START = utc("2012-04-01")
ROWS = 2_000  # a day
WATCH = Watch()
LIMIT = np.log(1 / LEVEL)


def days(worse, count, seed, noise=0.5, spread=0.01):
    """Days of ROWS posts: differences in units of the mean loss, from noise of posts and effects of days."""
    draw = np.random.default_rng(seed)
    rows = draw.poisson(ROWS, count).astype(float)
    gap = worse + draw.normal(0, 1, count) * noise / np.sqrt(rows) + draw.standard_t(5, count) * spread * 0.77
    return Days(rows, gap, np.full(count, noise**2), np.ones(count))


def verdict(found, spread=SPREAD):
    value, ended = judge(found, WATCH.harmless_share, WATCH.no_worse_share, WATCH.least_days, spread)
    return "worse" if value >= 1 / LEVEL else ended


def first(found, count):
    return Days(found.rows[:count], found.gap[:count], found.noise[:count], found.loss[:count])


def one_day(gap):
    return Days(np.array([1e9]), np.array([gap]), np.zeros(1), np.ones(1))


def rows_of(count, days=10, seed=0):
    draw = np.random.default_rng(seed)
    known = [START + timedelta(days=float(day)) for day in np.sort(draw.uniform(0, days, count))]
    rows = DataFrame({"post_id": [str(k) for k in range(count)], "label_known_at": to_datetime(known, utc=True)})
    rows["event_timestamp"] = rows["label_known_at"] - timedelta(hours=48)
    return rows


def judged(rows, champion, previous):
    draw = Draw(np.random.default_rng(0), 200, 0.95)
    return paired(rows, champion, previous, spread=SPREAD, watch=WATCH, draw=draw)


def losses(count, worse=0.0, seed=1):
    """(champion, previous): mean loss of the previous 1."""
    draw = np.random.default_rng(seed)
    previous = draw.gamma(2, 0.5, count)
    return np.maximum(previous + worse + draw.normal(0, 0.3, count), 0), previous


@pytest.mark.parametrize(("noise", "spread"), [(0.1, 0.003), (0.1, 0.02), (0.5, 0.01), (1.3, 0.01)])
def test_an_equal_version_looked_at_on_ninety_days_is_hardly_ever_called_worse(noise, spread):
    paths = [evidence(days(0.0, 90, seed, noise, spread), WATCH.harmless_share) for seed in range(200)]
    assert sum(path.max() >= LIMIT for path in paths) <= 0.02 * 200


@pytest.mark.parametrize(("noise", "spread"), [(0.1, 0.003), (0.1, 0.02), (0.5, 0.01), (0.8, 0.01)])
def test_a_version_that_is_a_tenth_worse_is_caught_within_three_days(noise, spread):
    caught = sum(verdict(days(0.1, 3, seed, noise, spread)) == "worse" for seed in range(200))
    assert caught >= 0.95 * 200


def test_looking_after_every_day_finds_what_one_look_at_the_end_finds():
    """Peeking adds no chance to be wrong: an earlier value is never changed by what comes later."""
    for seed in range(20):
        found = days(0.02, 30, seed)
        whole = evidence(found, 0.01)
        assert whole[:7] == pytest.approx(evidence(first(found, 7), 0.01))
        looks = [verdict(first(found, count)) for count in range(1, 31)]
        ends = [look for look in looks if look]
        assert ends == ends[:1] * len(ends), "a verdict stays"
        assert verdict(found) == (ends[0] if ends else None)


@pytest.mark.parametrize(("held_to", "wins"), [(40.0, 1.0), (FREAK, 0.85)])
def test_a_bet_on_one_day_of_a_true_null_returns_its_stake_or_less(monkeypatch, held_to, wins):
    """Over the day's Student's t: the scale is drawn as it is believed."""
    monkeypatch.setattr("monitoring.paired.FREAK", held_to)
    score = np.linspace(-40, 40, 4_001)
    returned = np.exp([evidence(one_day(z * SPREAD))[0] for z in score])
    assert np.trapezoid(returned * stats.t.pdf(score, BELIEF_DAYS), score) == pytest.approx(wins, abs=0.05)


def test_a_bet_on_ten_days_of_a_true_null_is_as_rarely_high_as_it_must_be():
    """Ville's inequality."""
    draw, high = np.random.default_rng(3), 0
    for _ in range(1_000):
        gap = draw.normal(0, SPREAD / np.sqrt(draw.chisquare(BELIEF_DAYS) / BELIEF_DAYS), 10)
        high += evidence(Days(np.full(10, 1e9), gap, np.zeros(10), np.ones(10))).max() >= np.log(20)
    assert high <= 0.05 * 1_000


def test_one_freak_day_alone_takes_no_version_back():
    wrong = 0
    for seed in range(20):
        calm = days(0.0, 10, seed)
        for day in range(10):
            gap = calm.gap + 5.0 * (np.arange(10) == day)
            wrong += verdict(Days(calm.rows, gap, calm.noise, calm.loss)) == "worse"
    assert wrong <= 0.05 * 200
    assert verdict(days(3.0, 1, seed=4)) is None


@pytest.mark.parametrize(("worse", "wanted"), [(-0.1, "better"), (0.0, "no worse"), (0.1, "worse")])
def test_a_watch_comes_to_what_is_true(worse, wanted):
    found = [verdict(days(worse, 28, seed)) for seed in range(40)]
    assert found.count(wanted) >= 38


def test_a_watch_ends_well_only_after_a_week():
    assert verdict(days(-0.1, 6, seed=1)) is None
    assert verdict(days(-0.1, 7, seed=1)) == "better"


def test_what_comes_after_a_good_end_takes_nothing_back():
    good, bad = days(-0.1, 8, seed=1), days(0.3, 10, seed=2)
    both = Days(*(np.concatenate([getattr(good, n), getattr(bad, n)]) for n in ("rows", "gap", "noise", "loss")))
    assert verdict(both) == "better"


def test_days_that_differed_before_are_expected_to_differ():
    wild = days(0.0, 28, seed=5, noise=0.1, spread=0.05)
    assert 0.03 < spread_of(wild) < 0.08
    assert spread_of(days(0.0, 28, seed=5)) == SPREAD == spread_of(first(wild, 1)) == spread_of(first(wild, 0))
    later = [days(0.0, 28, seed, noise=0.1, spread=0.05) for seed in range(100)]
    assert sum(verdict(each, spread_of(wild)) == "worse" for each in later) <= 2


def test_a_step_in_the_level_before_is_no_spread():
    """Where one of the versions begins to know the posts that it learned from."""
    before = days(0.0, 28, seed=6)
    stepped = Days(before.rows, before.gap - 0.05 * (np.arange(28) < 14), before.noise, before.loss)
    assert spread_of(stepped) < 1.5 * SPREAD


@given(st.floats(-6, 6), st.integers(0, 5))
@settings(deadline=None, max_examples=30)
def test_the_unit_of_the_loss_does_not_matter(power, seed):
    unit, (champion, previous) = 10.0**power, losses(300, 0.05, seed)
    day = np.arange(300) // 30
    one, other = days_of(day, champion, previous), days_of(day, unit * champion, unit * previous)
    assert evidence(other) == pytest.approx(evidence(one), rel=1e-6)


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=40), st.integers(1, 9))
@settings(deadline=None, max_examples=60)
def test_whatever_the_losses_the_evidence_is_a_number(champion, days_seen):
    champion = np.array(champion)
    found = days_of(np.arange(len(champion)) % days_seen, champion, np.linspace(0, 2, len(champion)))
    assert np.isfinite(evidence(found, 0.01)).all() and np.isfinite(evidence(found, 0.02, below=True)).all()
    assert np.isfinite(spread_of(found))


@pytest.mark.parametrize("worse", [0.0, 0.15])
def test_the_order_of_rows_does_not_matter(worse):
    rows, (champion, previous) = rows_of(2_000), losses(2_000, worse)
    one = judged(rows, champion, previous)
    order = np.random.default_rng(2).permutation(len(rows))
    other = judged(rows.iloc[order], champion[order], previous[order])
    assert other.evidence == pytest.approx(one.evidence, rel=1e-6)
    assert (other.worse, other.ended, other.rows, other.days) == (one.worse, one.ended, one.rows, one.days)
    assert other.delta.value == pytest.approx(one.delta.value)


def test_a_worse_champion_is_worse_by_what_is_shown():
    found = judged(rows_of(4_000), *losses(4_000, 0.2))
    assert found.worse and found.limit == 1 / LEVEL and found.days == 10
    assert 0.15 < found.delta.low < found.delta.value < found.delta.high < 0.3


def test_the_champion_against_itself_is_no_worse():
    _, previous = losses(500)
    found = judged(rows_of(500), previous, previous)
    assert not found.worse and found.delta.value == 0 and found.ended == "no worse"


def test_a_champion_whose_losses_are_no_numbers_is_worse():
    champion, previous = losses(100)
    champion[3] = np.nan
    assert judged(rows_of(100), champion, previous).worse


def test_rows_that_the_previous_version_could_not_judge_are_left_out():
    champion, previous = losses(100)
    previous[:20] = np.nan
    champion[:20] = np.nan
    found = judged(rows_of(100), champion, previous)
    assert found.rows == 80 and np.isfinite(found.delta.value)


@pytest.mark.parametrize("count", [0, 1, MIN_ROWS - 1])
def test_too_few_rows_say_nothing(count):
    rows, (champion, previous) = rows_of(count), losses(count)
    assert judged(rows, champion, previous) is None
    assert judged(rows_of(60), losses(60)[0], np.full(60, np.nan)) is None


@pytest.mark.parametrize("span", [0.001, 0.1, 1.5])
def test_rows_of_a_few_hours_are_judged_too(span):
    found = judged(rows_of(400, days=span), *losses(400, 0.05))
    assert np.isfinite(found.evidence) and np.isfinite(found.delta.low)
