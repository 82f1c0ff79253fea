"""What a person may expect of the engagement model, on posts whose truth is known."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.artifact import scoring_source
from models.engagement import MODEL, metrics
from models.scoring_engagement import COLUMNS, KEYS, NUMBERS, Scorer
from models.spec import FitSettings, Fitted
from tests.engagement_posts import make_rows
from trimtab.errors import NotEnoughData

SETTINGS = FitSettings(seed=3, threads=1)


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return MODEL.fit(make_rows(), SETTINGS)


@pytest.fixture(scope="module")
def bundle(fitted, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    for name, content in fitted.files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def scorer(bundle) -> Scorer:
    return Scorer.load(str(bundle))


def test_the_same_rows_give_the_same_bundle(fitted):
    again = MODEL.fit(make_rows(), SETTINGS)
    assert again.files == fitted.files
    assert again.params == fitted.params


def test_another_seed_gives_another_booster(fitted):
    other = MODEL.fit(make_rows(), FitSettings(seed=4, threads=1))
    assert other.files["booster.txt"] != fitted.files["booster.txt"]


def test_a_post_is_scored_the_same_alone_or_among_many_in_a_frame_or_by_column(scorer, monkeypatch):
    rows = make_rows(60, seed=5).assign(has_link=np.nan, link_domain="ä.example")
    rows = rows.astype(dict.fromkeys(NUMBERS, np.float32))  # as features are
    rows.loc[::7, ["text", "topic"]] = ["", None]
    rows.loc[::5, "text"] = "ΣΑΣ İs this NEWS? 123 \ud83d"
    wanted = scorer.predict(rows)
    columns = {
        name: rows[name].to_numpy(object if name in KEYS else np.float32, na_value=None) for name in [*KEYS, *NUMBERS]
    }
    alone = [scorer.score({name: values[at : at + 1] for name, values in columns.items()}) for at in range(len(rows))]
    monkeypatch.setitem(scorer.predict.__func__.__globals__, "FEW", 0)
    for name in wanted:
        assert np.concatenate([one[name] for one in alone]).tobytes() == wanted[name].to_numpy().tobytes()
    pd.testing.assert_frame_equal(scorer.predict(rows), wanted, check_exact=True)


def test_it_learns_more_than_the_level_of_the_topic(scorer):
    fresh = make_rows(1000, seed=1)
    level_only = np.abs(fresh["target"] - fresh["topic_mean_28d"]).mean()
    assert metrics(fresh, scorer.predict(fresh))["mae"] < 0.9 * level_only


def test_the_interval_holds_about_the_share_asked_for(scorer):
    fresh = make_rows(2000, seed=2)
    assert metrics(fresh, scorer.predict(fresh))["coverage"] == pytest.approx(0.8, abs=0.08)


def test_value_lies_within_its_interval_and_no_count_is_negative(scorer):
    found = scorer.predict(make_rows(500, seed=3).assign(topic_mean_28d=0.0))
    assert (found["low"] <= found["value"]).all()
    assert (found["value"] <= found["high"]).all()
    assert (found["low"] >= 0).all()


def test_a_word_that_draws_comments_raises_the_prediction(scorer):
    rows = make_rows(200, seed=4)
    plain = rows.assign(text=rows["text"].str.replace(" why", ""))
    gain = scorer.predict(plain.assign(text=plain["text"] + " why"))["value"] - scorer.predict(plain)["value"]
    assert gain.mean() > 0.5


def test_capitals_and_punctuation_do_not_move_the_words(scorer):
    rows = make_rows(50, seed=5)
    shouted = rows.assign(text=rows["text"].str.upper() + "...")
    pd.testing.assert_frame_equal(scorer.predict(rows), scorer.predict(shouted))


def test_a_topic_that_rises_takes_its_posts_along_without_a_retrain(scorer):
    rows = make_rows(200, seed=6)
    risen = scorer.predict(rows.assign(topic_mean_28d=rows["topic_mean_28d"] + 1))["value"]
    assert (risen - scorer.predict(rows)["value"]).mean() > 0.5


def test_a_row_is_scored_alike_alone_and_among_others(scorer):
    rows = make_rows(60, seed=7)
    together = scorer.predict(rows)
    alone = pd.concat([scorer.predict(rows.iloc[[place]]) for place in range(len(rows))])
    pd.testing.assert_frame_equal(together, alone)


def test_posts_of_which_nothing_is_known_are_scored(scorer):
    texts = [None, "", "👍🏽 שלום", "half \ud83d pair", "x" * 5_000_000, "nul \x00 byte"]
    rows = pd.DataFrame(
        {"text": texts, "platform": "nowhere", "topic": None, "link_domain": [None, "a.b", "", "c", None, "d"]},
        index=[9, 8, 7, 6, 5, 4],
    ).assign(**dict.fromkeys(NUMBERS, np.nan))
    found = scorer.predict(rows)
    assert np.isfinite(found.to_numpy()).all()
    assert list(found.index) == [9, 8, 7, 6, 5, 4]


def test_no_posts_give_no_predictions(scorer):
    assert list(scorer.predict(make_rows(5).iloc[:0]).columns) == ["value", "low", "high"]
    assert scorer.explain(make_rows(5).iloc[:0]).empty


def test_an_explanation_adds_up_to_the_value(scorer):
    rows = make_rows(100, seed=8)
    parts = scorer.explain(rows)
    assert list(parts.columns) == [*COLUMNS, "bias", "level"]
    np.testing.assert_allclose(parts.sum(axis=1).clip(lower=0), scorer.predict(rows)["value"], atol=1e-6)


def test_the_scoring_file_runs_where_nothing_of_ours_is_installed(bundle, scorer, tmp_path):
    rows = make_rows(20, seed=9)
    rows.to_parquet(tmp_path / "rows.parquet")
    (tmp_path / "served.py").write_text(scoring_source(MODEL.scoring))
    script = (
        "import sys, pandas; sys.path.insert(0, '.'); import served; "
        f"served.Scorer.load({str(bundle)!r}).predict(pandas.read_parquet('rows.parquet')).to_parquet('out.parquet'); "
        "assert not {'models', 'trimtab'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-I", "-c", script], cwd=tmp_path, check=True)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out.parquet"), scorer.predict(rows))


def test_too_few_rows_are_refused_with_a_reason():
    with pytest.raises(NotEnoughData, match="longer period"):
        MODEL.fit(make_rows(20), SETTINGS)


def test_a_small_history_is_enough_to_learn_from():
    found = MODEL.fit(make_rows(300), SETTINGS)
    assert found.params["rounds"] >= 1
