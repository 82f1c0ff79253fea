"""The daily look at a new champion, on a real lake, features, registry and ledger; the monitor never runs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from flows.act import carry_out
from models.history import load_history
from models.promotion import promote
from models.stores import Stores
from models.watch import running
from monitoring.assess import assess
from monitoring.decide import decide
from monitoring.serving import serving_of
from monitoring.watch import record
from monitoring.watching import look_at_watch
from tests import tiny_lake, tiny_stores
from tests.tiny_lake import MODEL, day, fit, ingest, train
from trimtab.ledger import Ledger
from trimtab.settings import Monitoring
from trimtab.windows import Window

RELEASE, LAST = 30, 45


def worse(rows, settings):
    return fit(rows.assign(target=rows["target"] * 0.7), settings)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A lake of 45 days and three versions: 1 served before, 2 says three tenths too little, 3 is as good as 1."""
    settings = tiny_lake.settings(tmp_path_factory.mktemp("home"))
    stores = Stores(settings.model_copy(update={"monitoring": Monitoring(reference_days=14, min_rows=40)}))
    tiny_stores.empty(stores.settings.mlflow_path)
    ingest(stores.lake, 0, LAST)
    train(stores, MODEL, day(RELEASE - 2))
    train(stores, replace(MODEL, fit=worse), day(RELEASE - 1))
    train(stores, MODEL, day(RELEASE - 2) + timedelta(minutes=1))
    stores.refresh_features(day(LAST))
    return stores


@pytest.fixture
def stores(made, tmp_path):
    """Its lake and features, with a registry and a ledger of one's own."""
    found = Stores(made.settings)
    found.registry = tiny_stores.copy(made.settings.mlflow_path, tmp_path / "mlflow")
    found.ledger = Ledger(tmp_path / "ledger.db")
    return found


def released(stores, version, at=RELEASE):
    for number, moment in (("1", at - 2), (version, at)):
        promote(stores.registry, stores.ledger, "tiny", number, at=day(moment), actor="ana", reason="y")
    return stores


def looks(stores, until=LAST, since=RELEASE):
    """What each daily look at six in the morning came to."""
    return [look_at_watch(stores, MODEL, day(number + 0.25)) for number in range(since, until)]


def decided(stores):
    return stores.ledger.entries("tiny", "decision")


def test_a_bad_release_is_decided_to_be_rolled_back_by_daily_looks_alone(stores):
    found = looks(released(stores, "2"), until=RELEASE + 8)
    first = next(number for number, entry in enumerate(found) if entry is not None)
    entry = found[first]
    assert entry.kind == "decision" and first >= 4, "two days with labels at least, which come after two"
    assert (entry.version, entry.actor, entry.at) == ("2", "watch flow", day(RELEASE + first + 0.25))
    assert entry.reason.startswith(
        f"tiny version 2, 2012-05-01 00:00 to {day(RELEASE + first):%Y-%m-%d} 00:00: on the same "
    )
    assert entry.reason.endswith("version 1 is to be put back in place of version 2; no retrain is asked for.")
    kept = entry.evidence
    assert (kept["action"], kept["previous"], kept["report"], kept["looked_at"]) == ("rollback", "1", None, "watch")
    assert (kept["window_start"], kept["window_end"]) == (day(RELEASE).isoformat(), day(RELEASE + first).isoformat())
    assert kept["watch"]["days"] >= 2 and kept["watch"]["spent"] >= 1 and kept["against_previous"][1] > 0
    assert running(stores.ledger, "tiny") is not None, "what is decided is carried out by others"
    assert stores.registry.alias("tiny", "champion") == "2"


def test_twice_on_a_day_writes_once(stores):
    entry = next(filter(None, looks(released(stores, "2"), until=RELEASE + 8)))
    before = len(stores.ledger.entries())
    for hours in (0, 1, 12):
        assert look_at_watch(stores, MODEL, entry.at + timedelta(hours=hours)) == entry
    assert len(stores.ledger.entries()) == before


