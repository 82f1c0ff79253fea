"""What is said of a model whose new version was taken back before the next window was judged."""

from datetime import timedelta

import pytest

from models.stores import Stores
from monitoring.headline import headline
from monitoring.outlook import outlook
from tests.tiny_story import AT
from trimtab.settings import Settings


@pytest.fixture
def stores(tmp_path):
    stores, about = Stores(Settings(home=tmp_path)), {"model": "tiny", "actor": "test"}
    decided = {"action": "retrain", "window_end": AT.isoformat(), "window_start": (AT - timedelta(days=7)).isoformat()}
    stores.ledger.append("promoted", at=AT - timedelta(days=9), version="1", reason="the first", **about)
    stores.ledger.append("decision", at=AT, version="1", reason="it lags", evidence=decided, **about)
    stores.ledger.append("promoted", at=AT, version="2", previous="1", reason="better", **about)
    later = AT + timedelta(days=2)
    stores.ledger.append("rolled_back", at=later, version="1", previous="2", reason="a drill", **about)
    return stores


def test_the_outlook_does_not_say_that_the_version_that_left_answers(stores):
    said = outlook(stores.ledger, stores.ledger.entries("tiny"), "tiny", "1", AT, stores.settings)
    assert said == (
        "It was carried out: a challenger was made, version 2, which was taken back on 2012-04-23; version 1 answers "
        "again, until the next window is judged."
    )


def test_the_headline_says_that_the_version_before_is_back_and_not_that_another_is_made():
    last = {"version": "1", "action": "retrain", "end": AT, "rise": 0.5, "calls": True}
    told = {"review": None, "champion": "1", "windows": [last], "left": "2", "since": AT, "by_hand": False}
    said = headline(told | {"since_decided": ["promoted", "rolled_back"]}, "tiny", AT, 7)
    assert (said["state"], said["sentence"]) == (
        "watch",
        "The tiny model is back at version 1, since version 2 was taken back.",
    )
