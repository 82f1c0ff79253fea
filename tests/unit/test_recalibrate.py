"""Both models' calibrators after the audience moved: the booster stays, the loss falls."""

import json
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import engagement, sentiment
from models.bundle import scorer_of
from models.calibration_engagement import LEAST_ROWS, SLOPES, calibration
from models.spec import FitSettings, Fitted
from tests.engagement_posts import make_rows
from tests.tiny_sentiment import BAD, GOOD, MOODY, PLAIN, THINGS
from trimtab.errors import NotEnoughData

SETTINGS = FitSettings(seed=3, threads=1)
LABELS = np.array(["negative", "neutral", "positive"])


def moods(count: int, seed: int, shares=(1 / 3, 1 / 3, 1 / 3)) -> pd.DataFrame:
    """Posts with labels in these shares; half of the texts do not tell their label."""
    draw = np.random.default_rng(seed)
    label = np.concatenate([LABELS, draw.choice(LABELS, count - 3, p=shares)])
    plain = (draw.random(count) < 0.5) | (label == "neutral")
    words = [draw.choice(GOOD if name == "positive" else BAD) for name in label]
    text = [
        draw.choice(PLAIN).format(draw.choice(THINGS))
        if hidden
        else draw.choice(MOODY).format(draw.choice(THINGS), word)
        for hidden, word in zip(plain, words, strict=True)
    ]
    times = pd.Timestamp("2012-04-01", tz="UTC") + pd.to_timedelta(np.arange(count), unit="h")
    return pd.DataFrame({"text": text, "target": label, "event_timestamp": times})


@cache
def engagement_files() -> dict[str, bytes]:
    return engagement.fit(make_rows(), SETTINGS).files


@cache
def sentiment_files() -> dict[str, bytes]:
    return sentiment.fit(moods(900, seed=0), SETTINGS).files


def moved(seed: int, count: int = 600) -> pd.DataFrame:
    """Every count is larger by a half, which no feature tells."""
    rows = make_rows(count, seed)
    return rows.assign(target=rows["target"] + 0.5)


def predicted(model, files, rows) -> pd.DataFrame:
    return scorer_of(model.MODEL.scoring, files).predict(rows)


def loss(model, files, rows) -> float:
    return float(model.MODEL.losses(rows, predicted(model, files, rows)).mean())


CASES = [
    (engagement, engagement_files, moved(1), moved(2), "state.json", 0.12),
    (sentiment, sentiment_files, moods(600, 1, (0.1, 0.1, 0.8)), moods(600, 2, (0.1, 0.1, 0.8)), "decision.json", 0.1),
]


@pytest.mark.parametrize(("model", "files", "recent", "later", "changed", "least"), CASES)
def test_after_a_shift_the_new_calibrator_loses_less_on_later_posts(model, files, recent, later, changed, least):
    after = model.MODEL.recalibrate(files(), recent, SETTINGS)
    assert loss(model, after.files, later) < loss(model, files(), later) - least


@pytest.mark.parametrize(("model", "files", "recent", "later", "changed", "least"), CASES)
def test_all_but_the_calibrator_is_the_same_byte_for_byte(model, files, recent, later, changed, least):
    after = model.MODEL.recalibrate(files(), recent, SETTINGS)
    assert {name for name in after.files if after.files[name] != files()[name]} == {changed}
    assert set(after.files) == set(files())
    assert after.importance
    assert model.MODEL.recalibrate(files(), recent, SETTINGS).files == after.files


def test_recalibrating_keeps_the_order_of_engagement():
    after = engagement.recalibrate(engagement_files(), moved(1), SETTINGS)
    rows = moved(2)
    before, now = (predicted(engagement, files, rows)["value"] for files in (engagement_files(), after.files))
    above = before > 0
    assert (before[above].rank() == now[above].rank()).all()


def test_recalibrating_keeps_the_order_of_any_two_labels_odds():
    after = sentiment.recalibrate(sentiment_files(), moods(600, 1, (0.1, 0.1, 0.8)), SETTINGS)
    rows = moods(300, 2)
    told = [predicted(sentiment, files, rows) for files in (sentiment_files(), after.files)]
    before, now = (np.log(said["p_positive"] / said["p_negative"]).round(6).rank() for said in told)
    np.testing.assert_allclose(before, now)


def test_the_interval_of_engagement_covers_again():
    after = engagement.recalibrate(engagement_files(), moved(1), SETTINGS)
    found = engagement.metrics(moved(2, 1500), predicted(engagement, after.files, moved(2, 1500)))
    assert found["coverage"] == pytest.approx(SETTINGS.interval_share, abs=0.05)
    assert abs(found["bias"]) < 0.1


def test_contributions_still_add_up_to_the_recalibrated_value():
    after: Fitted = engagement.recalibrate(engagement_files(), moved(1), SETTINGS)
    rows, scorer = moved(2, 50), scorer_of(engagement.MODEL.scoring, after.files)
    np.testing.assert_allclose(scorer.explain(rows).sum(axis=1), scorer.predict(rows)["value"], atol=1e-6)


def test_a_bundle_from_before_calibration_scores_as_it_did():
    state = json.loads(engagement_files()["state.json"])
    assert state.pop("calibration") == [0.0, 1.0]
    old = {**engagement_files(), "state.json": json.dumps(state).encode()}
    rows = make_rows(50, 2)
    pd.testing.assert_frame_equal(predicted(engagement, old, rows), predicted(engagement, engagement_files(), rows))


@given(st.integers(LEAST_ROWS, 400), st.floats(-2, 2), st.floats(0, 3), st.integers(0, 50))
def test_the_line_stays_within_its_bounds_and_few_rows_move_it_less(count, shift, slope, seed):
    draw = np.random.default_rng(seed)
    raw = draw.normal(2, 1, count)
    found = calibration(raw, shift + slope * raw + draw.standard_t(2, count) * 0.1)
    assert SLOPES[0] <= found[1] <= SLOPES[1]
    assert np.isfinite(found).all()


def test_many_rows_find_the_line_despite_heavy_tails():
    draw = np.random.default_rng(0)
    raw = draw.normal(2, 1, 3000)
    target = 0.4 + 0.8 * raw + draw.standard_t(1.5, 3000) * 0.2
    assert calibration(raw, target) == pytest.approx((0.4, 0.8), abs=0.05)


@pytest.mark.parametrize(
    ("model", "files", "rows"),
    [(engagement, engagement_files, moved(1, 20)), (sentiment, sentiment_files, moods(40, 1, (0.0, 0.2, 0.8)))],
)
def test_too_few_rows_are_refused(model, files, rows):
    with pytest.raises(NotEnoughData):
        model.MODEL.recalibrate(files(), rows, SETTINGS)
