"""Flows whose stores are in trouble: people are told all the same, and no model waits for another."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from prefect import Task

from flows import steps
from flows.act import act
from flows.monitor import monitor
from flows.release import release
from flows.watch import watch
from models.promotion import promote
from models.stores import Stores
from tests import tiny_stores
from tests.listening import listening
from trimtab import settings
from trimtab.errors import Unavailable
from trimtab.windows import utc

NOW, DAY = utc("2024-03-04"), timedelta(days=1)
TROUBLE = "ingest of reddit failed: The file is gone."


@pytest.fixture
def receiver():
    with listening() as found:
        yield found


@pytest.fixture
def stores(tmp_path, monkeypatch, receiver):
    """Of a home in which `ingest` had failed and nobody was told yet; flows run without a Prefect server."""
    for name, step in [*vars(steps).items()]:
        if isinstance(step, Task):
            monkeypatch.setattr(steps, name, step.fn)
    monkeypatch.setattr("flows.release.act", act.fn)
    monkeypatch.setenv("TRIMTAB_MODELS", '["models.engagement", "tests.tiny_model"]')
    monkeypatch.setenv("TRIMTAB_ALERTS", json.dumps({"urls": [f"json://{receiver.address}/alerts"]}))
    found = Stores(settings.load(tmp_path))
    about = {"flow": "ingest", "subject": "reddit"}
    told = {"at": datetime.now(UTC), "model": "-", "actor": "ingest flow", "reason": "The file is gone."}
    found.ledger.append("run_failed", evidence=about, **told)
    return found


def away(stores):
    """What is left of a registry whose database is not there."""
    (stores.settings.mlflow_path / "artifacts" / "1").mkdir(parents=True)


def served(stores):
    """Version 2 of tiny took over from 1."""
    stores.registry = tiny_stores.with_versions(stores.settings.mlflow_path)
    for version, days in (("1", 20), ("2", 10)):
        at = NOW - days * DAY
        promote(stores.registry, stores.ledger, "tiny", version, at=at, actor="ana", reason="y")


def decided(stores, action, model="tiny", **told):
    about = {"model": model, "version": "2", "actor": "monitor flow", "reason": "its loss is higher"}
    evidence = {"action": action, **told}
    return stores.ledger.append("decision", at=NOW, evidence=evidence, **about)


RUNS = {
    "release": lambda home: release.fn(home=home, as_of=NOW),
    "watch": lambda home: watch.fn("tiny", home, NOW),
    "monitor": lambda home: monitor.fn("tiny", NOW, home),
    "act": lambda home: act.fn("tiny", home, NOW),
}


@pytest.mark.parametrize("flow", RUNS)
def test_people_are_told_while_the_registry_is_away(flow, stores, tmp_path, receiver):
    away(stores)
    decided(stores, "rollback", reasons=["its loss is higher"])
    with pytest.raises(Unavailable, match="is not there"):
        RUNS[flow](str(tmp_path))
    assert TROUBLE in receiver.got[0]["message"]


def test_people_are_told_where_no_window_is_due(stores, tmp_path, receiver):
    assert monitor.fn("tiny", home=str(tmp_path))["windows"] == 0
    assert receiver.sentences == [TROUBLE]


def test_a_move_by_hand_is_dated_when_it_was_noticed_though_old_windows_are_caught_up_with(stores, tmp_path):
    served(stores)
    stores.registry.set_alias("tiny", "champion", "1")
    begun = datetime.now(UTC)
    with pytest.raises(KeyError, match="text_chars"):  # there is nothing in the lake to judge
        monitor.fn("tiny", home=str(tmp_path))
    (noticed,) = stores.ledger.entries("tiny", "moved_by_hand")
    assert noticed.version == "1" and noticed.at >= begun


def test_what_broke_a_run_is_raised_though_nobody_could_be_told(stores, tmp_path, receiver):
    away(stores)
    (tmp_path / "locks").write_text("no folder")
    with pytest.raises(Unavailable, match="is not there") as broken:
        RUNS["watch"](str(tmp_path))
    assert "Nobody was told" in broken.value.__notes__[0]


def test_a_model_that_breaks_the_tick_stops_no_other(stores, tmp_path, receiver):
    served(stores)
    decided(stores, "retrain", "engagement")  # without the reasons that a retrain is begun with
    rollback = decided(stores, "rollback", reasons=["its loss is higher"])
    with pytest.raises(KeyError, match="reasons"):
        release.fn(home=str(tmp_path), as_of=NOW, decisions=True)
    assert stores.ledger.find(f"acted/{rollback.id}").reason == "tiny 1 serves again in place of 2."
    assert TROUBLE in receiver.got[0]["message"]
