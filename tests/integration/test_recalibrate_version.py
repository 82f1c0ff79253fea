"""A recalibrated version in real stores: it shares the champion's booster, is judged like any other, and says so."""

from dataclasses import replace
from datetime import timedelta

import pytest

from models.history import History
from models.recalibrate import recalibrate
from models.retrain import retrain
from models.stores import Stores
from tests import tiny_stores
from tests.tiny_model import MODEL, frame
from trimtab.errors import NotEnoughData, RegistryError
from trimtab.settings import Settings, Training
from trimtab.windows import utc

START = utc("2012-04-01")
TRAINED, CHANGED, NOW = (START + timedelta(days=day) for day in (30, 40, 58))
CUT = NOW - timedelta(days=7)


@pytest.fixture
def history():
    """60 days; every post gets half a unit more from CHANGED on."""
    rows = frame(4000, days=60, seed=3)
    target = rows["target"] + 0.5 * (rows["event_timestamp"] >= CHANGED)
    outcomes = rows[["post_id"]].assign(target=target, label_known_at=rows["event_timestamp"] + timedelta(hours=48))
    return History(rows.drop(columns="target"), outcomes)


@pytest.fixture
def stores(tmp_path, history):
    """A champion of before the change."""
    training = Training(min_rows=100, threads=1)
    stores = Stores(Settings(home=tmp_path / "home", models=("tests.tiny_model",), training=training))
    tiny_stores.empty(stores.settings.mlflow_path)
    retrain(stores, MODEL, history, TRAINED, "The first.", "first", actor="test")
    return stores


def recalibrated(stores, history, **more):
    about = {"cut": CUT, "since": CHANGED, "actor": "test"} | more
    return recalibrate(stores, MODEL, history, NOW, "The level moved.", "recalibrate/1", **about)


def test_it_is_promoted_with_the_booster_of_the_champion_and_an_argument(stores, history):
    done = recalibrated(stores, history)
    assert done.verdict.promoted
    assert stores.registry.aliases("tiny") == {"champion": "2", "previous": "1"}
    before, after = (stores.registry.files("tiny", version) for version in "12")
    assert after["booster.txt"] == before["booster.txt"]
    assert set(after) - set(before) == {"offset.json"}
    assert "Challenger 2 beats champion 1" in done.sentence


def test_its_card_and_its_info_say_whose_booster_it_shares_and_when_it_was_made(stores, history):
    recalibrated(stores, history)
    info = stores.registry.info("tiny", "2")
    assert (info.as_of, info.base) == (NOW, "1")
    card = stores.registry.store.client.get_model_version("tiny", "2").description
    assert "It shares the booster of version 1; only the calibrator is new" in card
    evidence = stores.ledger.entries("tiny", "trained")[-1].evidence
    assert (evidence["base"], evidence["seal"]) == ("1", info.seal)


def test_the_same_request_again_makes_no_second_version_and_tells_the_same(stores, history):
    first, again = recalibrated(stores, history), recalibrated(stores, history)
    assert again.summary() == first.summary()
    assert again.trained.scorecard == first.trained.scorecard
    assert len(stores.registry.versions("tiny")) == 2
    assert len(stores.ledger.entries("tiny", "trained")) == 2


def test_it_learns_from_nothing_that_the_champion_learned_from(stores, history):
    """Without `since`, rows of before the training are near enough in time, and still left out."""
    done = recalibrated(stores, history, since=None, cut=TRAINED + timedelta(days=20))
    rows = history.labelled(NOW)
    unseen = (rows["label_known_at"] >= TRAINED) & (rows["event_timestamp"] < TRAINED + timedelta(days=20))
    assert done.trained.learned_rows == unseen.sum()


def test_a_world_that_did_not_move_keeps_its_champion(stores, history):
    calm = History(history.posts, history.outcomes.assign(target=frame(4000, days=60, seed=3)["target"]))
    done = recalibrated(stores, calm)
    assert not done.verdict.promoted
    assert stores.registry.alias("tiny", "champion") == "1"


def test_too_few_rows_since_the_training_are_refused_with_a_way_out(stores, history):
    with pytest.raises(NotEnoughData, match="rows to recalibrate on.*Wait for outcomes"):
        recalibrated(stores, history, cut=CHANGED + timedelta(days=1))


def test_a_model_without_a_calibrator_is_told_to_retrain(stores, history):
    plain = replace(MODEL, recalibrate=None)
    with pytest.raises(RegistryError, match="tiny has no calibrator to refit"):
        recalibrate(stores, plain, history, NOW, "why", "k", actor="test")


def test_without_a_champion_there_is_nothing_to_recalibrate(stores, history, tmp_path):
    empty = Stores(stores.settings.model_copy(update={"home": tmp_path / "other"}))
    tiny_stores.empty(empty.settings.mlflow_path)
    with pytest.raises(RegistryError, match="no champion to recalibrate"):
        recalibrated(empty, history)


def test_the_files_of_a_version_that_is_not_there_are_refused(stores):
    with pytest.raises(RegistryError, match="tiny has no version '9'"):
        stores.registry.files("tiny", "9")
