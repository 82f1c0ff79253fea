"""The loop over past data under a virtual clock: what it reports, and what it leaves alone."""

import json
from datetime import date, timedelta

import pytest

from flows.replay import _sentence, _totals, replay
from models.history import load_history
from models.stores import Stores
from monitoring.replay import Replay, add_metrics
from simulator.incidents import parse
from simulator.world import World
from simulator.write import write
from tests.tiny_history import END as HISTORY_END
from tests.tiny_history import MODEL, WEEK, Said, history
from trimtab import settings
from trimtab.errors import SettingsError, UnknownModel
from trimtab.windows import Window, utc

START, END = utc("2024-02-05"), utc("2024-02-26")
AS_OF = utc("2024-03-01")


@pytest.fixture(scope="module")
def lived(tmp_path_factory):
    """(settings, source.yaml) of a stream in which the audience moves."""
    folder = tmp_path_factory.mktemp("replay")
    source = write(folder / "world", World(days=58, posts_per_day=80), [parse(f"concept_drift@{date(2024, 2, 8)}")])
    return settings.load(folder / "home"), source


def told(lived, policy):
    known, source = lived
    return replay(
        known, source, "engagement", START, END, timedelta(days=7), policy, as_of=AS_OF, progress=lambda *_: None
    )


@pytest.fixture(scope="module")
def never(lived):
    return told(lived, "never")


@pytest.fixture(scope="module")
def calendar(lived):
    return told(lived, "calendar")


def test_the_windows_are_consecutive_and_hold_every_post_once(never, lived):
    windows = never["windows"]
    assert [window["start"] for window in windows] == [START + n * timedelta(days=7) for n in range(3)]
    assert all(window["end"] - window["start"] == timedelta(days=7) for window in windows)
    published = Stores(lived[0]).lake.read("posts", ["known_at"])["known_at"].to_pandas()
    assert never["totals"]["rows"] == ((published >= START) & (published < END)).sum()


def test_every_window_says_who_scored_how_well_and_what_was_decided(never):
    for window in never["windows"]:
        assert window["version"] == "1"
        assert window["metrics"]["mae"] > 0
        assert window["labelled_rows"] == window["rows"]
        assert (window["decision"], bool(window["reasons"])) == ("none", True)
    assert never["totals"]["decisions"] == {"none": 3}


def test_the_calendar_retrains_every_window_and_each_retrain_says_what_came_of_it(calendar):
    assert calendar["totals"]["decisions"] == {"retrain": 3}
    assert all("promoted" in window["outcome"] for window in calendar["windows"])


def test_a_replay_leaves_registry_and_ledger_of_production_alone(calendar, lived):
    stores = Stores(lived[0])
    assert stores.registry.names() == []
    assert stores.ledger.entries() == []


def test_a_window_is_scored_by_what_was_known_at_its_start(calendar, lived):
    """The version that scores a window learned from nothing that became known in it."""
    scratch = Stores(lived[0].model_copy(update={"home": lived[0].home / "replays" / "simulated-engagement-calendar"}))
    trained = {info.version: info.as_of for info in scratch.registry.versions("engagement")}
    assert all(trained[window["version"]] <= window["start"] for window in calendar["windows"])


def test_a_history_of_a_later_moment_tells_the_same_of_an_earlier_one(never, lived):
    """One history serves every window: what it says of a past moment is what was said then."""
    known, _ = lived
    stores = Stores(known.model_copy(update={"home": known.home / "replays" / "simulated-engagement-never"}))
    stores.lake = Stores(known).lake
    model, period = stores.model("engagement"), Window(utc("2024-01-01"), END)
    late = load_history(stores, model, period, AS_OF).labelled(START)
    then = Stores(known.model_copy(update={"home": known.home / "then"}))
    then.lake = stores.lake
    then.refresh_features(START)
    early = load_history(then, model, period, START).labelled(START)
    assert len(early) > 1000
    columns = ["post_id", "target", "label_known_at", "topic_mean_28d", "author_posts_7d", "chars"]
    assert late[columns].equals(early[columns])


def test_views_are_built_once_and_never_taken_back(never, lived):
    known, _ = lived
    stores = Stores(known.model_copy(update={"home": known.home / "replays" / "simulated-engagement-never"}))
    stores.lake = Stores(known).lake
    view = stores.settings.features_path / "data" / "post_content.parquet"
    written = view.stat().st_mtime_ns
    assert stores.refresh_features(START)["post_content"] == stores.lake.count("posts")
    assert view.stat().st_mtime_ns == written


def test_a_metric_that_is_no_number_is_null_in_the_report_and_said_in_its_sentence():
    champion, past = Said("1", float("nan")), history()
    posts = past.scored_in(WEEK)
    done = Replay(
        [{"start": WEEK.start, "end": WEEK.end, "rows": len(posts), "version": "1", "decision": "none"}],
        [champion.predict(posts).assign(post_id=posts["post_id"], window=0)],
    )
    overall = add_metrics(MODEL, past, done, HISTORY_END)
    told = {"windows": done.windows, "totals": _totals(done, overall, "mae", 0.0)}
    assert json.loads(json.dumps(told, default=str, allow_nan=False))["windows"][0]["metrics"]["mae"] is None
    assert told["totals"]["metrics"]["mae"] is told["totals"]["mean_window_mae"] is None
    assert "posts, mae not a number, 0 retrains" in _sentence(done, overall, "mae", "never")


@pytest.mark.parametrize(
    ("model", "policy", "error"), [("engagment", "never", UnknownModel), ("engagement", "nevr", SettingsError)]
)
def test_a_slip_is_refused_before_the_work(lived, model, policy, error):
    known, source = lived
    with pytest.raises(error, match="Did you mean"):
        replay(known, source, model, START, END, timedelta(days=7), policy, as_of=AS_OF, progress=lambda *_: None)
