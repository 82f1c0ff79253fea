"""Performance estimated without labels: right under a shift of the features, and silent where it cannot be."""

import json
import math
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from monitoring.estimate import Labelled, estimated, fit_estimator, raw_losses, trust

CLASSES = ["negative", "neutral", "positive"]


def classified(rows, shift=0.0, seed=0, sharpened=1.0, flipped=0.0):
    """(predictions, losses). The classes follow one feature whose mean is `shift`; `sharpened` spoils the
    calibration, `flipped` is the share of posts whose label no longer follows the feature."""
    generator = np.random.default_rng(seed)
    x = generator.normal(shift, 1, rows)
    scores = np.exp(np.stack([-1.2 * x, np.full(rows, 0.3), 1.2 * x - 0.4], axis=1))
    true = scores / scores.sum(axis=1, keepdims=True)
    label = (generator.random((rows, 1)) > true.cumsum(axis=1)).sum(axis=1).clip(max=2)
    label = np.where(generator.random(rows) < flipped, generator.integers(0, 3, rows), label)
    said = true**sharpened / (true**sharpened).sum(axis=1, keepdims=True)
    predictions = pd.DataFrame(said, columns=[f"p_{name}" for name in CLASSES])
    return predictions, -np.log(said[np.arange(rows), label])


def counted(rows, shift=0.0, seed=0, worse=1.0):
    """(predictions, losses) of a regressor that knows how hard each post is; `worse` multiplies its errors."""
    generator = np.random.default_rng(seed)
    size = np.exp(0.4 * generator.normal(shift, 1, rows))
    value = generator.normal(3, 1, rows)
    predictions = pd.DataFrame({"value": value, "low": value - 1.3 * size, "high": value + 1.3 * size})
    return predictions, np.abs(generator.normal(0, worse, rows) * size)


def labelled(make, days=56, a_day=400, seed=0, day_sd=0.05, first=0, **options):
    """Rows of many days, each with an effect of its own on the loss."""
    generator = np.random.default_rng(seed + 1_000)
    predictions, losses = make(days * a_day, seed=seed, **options)
    day = np.repeat(np.arange(days), a_day)
    effect = np.exp(generator.normal(0, day_sd, days) - day_sd**2 / 2) if day_sd else np.ones(days)
    dates = pd.Timestamp("2012-03-05", tz="UTC") + pd.to_timedelta(day + first, unit="D")
    return Labelled(raw_losses(predictions), losses * effect[day], dates)


def fitted(reference):
    return fit_estimator(reference.raw, reference.losses, reference.days)


def learned(make, **options):
    return fitted(labelled(make, **options))


@pytest.mark.parametrize("shift", [0.0, 0.4, -0.4, 0.7])
@pytest.mark.parametrize("make", [classified, counted])
def test_the_loss_of_a_window_of_other_features_is_estimated_within_2_percent(make, shift):
    estimator = learned(make, a_day=1_500, day_sd=0.0)
    predictions, losses = make(200_000, shift=shift, seed=9)
    found = estimator.estimate(raw_losses(predictions))
    assert found.value == pytest.approx(losses.mean(), rel=0.02)


def test_probabilities_too_sure_of_themselves_are_calibrated_first():
    estimator = learned(classified, a_day=1_500, day_sd=0.0, sharpened=1.5)
    predictions, losses = classified(200_000, shift=0.5, seed=9, sharpened=1.5)
    raw = raw_losses(predictions)
    assert raw.mean() < 0.9 * losses.mean()
    assert estimator.estimate(raw).value == pytest.approx(losses.mean(), rel=0.02)


def test_the_interval_holds_the_calculated_loss_of_a_day_as_often_as_it_says():
    held = []
    for seed in range(20):
        estimator = learned(classified, a_day=100, seed=seed)
        later = labelled(classified, days=20, a_day=100, seed=seed + 500, shift=0.3)
        for raw, losses in zip(later.raw.reshape(20, 100), later.losses.reshape(20, 100), strict=True):
            found = estimator.estimate(raw, confidence=0.9)
            held.append(found.low <= losses.mean() <= found.high)
    assert np.mean(held) == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize("make", [classified, counted])
def test_a_world_that_stays_is_seldom_doubted(make):
    doubts = 0
    for seed in range(40):
        estimator = learned(make, a_day=60, seed=seed)
        later = labelled(make, days=7, a_day=60, seed=seed + 500)
        doubts += trust(estimator, later.raw, later) is not None
    assert doubts <= 3  # 0.4 expected