def test_the_look_and_the_monitor_see_the_same_evidence_at_any_hour(stores):
    released(stores, "2")
    history = load_history(stores, MODEL, Window(day(0), day(LAST)), day(LAST))
    entry = look_at_watch(stores, MODEL, day(RELEASE + 9))
    for hour in (0.0, 0.4, 0.9):
        end = day(RELEASE + 9 + hour)
        window = Window(end - timedelta(days=7), end)
        seen = assess(MODEL, history, serving_of(stores, MODEL, end), window, stores.settings, looks_at=frozenset())
        assert seen.paired.evidence / seen.paired.limit == pytest.approx(entry.evidence["watch"]["spent"], rel=1e-3)
        assert (seen.paired.rows, seen.paired.days) == (entry.evidence["watch"]["posts"], 7)


def test_a_good_release_ends_its_watch_and_days_without_news_write_nothing(stores):
    found = looks(released(stores, "3"))
    ended = [entry for entry in found if entry is not None]
    assert [entry.kind for entry in ended] == ["watch_ended"]
    assert ended[0].evidence["verdict"] in ("no worse", "better")
    assert ended[0].actor == "watch flow" and "the watch over it ends" in ended[0].reason
    assert ended[0].evidence["watch"]["days"] >= stores.settings.watch.least_days
    assert not decided(stores) and running(stores.ledger, "tiny") is None


def test_nothing_is_looked_at_before_a_release_or_after_a_rollback(stores):
    assert look_at_watch(stores, MODEL, day(RELEASE)) is None
    entry = next(filter(None, looks(released(stores, "2"), until=RELEASE + 8)))
    assert carry_out(stores, entry, entry.at)["sentence"] == "tiny 1 serves again in place of 2."
    assert look_at_watch(stores, MODEL, entry.at + timedelta(days=1)) is None


def test_what_watch_and_monitor_both_decided_is_carried_out_once(stores):
    entry = next(filter(None, looks(released(stores, "2"), until=RELEASE + 8)))
    window = Window(day(RELEASE + 1), day(RELEASE + 8))
    history = load_history(stores, MODEL, Window(day(0), window.end), window.end)
    seen = assess(MODEL, history, serving_of(stores, MODEL, window.end), window, stores.settings, looks_at=frozenset())
    other = record(stores, seen, decide(seen, stores.settings), stores.settings.home / "page.html")
    assert {(each.evidence["action"], each.actor) for each in decided(stores)} == {
        ("rollback", "watch flow"),
        ("rollback", "monitor flow"),
    }
    assert carry_out(stores, other, other.at)["done"] == "now"
    late = carry_out(stores, entry, other.at + timedelta(minutes=1))
    assert (late["done"], late["sentence"]) == (
        "not",
        "Nothing was changed: tiny 2 serves no more, so there is nothing to roll back; tiny 1 serves.",
    )
    assert stores.registry.alias("tiny", "champion") == "1"


def test_a_watch_whose_other_version_was_deleted_ends_and_says_so(stores):
    released(stores, "2")
    stores.registry.store.client.delete_model_version("tiny", "1")
    ended = look_at_watch(stores, MODEL, day(RELEASE + 3))
    assert ended.evidence["verdict"] == "undecided" and "version 1 is not there any more" in ended.reason
    assert look_at_watch(stores, MODEL, day(RELEASE + 4)) is None


def test_harm_on_broken_data_is_left_to_the_monitor(made, tmp_path, monkeypatch):
    broken = Stores(made.settings.model_copy(update={"home": tmp_path}))
    broken.registry = tiny_stores.copy(made.settings.mlflow_path, tmp_path / "mlflow")
    ingest(broken.lake, 0, RELEASE)
    post = tiny_lake._post
    monkeypatch.setattr(tiny_lake, "_post", lambda *about: post(*about) | {"topic": None})
    ingest(broken.lake, RELEASE, RELEASE + 9)
    broken.refresh_features(day(RELEASE + 9))
    released(broken, "2")
    window = Window(day(RELEASE + 1), day(RELEASE + 8))
    history = load_history(broken, MODEL, Window(day(0), window.end), window.end)
    serving = serving_of(broken, MODEL, window.end)
    seen = assess(MODEL, history, serving, window, broken.settings, looks_at=frozenset())
    assert seen.paired.worse and decide(seen, broken.settings).action == "quarantine"
    assert look_at_watch(broken, MODEL, window.end) is None and not decided(broken)
