"""Champion against the version before it: rarely wrong however often it is looked at, and quick where it counts."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame, to_datetime

from models.evaluate import MIN_ROWS
from models.intervals import Draw
from monitoring.paired import LEVEL, evidence, paired
from trimtab.windows import utc

START = utc("2012-04-01")
BLOCKS_A_DAY = 8
ROWS = 250  # a block; 2,000 a day


def differences(worse, days, seed, spread=1.0, common=0.05):
    """Block means of loss differences in units of the mean loss: row noise and block effects, `worse` on average."""
    draw = np.random.default_rng(seed)
    size = days * BLOCKS_A_DAY
    return worse + draw.normal(0, spread / np.sqrt(ROWS), size) + draw.normal(0, common, size)


def rows_of(count, days=10, seed=0):
    draw = np.random.default_rng(seed)
    known = [START + timedelta(days=float(day)) for day in np.sort(draw.uniform(0, days, count))]
    rows = DataFrame({"post_id": [str(k) for k in range(count)], "label_known_at": to_datetime(known, utc=True)})
    rows["event_timestamp"] = rows["label_known_at"] - timedelta(hours=48)
    return rows


def judged(rows, champion, previous):
    return paired(rows, champion, previous, draw=Draw(np.random.default_rng(0), 200, 0.95))


def losses(count, worse=0.0, seed=1):
    """(champion, previous): mean loss of the previous 1."""
    draw = np.random.default_rng(seed)
    previous = draw.gamma(2, 0.5, count)
    return np.maximum(previous + worse + draw.normal(0, 0.3, count), 0), previous


@pytest.mark.parametrize("spread", [0.1, 1.0, 5.0])
def test_an_equal_version_looked_at_for_ninety_days_is_hardly_ever_called_worse(spread):
    wrong = sum(evidence(differences(0.0, 90, seed, spread), 1.0) >= 1 / LEVEL for seed in range(200))
    assert wrong <= 0.02 * 200


def test_a_version_that_is_a_tenth_worse_is_caught_within_three_days():
    caught = sum(evidence(differences(0.1, 3, seed), 1.0) >= 1 / LEVEL for seed in range(200))
    assert caught >= 0.95 * 200


def test_a_version_that_is_better_is_never_called_worse():
    assert not any(evidence(differences(-0.05, 90, seed), 1.0) >= 1 / LEVEL for seed in range(100))


def test_evidence_once_reached_is_not_lost_by_looking_again():
    found = differences(0.1, 20, seed=3)
    path = [evidence(found[:end], 1.0) for end in range(len(found) + 1)]
    assert path == sorted(path) and path[0] == 0


@pytest.mark.parametrize("mean_loss", [0.0, -1.0, np.nan])
def test_without_a_loss_to_measure_in_there_is_no_evidence(mean_loss):
    assert evidence(np.ones(10), mean_loss) == 0


@given(st.floats(-6, 6))
@settings(deadline=None, max_examples=30)
def test_the_unit_of_the_loss_does_not_matter(power):
    unit, found = 10.0**power, differences(0.05, 4, seed=5)
    assert evidence(unit * found, unit) == pytest.approx(evidence(found, 1.0), rel=1e-6)


@pytest.mark.parametrize("worse", [0.0, 0.15])
def test_the_order_of_rows_does_not_matter(worse):
    rows, (champion, previous) = rows_of(2_000), losses(2_000, worse)
    one = judged(rows, champion, previous)
    order = np.random.default_rng(2).permutation(len(rows))
    other = judged(rows.iloc[order], champion[order], previous[order])
    assert other.evidence == pytest.approx(one.evidence, rel=1e-9)
    assert (other.worse, other.rows) == (one.worse, one.rows)
    assert other.delta.value == pytest.approx(one.delta.value)


def test_a_worse_champion_is_worse_by_what_is_shown():
    found = judged(rows_of(4_000), *losses(4_000, 0.2))
    assert found.worse and found.limit == 1 / LEVEL
    assert 0.15 < found.delta.low < found.delta.value < found.delta.high < 0.3


def test_the_champion_against_itself_is_not_worse():
    _, previous = losses(500)
    found = judged(rows_of(500), previous, previous)
    assert not found.worse and found.delta.value == 0


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


@pytest.mark.parametrize("days", [0.001, 0.1, 1.5])
def test_rows_of_a_few_hours_are_judged_too(days):
    found = judged(rows_of(400, days=days), *losses(400, 0.05))
    assert np.isfinite(found.evidence) and np.isfinite(found.delta.low)
