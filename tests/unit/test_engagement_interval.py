import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.interval_engagement import BIN_ROWS, MOST_BINS, fit_interval, quantile_table
from models.scoring_engagement import COLUMNS
from models.spec import FitSettings


def covered(value: np.ndarray, error: np.ndarray, table: dict[str, list[float]]) -> float:
    below, above = (np.interp(value, table["value"], table[side]) for side in ("below", "above"))
    return float(np.mean((error >= -below) & (error <= above)))


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_the_share_asked_for_is_covered_on_new_rows(share):
    rng = np.random.default_rng(0)
    value, error = rng.uniform(0, 5, (2, 6000)), rng.normal(0, 1, (2, 6000))
    assert covered(value[1], error[1], quantile_table(value[0], error[0], share)) == pytest.approx(share, abs=0.02)


def test_a_skewed_error_gets_unequal_sides():
    rng = np.random.default_rng(0)
    table = quantile_table(rng.uniform(0, 5, 3000), rng.exponential(1, 3000) - 0.2, 0.8)
    assert min(table["above"]) > 3 * max(table["below"])


@given(st.integers(1, 5000))
def test_bins_hold_enough_rows_and_go_up(rows):
    value = np.random.default_rng(rows).uniform(0, 5, rows)
    table = quantile_table(value, value - 2, 0.8)
    assert 1 <= len(table["value"]) <= min(MOST_BINS, max(rows // BIN_ROWS, 1))
    assert table["value"] == sorted(table["value"])
    assert min(table["below"] + table["above"]) >= 0


def test_hard_rows_get_a_larger_spread_than_easy_ones():
    rng = np.random.default_rng(0)
    features = np.full((4000, len(COLUMNS)), np.nan, np.float32)
    hard = rng.random(4000) < 0.5
    features[:, 0] = hard
    interval = fit_interval(features, np.zeros(4000), rng.normal(0, np.where(hard, 2.0, 0.5)), FitSettings(threads=1))
    spread = interval.spread.predict(features)
    assert spread[hard].mean() > 3 * spread[~hard].mean()


def test_the_spread_never_reads_the_number_of_a_topic():
    rng = np.random.default_rng(0)
    features = np.full((2000, len(COLUMNS)), np.nan, np.float32)
    features[:, COLUMNS.index("topic_code")] = rng.integers(0, 5, 2000)
    interval = fit_interval(features, np.zeros(2000), features[:, -1] * rng.normal(0, 1, 2000), FitSettings(threads=1))
    assert interval.spread.feature_importance().sum() == 0