def test_concept_drift_is_doubted_once_labels_show_it():
    reference = labelled(classified)
    estimator = fitted(reference)
    drifted = labelled(classified, days=7, seed=7, first=60, flipped=0.3)
    before = estimated(estimator, drifted.raw)
    after = estimated(estimator, drifted.raw, drifted)
    assert before.doubt is None and before.interval is not None
    assert after.interval is None
    assert "the newest 7 days with labels the calculated loss was" in after.doubt


def test_errors_that_grew_are_doubted_also_without_an_interval():
    predictions, losses = counted(56 * 200)
    days = np.repeat(np.arange(56), 200)
    estimator = fit_estimator(raw_losses(predictions[["value"]]), losses, days)
    grown, worse = counted(7 * 200, seed=3, worse=1.3)
    raw = raw_losses(grown[["value"]])
    assert estimator.slope == 0
    assert trust(estimator, raw) is None
    assert "calculated loss" in trust(estimator, raw, Labelled(raw, worse, np.repeat(np.arange(7), 200)))


def test_a_run_of_harder_days_is_no_contradiction_where_such_runs_are_usual():
    def sticky(days, seed):
        generator = np.random.default_rng(seed)
        effect = [generator.normal()]
        while len(effect) < days:
            effect.append(0.9 * effect[-1] + 0.44 * generator.normal())
        day = np.repeat(np.arange(days), 50)
        predictions, losses = counted(len(day), seed=seed)
        return Labelled(raw_losses(predictions), losses * np.exp(0.15 * np.array(effect)[day]), day)

    doubts = 0
    for seed in range(60):
        later = sticky(7, seed + 500)
        doubts += trust(fitted(sticky(56, seed)), later.raw, later) is not None
    assert doubts <= 6  # of 60, and 15 were the days taken for independent


def test_the_further_from_the_reference_the_wider_the_interval():
    reference = labelled(counted)
    estimator = fitted(reference)
    near, far = (estimator.estimate(np.full(10_000, raw)) for raw in (estimator.centre, estimator.high))
    assert far.high - far.low > 1.1 * (near.high - near.low)


def test_an_interval_of_one_width_for_all_says_nothing_of_single_posts():
    predictions, losses = counted(56 * 100)
    value = predictions["value"]
    predictions = predictions.assign(low=value - 0.65, high=value + 0.65)  # equal but for rounding
    estimator = fit_estimator(raw_losses(predictions), losses, np.repeat(np.arange(56), 100))
    assert estimator.slope == estimator.slope_sd == 0
    assert trust(estimator, np.full(7, 1.3)) is None
    assert estimator.estimate(np.full(7, 1.3)).value == pytest.approx(losses.mean())


def test_only_the_newest_days_with_labels_count():
    estimator = learned(classified)
    then = labelled(classified, days=30, seed=7, first=60, flipped=0.3)
    now = labelled(classified, days=7, seed=8, first=90)
    both = Labelled(
        np.concatenate([then.raw, now.raw]),
        np.concatenate([then.losses, now.losses]),
        then.days.append(now.days),
    )
    assert trust(estimator, now.raw, both) is None


@pytest.mark.parametrize("factor", [0.2, 3.0])
def test_scores_beyond_what_the_reference_held_are_doubted(factor):
    reference = labelled(counted)
    doubt = trust(fitted(reference), factor * reference.raw[:1_000])
    assert "than those of the reference" in doubt


def test_one_odd_row_of_ten_is_chance_and_two_of_three_are_not():
    reference = labelled(counted)
    estimator, usual = fitted(reference), np.median(reference.raw)
    assert trust(estimator, [usual] * 9 + [100.0]) is None
    assert trust(estimator, [usual, 100.0, 100.0]) is not None


@pytest.mark.parametrize(("days", "a_day"), [(0, 0), (1, 1), (1, 5_000), (13, 400), (56, 1)])
def test_a_thin_reference_is_doubted_with_its_size(days, a_day):
    reference = labelled(counted, days=days, a_day=a_day)
    found = estimated(fitted(reference), labelled(counted).raw)
    assert found.interval is None
    assert f"the reference has {days * a_day:,} labelled rows on {days} days" in found.doubt


@pytest.mark.parametrize(("raw", "words"), [([], "no rows"), ([math.nan], "1 of 1"), ([1.0, math.inf], "1 of 2")])
def test_a_window_without_rows_or_scores_is_doubted(raw, words):
    found = estimated(learned(counted), raw)
    assert words in found.doubt
    assert found.rows == sum(math.isfinite(score) for score in raw)


