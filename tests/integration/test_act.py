"""A decision is carried out once, by whoever comes first, and it is written down what came of it."""

from datetime import timedelta

import pytest

from flows.act import carry_out
from models.promotion import promote
from models.stores import Stores
from monitoring.due import waiting_decision
from tests import tiny_stores
from trimtab.settings import Settings
from trimtab.windows import utc

NOW, DAY = utc("2024-03-04"), timedelta(days=1)


@pytest.fixture
def stores(tmp_path):
    """Version 2 took over from 1."""
    found = Stores(Settings(home=tmp_path, models=("tests.tiny_model",)))
    found.registry = tiny_stores.with_versions(found.settings.mlflow_path)
    for version, days in (("1", 20), ("2", 10)):
        at = NOW - days * DAY
        promote(found.registry, found.ledger, "tiny", version, at=at, actor="ana", reason="y")
    return found


def decided(stores, action, at=NOW, version="2"):
    told = {"action": action, "reasons": ["its loss is higher"], "report": None}
    about = {"model": "tiny", "version": version, "actor": "monitor flow", "reason": "its loss is higher"}
    return stores.ledger.append("decision", at=at, evidence=told, **about)


def test_a_rollback_is_carried_out_once_and_said_in_the_ledger(stores):
    decision = decided(stores, "rollback")
    assert carry_out(stores, decision, NOW)["sentence"] == "tiny 1 serves again in place of 2."
    assert carry_out(stores, decision, NOW + DAY)["done"] == "before"
    (acted,) = stores.ledger.entries("tiny", "acted")
    assert (acted.at, acted.key, acted.reason) == (NOW, f"acted/{decision.id}", "tiny 1 serves again in place of 2.")
    assert acted.evidence == {"decision": decision.id, "action": "rollback", "done": "now"}
    assert len(stores.ledger.entries("tiny", "rolled_back")) == 1


def test_a_rollback_killed_before_it_was_written_down_is_not_done_twice(stores):
    decision = decided(stores, "rollback")
    carry_out(stores, decision, NOW)
    again = decided(stores, "rollback")  # of the daily look, about the same bad version
    assert carry_out(stores, again, NOW)["done"] == "not"
    assert stores.registry.alias("tiny", "champion") == "1"
    assert "serves no more" in stores.ledger.find(f"acted/{again.id}").reason


def test_while_one_acts_another_leaves_the_decision_open(stores):
    decision = decided(stores, "rollback")
    with stores.single_flight("act-tiny"):
        assert carry_out(stores, decision, NOW)["done"] == "elsewhere"
    assert waiting_decision(stores.ledger, "tiny") == decision
    assert carry_out(stores, decision, NOW)["done"] == "now"
    assert waiting_decision(stores.ledger, "tiny") is None


def test_a_version_trained_since_answers_a_decision_to_retrain(stores):
    decision = decided(stores, "retrain")
    stores.ledger.append("trained", at=NOW + DAY, model="tiny", version="3", actor="ana", reason="by hand")
    assert carry_out(stores, decision, NOW + DAY)["done"] == "not"
    assert "version 3 was trained after this was decided" in stores.ledger.find(f"acted/{decision.id}").reason
    assert not stores.ledger.entries("tiny", "retrain_started")


def test_what_asks_for_a_person_is_carried_out_by_none(stores):
    for action in ("none", "quarantine"):
        assert carry_out(stores, decided(stores, action), NOW) is None
    assert not stores.ledger.entries("tiny", "acted")
