"""Calibration errors: their mean is 0 for a model that means what it says, and what is missing stays missing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.calibration import calibration_errors

CLASSES = ["negative", "neutral", "positive"]


def counts(rows=20_000, seed=0, shift=0.0):
    """Standard normal targets about a known value, with the interval that holds 80 % of them."""
    generator = np.random.default_rng(seed)
    value = generator.normal(3, 1, rows)
    predictions = pd.DataFrame({"value": value, "low": value - 1.2816, "high": value + 1.2816})
    return value + shift + generator.normal(0, 1, rows), predictions


def labels(rows=20_000, seed=0):
    generator = np.random.default_rng(seed)
    shares = generator.dirichlet([1, 2, 1], rows)
    drawn = (generator.random((rows, 1)) > shares.cumsum(axis=1)).sum(axis=1)
    predictions = pd.DataFrame(shares, columns=[f"p_{name}" for name in CLASSES]).assign(label="neutral")
    return pd.Series(np.array(CLASSES)[drawn]), predictions


def test_the_errors_of_a_calibrated_model_of_counts_are_0_in_the_mean():
    errors = calibration_errors(*counts())
    assert list(errors) == ["bias", "coverage"]
    assert (errors.mean().abs() < 4 * errors.std() / np.sqrt(len(errors))).all()


def test_the_errors_of_calibrated_probabilities_are_0_in_the_mean_of_each_class():
    errors = calibration_errors(*labels())
    assert list(errors) == ["p_negative", "p_neutral", "p_positive"]
    assert (errors.mean().abs() < 4 * errors.std() / np.sqrt(len(errors))).all()


def test_a_target_that_rose_by_a_half_is_a_bias_of_minus_a_half():
    errors = calibration_errors(*counts(shift=0.5))
    assert errors["bias"].mean() == pytest.approx(-0.5, abs=0.03)
    assert errors["coverage"].mean() < -0.04


def test_each_row_says_what_it_says():
    predictions = pd.DataFrame({"value": [2.0, 2.0], "low": [1.0, 1.0], "high": [3.0, 3.0]}, index=[7, 3])
    errors = calibration_errors([3.0, 4.0], predictions, nominal=0.9)
    expected = pd.DataFrame({"bias": [-1.0, -2.0], "coverage": [0.1, -0.9]}, index=[7, 3])
    pd.testing.assert_frame_equal(errors, expected)


def test_without_an_interval_there_is_no_coverage():
    target, predictions = counts(10)
    assert list(calibration_errors(target, predictions[["value"]])) == ["bias"]


@pytest.mark.parametrize("missing", [np.nan, np.inf, -np.inf])
def test_what_is_missing_stays_missing_in_its_row_alone(missing):
    target, predictions = counts(4)
    predictions.loc[1, "value"] = missing
    predictions.loc[2, "low"] = missing
    target[3] = missing
    errors = calibration_errors(target, predictions)
    assert errors["bias"].isna().tolist() == [False, True, False, True]
    assert errors["coverage"].isna().tolist() == [False, False, True, True]


def test_a_post_with_a_missing_label_or_probability_has_no_errors():
    target, predictions = labels(3)
    target[0] = None
    predictions.loc[1, "p_neutral"] = np.nan
    errors = calibration_errors(target, predictions)
    assert errors.isna().all(axis=1).tolist() == [True, True, False]
    assert errors.notna().any(axis=1).tolist() == [False, False, True]


@pytest.mark.parametrize("make", [counts, labels])
def test_no_rows_give_no_errors(make):
    target, predictions = make(0)
    errors = calibration_errors(target, predictions)
    assert len(errors) == 0 and len(errors.columns) >= 2


@given(st.permutations(range(6)))
def test_the_index_is_kept_and_the_order_of_rows_does_not_matter(order):
    for target, predictions in (counts(6), labels(6)):
        target = pd.Series(target)
        turned = calibration_errors(target.iloc[order], predictions.iloc[order])
        assert list(turned.index) == order
        pd.testing.assert_frame_equal(turned.sort_index(), calibration_errors(target, predictions))
