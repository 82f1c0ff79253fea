"""The data of before a training, changed under its version: the monitor says so."""

import json
import shutil

import pytest

from models.history import load_history, training_period
from models.stores import Stores
from monitoring.decide import decide
from monitoring.remembered import changed_since
from monitoring.watch import assess_window
from tests import tiny_lake, tiny_stores
from tests.tiny_lake import DAYS, MODEL, day, ingest, settings, train

TRAINED, NOW = day(28), day(DAYS)


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """A home with tiny 1 of day 28 as champion, and what came after."""
    stores = Stores(settings(tmp_path_factory.mktemp("lived") / "home"))
    tiny_stores.empty(stores.settings.mlflow_path)
    ingest(stores.lake, 0, DAYS)
    train(stores, MODEL, TRAINED)
    stores.registry.set_alias("tiny", "champion", "1")
    stores.refresh_features(NOW)
    return stores


@pytest.fixture
def stores(lived, tmp_path):
    """The same home with a lake of its own."""
    shutil.copytree(lived.settings.lake_path, tmp_path / "lake")
    found = Stores(settings(tmp_path))
    found.registry = lived.registry
    return found


def seen(stores, about=None):
    stores.refresh_features(NOW)
    history = load_history(stores, MODEL, training_period(stores, NOW), NOW)
    return changed_since(about or stores.registry.about("tiny", "1"), history)


def test_data_that_stayed_as_it_was_is_not_spoken_of(stores):
    assert seen(stores) == ""
    ingest(stores.lake, DAYS - 1, DAYS, seed=4)
    assert seen(stores) == "", "what came since the training is not of its reference"


def test_posts_that_were_added_to_the_past_are_told_in_the_decision(stores, monkeypatch):
    post = tiny_lake._post
    monkeypatch.setattr(tiny_lake, "_post", lambda *about: (made := post(*about)) | {"text": made["text"] * 9})
    ingest(stores.lake, 16, 20, seed=2)
    stores.refresh_features(NOW)
    evidence, _ = assess_window(stores, MODEL, NOW)
    told = next(words for words in evidence.unjudged if "not those of its training any more" in words)
    assert (
        told.startswith("the posts of 2012-04-15 00:00 to 2012-04-29 00:00 are not") and "354 in place of 274" in told
    )
    assert told.endswith("with other values of chars and topic_mean_28d")
    assert told in str(decide(evidence, stores.settings))


def test_a_version_of_before_there_were_baselines_is_judged_without_one(stores):
    about = stores.registry.about("tiny", "1")
    assert seen(stores, {"features.json": about["features.json"]}) == ""
    assert seen(stores, about | {"training.json": json.dumps({"data": None}).encode()}) == ""
