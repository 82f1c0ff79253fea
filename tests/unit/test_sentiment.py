import numpy as np
import pandas as pd
import pytest

from models.artifact import requirements
from models.scores_sentiment import calibration_error
from models.scoring_sentiment import FEATURES
from models.sentiment import MODEL, recency
from models.spec import FitSettings
from tests.tiny_sentiment import fitted, posts, rows, scorer
from trimtab.errors import NotEnoughData


def test_same_rows_give_the_same_bundle_byte_for_byte():
    assert MODEL.fit(rows(), FitSettings(threads=1)).files == fitted().files


def test_the_order_of_rows_of_different_times_does_not_matter():
    assert MODEL.fit(rows().sample(frac=1, random_state=0), FitSettings()).files == fitted().files


def test_the_bundle_holds_text_and_plain_arrays_only():
    assert set(fitted().files) == {"booster.txt", "linear.npz", "lexicon.json", "decision.json"}
    assert fitted().files["booster.txt"].startswith(b"tree")
    assert set(scorer().state) >= {"words_columns", "words_idf", "joint_weights"}  # read with allow_pickle=False


def test_the_scoring_module_imports_nothing_of_ours():
    assert {line.split("==")[0] for line in requirements(MODEL.scoring)} == {
        "lightgbm",
        "mlflow",
        "numpy",
        "pandas",
        "scipy",
    }


def test_predictions_keep_the_index_of_the_posts():
    frame = posts("a", "b").set_index(pd.Index([7, 3]))
    assert scorer().predict(frame).index.tolist() == [7, 3]
    assert scorer().explain(frame).index.tolist() == [7, 3]


def test_contributions_add_up_to_the_raw_score_of_the_label_decided_on():
    frame = posts("I love this film", "I hate it")
    raw = scorer().scores(frame, 1, raw_score=True)[:, :, 0]
    decided = [["negative", "neutral", "positive"].index(label) for label in scorer().predict(frame)["label"]]
    explained = scorer().explain(frame)
    assert list(explained.columns) == [*FEATURES, "bias"]
    np.testing.assert_allclose(explained.sum(axis=1), raw[[0, 1], decided])


def test_no_posts_give_no_predictions():
    assert scorer().predict(posts()).empty
    assert scorer().explain(posts()).empty


def test_a_label_with_too_few_posts_is_refused_by_name():
    with pytest.raises(NotEnoughData, match="posts labelled negative"):
        MODEL.fit(rows()[lambda frame: frame["target"] != "negative"], FitSettings())


def test_posts_without_a_word_in_common_train_all_the_same():
    frame = rows(60).assign(text=[f"{chr(0x4E00 + i)}" for i in range(60)])
    assert MODEL.fit(frame, FitSettings()).files


def test_a_year_old_post_weighs_half_and_an_old_one_a_tenth():
    times = pd.to_datetime(["2010-01-01", "2014-01-01", "2015-01-01"], utc=True)
    assert recency(pd.DataFrame({"event_timestamp": times})).tolist() == [0.1, 0.5, 1.0]


def test_fresh_posts_like_those_learned_from_are_labelled_right():
    fresh = rows(200, seed=1)
    found = MODEL.metrics(fresh, scorer().predict(fresh))
    assert found["average_recall"] > 0.95
    assert found["log_loss"] < 0.3


def predictions(*found):
    frame = pd.DataFrame(found, columns=["p_negative", "p_neutral", "p_positive"])
    return frame.assign(label=frame.idxmax(axis=1).str.removeprefix("p_"))


def test_metrics_of_two_posts_are_those_by_hand():
    truth = pd.DataFrame({"target": ["negative", "positive"]})
    found = MODEL.metrics(truth, predictions([0.8, 0.1, 0.1], [0.6, 0.1, 0.3]))
    assert found["log_loss"] == pytest.approx(-(np.log(0.8) + np.log(0.3)) / 2)
    assert found["average_recall"] == 0.5  # of the two labels that occur
    assert found["f1_poles"] == pytest.approx((2 / 3 + 0) / 2)
    assert found["accuracy"] == 0.5
    assert MODEL.losses(truth, predictions([0.8, 0.1, 0.1], [0.6, 0.1, 0.3])).tolist() == pytest.approx(
        [-np.log(0.8), -np.log(0.3)]
    )


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    found = np.tile([0.9, 0.05, 0.05], (10, 1))
    assert calibration_error(found, np.array([0] * 9 + [1])) == pytest.approx(0)
    assert calibration_error(found, np.array([0] * 5 + [1] * 5)) == pytest.approx(0.4)


def test_every_slicing_names_every_post():
    found = MODEL.slices(rows(50))
    assert found.notna().all(axis=None)
    assert {"platform", "length"} <= set(found.columns)
