"""Evidence on a champion, put together from a history: what a rollback and a retrain rest on."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from models.history import History
from monitoring.assess import Serving, assess
from monitoring.decide import decide
from tests.tiny_model import MODEL, frame
from trimtab.settings import Monitoring, Settings, Training
from trimtab.windows import Window

HORIZON = pd.Timedelta(hours=48)
SETTINGS = Settings(training=Training(min_rows=50, fresh_days=7), monitoring=Monitoring(min_rows=50))


class Version:
    """A version that says the target of the row plus an error of its own: what it would take a fit to be so good."""

    def __init__(self, version: str, error: float) -> None:
        self.version, self.error = version, error

    def predict(self, rows):
        value = rows["truth"] + self.error
        return pd.DataFrame({"value": value, "low": value - 1, "high": value + 1}, index=rows.index)


@pytest.fixture
def history():
    rows = frame(rows=4000, days=60)
    noise = np.random.default_rng(1).normal(0, 0.1, len(rows))
    posts = rows.drop(columns="target").assign(
        truth=rows["target"] + noise, published_at=rows["event_timestamp"], text="a post"
    )
    known = rows["event_timestamp"] + HORIZON
    outcomes = pd.DataFrame({"post_id": rows["post_id"], "target": rows["target"], "label_known_at": known})
    return History(posts, outcomes)


def window(history):
    end = history.posts["event_timestamp"].max().floor("D").to_pydatetime()
    return Window(end - timedelta(days=7), end)


def serving(history, champion: float, previous: float):
    now = window(history).end
    return Serving(
        champion=Version("2", champion),
        trained_at=now - timedelta(days=10),
        previous=Version("1", previous),
        previous_trained_at=now - timedelta(days=24),
        promoted_at=now - timedelta(days=10),
    )


def decided(history, champion, previous):
    evidence = assess(MODEL, history, serving(history, champion, previous), window(history), SETTINGS)
    return decide(evidence, SETTINGS.monitoring)


def test_a_champion_worse_than_the_version_before_it_on_the_same_rows_is_rolled_back(history):
    assert decided(history, champion=0.5, previous=0.0).action == "rollback"


def test_a_champion_that_gives_no_numbers_is_rolled_back(history):
    decision = decided(history, champion=float("nan"), previous=0.0)
    assert decision.action == "rollback"
    assert "not numbers" in str(decision)


def test_an_equal_champion_stays(history):
    assert decided(history, champion=0.0, previous=0.0).action == "none"


def test_a_version_promoted_in_the_middle_of_a_move_is_held_to_what_the_one_before_reached(history):
    """Both versions do badly since the move; the one before had been judged before it."""
    now = window(history).end
    moved = history.posts["event_timestamp"] >= pd.Timestamp(now - timedelta(days=20))
    posts = history.posts.assign(truth=history.posts["truth"] + 0.6 * moved)
    evidence = assess(
        MODEL, replace(history, posts=posts), serving(history, champion=0.0, previous=0.0), window(history), SETTINGS
    )
    assert decide(evidence, SETTINGS.monitoring).action == "retrain"
    late = replace(serving(history, 0.0, 0.0), promoted_at=now - timedelta(days=40))
    after = assess(MODEL, replace(history, posts=posts), late, window(history), SETTINGS)
    assert decide(after, SETTINGS.monitoring).action == "none", "after probation, a harder world is the world"
