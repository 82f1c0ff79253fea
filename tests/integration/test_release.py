from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest

from models.promotion import rollback
from models.release import judge
from tests import tiny_stores
from tests.tiny_model import MODEL, frame
from tests.tiny_story import AT, register
from trimtab.ledger import Ledger
from trimtab.settings import Release

MOVED = 0.8  # the world in which versions fitted with this shift are at home
FRESH = frame(400, days=14, seed=5, shift=MOVED)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.db")


@pytest.fixture
def registry(tmp_path):
    """Version 1 knows the world of before, version 2 the one of now."""
    registry = tiny_stores.empty(tmp_path / "mlflow")
    register(registry, tmp_path, "old")
    register(registry, tmp_path, "new", shift=MOVED, reason="Drift in topic_mean_28d.")
    return registry


def asked(registry, ledger, challenger, fresh=FRESH, days=0):
    at = AT + timedelta(days=days)
    return judge(registry, ledger, MODEL, challenger, fresh, Release(), at=at, actor="retrain")


def card(registry, version):
    return registry.store.client.get_model_version("tiny", version).description


def test_the_first_version_has_nothing_to_beat(registry, ledger):
    verdict = asked(registry, ledger, "1")
    assert verdict.promoted
    assert verdict.comparison is None
    assert str(verdict) == "tiny 1 was promoted: No version of tiny served before."


def test_a_better_challenger_is_promoted_with_its_argument_in_the_ledger_and_on_its_card(registry, ledger):
    asked(registry, ledger, "1")
    verdict = asked(registry, ledger, "2")
    assert verdict.promoted
    assert registry.aliases("tiny") == {"champion": "2", "previous": "1"}
    assert verdict.entry.evidence["comparison"]["better"] is True
    assert "Challenger 2 beats champion 1 by" in card(registry, "2")
    assert "| platform reddit" in card(registry, "2")
    run = registry.info("tiny", "2").run_id
    files = {file.path for file in registry.store.client.list_artifacts(run)}
    assert {"comparison_1_2.json", "comparison_1_2_slices.json", "comparison_1_2.png"} <= files


def test_a_challenger_that_is_no_better_is_refused_and_loses_its_alias(registry, ledger):
    asked(registry, ledger, "2")
    verdict = asked(registry, ledger, "1")
    assert not verdict.promoted
    assert "1 is worse than champion 2" in str(verdict)
    assert registry.aliases("tiny") == {"champion": "2"}
    assert ledger.entries(kind="promotion_refused")[0].version == "1"
    assert card(registry, "1").startswith("Not promoted on 2012-04-21")


def test_judging_again_after_a_promotion_tells_the_same_and_does_nothing(registry, ledger):
    asked(registry, ledger, "1")
    first = asked(registry, ledger, "2")
    again = judge(registry, ledger, MODEL, "2", FRESH, Release(), at=AT, actor="retrain")
    assert again == first


def test_too_few_fresh_rows_refuse_and_leave_the_challenger_waiting(registry, ledger):
    asked(registry, ledger, "1")
    verdict = asked(registry, ledger, "2", fresh=FRESH.head(10))
    assert not verdict.promoted
    assert "10 mature rows to judge on found, 30 wanted" in str(verdict)
    assert registry.aliases("tiny") == {"champion": "1", "challenger": "2"}
    assert asked(registry, ledger, "2", days=7).promoted


def test_a_version_that_was_rolled_back_is_not_promoted_again_by_itself(registry, ledger):
    asked(registry, ledger, "1")
    asked(registry, ledger, "2")
    rollback(registry, ledger, "tiny", at=AT, actor="on call", reason="angry users")
    verdict = asked(registry, ledger, "2", days=1)
    assert not verdict.promoted
    assert "Version 2 was rolled back before and is barred." in str(verdict)
    assert registry.alias("tiny", "champion") == "1"


def test_a_rollback_does_not_wait_for_the_gates_and_the_challenger_is_judged_against_who_serves_then(
    registry, ledger, tmp_path
):
    asked(registry, ledger, "1")
    asked(registry, ledger, "2", days=1)
    register(registry, tmp_path, "newer", shift=MOVED)
    moved = []

    def losses(rows, predictions):
        if not moved:  # somebody rolls back while the gates look at losses
            about = {"at": AT + timedelta(days=2), "actor": "on call", "reason": "off"}
            hand = Thread(target=lambda: moved.append(rollback(registry, ledger, "tiny", **about)))
            hand.start()
            hand.join(20)
            assert moved, "the rollback waited for the gates"
        return MODEL.losses(rows, predictions)

    at = AT + timedelta(days=3)
    watched = replace(MODEL, losses=losses)
    verdict = judge(registry, ledger, watched, "3", FRESH, Release(), at=at, actor="retrain")
    assert verdict.promoted
    assert registry.alias("tiny", "champion") == "3"
    assert [entry.previous for entry in ledger.entries("tiny", "gates_judged")][-2:] == ["2", "1"]
    assert verdict.entry.previous == "1"