def test_one_row_has_an_estimate_with_a_wide_interval():
    reference = labelled(counted)
    estimator = fitted(reference)
    one, many = (estimated(estimator, reference.raw[:rows]).interval for rows in (1, 10_000))
    assert one.high - one.low > 5 * (many.high - many.low)


def test_the_measures_show_the_estimate_and_never_alarm():
    reference = labelled(counted)
    sure = estimated(fitted(reference), reference.raw)
    doubted = estimated(fitted(reference), [math.nan, 1.0])
    assert [m.name for m in sure.measures] == ["estimated_loss", "estimated_loss_low", "estimated_loss_high"]
    assert [m.value for m in sure.measures] == [sure.interval.value, sure.interval.low, sure.interval.high]
    assert not any(m.judged or m.alarm for m in doubted.measures)
    assert {(m.kind, m.rows) for m in doubted.measures} == {("performance", 1)}
    assert not any(m.alarm or math.isfinite(m.threshold) for m in sure.measures)


def test_raw_scores_are_entropy_or_width_or_one():
    even = pd.DataFrame({"p_a": [0.5, 1.0, np.nan], "p_b": [0.5, 0.0, 0.5], "label": "a"})
    assert raw_losses(even) == pytest.approx([math.log(2), 0.0, math.nan], nan_ok=True)
    wide = pd.DataFrame({"value": [1.0, np.inf], "low": [0.0, 0.0], "high": [3.0, 3.0]})
    assert raw_losses(wide) == pytest.approx([3.0, math.nan], nan_ok=True)
    assert raw_losses(wide[["value"]]) == pytest.approx([1.0, math.nan], nan_ok=True)


def test_an_estimator_is_plain_numbers():
    estimator = learned(counted)
    assert type(estimator)(**json.loads(json.dumps(asdict(estimator)))) == estimator


def test_rows_of_the_reference_that_are_not_numbers_are_left_out():
    reference = labelled(counted)
    raw, losses, days = reference.raw.copy(), reference.losses.copy(), pd.Series(reference.days)
    raw[0], losses[1], days[2] = math.nan, math.inf, pd.NaT
    left_out = fit_estimator(raw, losses, days)
    assert left_out == fit_estimator(raw[3:], losses[3:], days[3:])


@given(seed=st.integers(0, 2**32 - 1), days=st.integers(14, 20), a_day=st.integers(8, 30))
@settings(max_examples=30, deadline=None)
def test_the_order_of_rows_does_not_matter(seed, days, a_day):
    reference = labelled(counted, days=days, a_day=a_day, seed=seed)
    order = np.random.default_rng(seed).permutation(days * a_day)
    turned = Labelled(reference.raw[order], reference.losses[order], reference.days[order])
    assert list(asdict(fitted(turned)).values()) == pytest.approx(list(asdict(fitted(reference)).values()))
    said, again = (estimated(fitted(reference), rows.raw, rows) for rows in (reference, turned))
    assert again.doubt == said.doubt
    assert said.interval is None or asdict(again.interval) == pytest.approx(asdict(said.interval))


@given(seed=st.integers(0, 1_000), rows=st.integers(1, 50), times=st.integers(1, 50))
@settings(max_examples=40, deadline=None)
def test_more_rows_never_widen_the_interval_nor_take_it_below_what_days_differ_by(seed, rows, times):
    reference = labelled(counted, days=20, a_day=30, seed=seed % 5)
    estimator = fitted(reference)
    raw = np.random.default_rng(seed).choice(reference.raw, rows)
    few, many = estimator.estimate(raw), estimator.estimate(np.tile(raw, times))
    assert many.high - many.low <= (few.high - few.low) * (1 + 1e-9)
    assert many.high - many.low >= 2 * 1.96 * estimator.day_sd


LOSSES = npst.arrays(float, st.shared(st.integers(0, 40), key="rows"), elements=st.floats(width=64))
DAYS = npst.arrays(np.int64, st.shared(st.integers(0, 40), key="rows"), elements=st.integers(0, 30))


@given(raw=LOSSES, losses=LOSSES, days=DAYS, repeats=st.integers(1, 6))
@settings(max_examples=300, deadline=None)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_no_input_raises_and_an_estimate_is_finite_or_doubted(raw, losses, days, repeats):
    reference = Labelled(*(np.tile(part, repeats) for part in (raw, losses, days)))
    estimator = fitted(reference)
    estimator.estimate(raw)
    found = estimated(estimator, raw, Labelled(raw, losses, days))
    assert (found.doubt is None) != (found.interval is None)
    if found.interval:
        assert all(math.isfinite(end) for end in (found.interval.value, found.interval.low, found.interval.high))
