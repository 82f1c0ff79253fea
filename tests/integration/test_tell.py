from datetime import UTC, datetime, timedelta

import pytest

from flows.tell import tell
from models.stores import Stores
from tests.listening import listening
from trimtab.settings import Settings

NOW = datetime(2024, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def stores_for(tmp_path):
    """Stores of one home, by whom they tell."""

    def made(*urls, seconds=5.0, least="warning", blocks=()):
        alerts = {"urls": urls, "send_seconds": seconds, "least": least, "blocks": blocks}
        return Stores(Settings(home=tmp_path, alerts=alerts))

    return made


def fails(stores, at=NOW, flow="ingest", subject="reddit", why="The file is gone."):
    evidence = {"flow": flow, "subject": subject, "run": "http://127.0.0.1:4200/runs/flow-run/7"}
    return stores.ledger.append("run_failed", at=at, model="-", actor=f"{flow} flow", reason=why, evidence=evidence)


def works(stores, at=NOW, flow="ingest", subject="reddit"):
    evidence = {"flow": flow, "subject": subject}
    stores.ledger.append(
        "run_recovered",
        at=at,
        model="-",
        actor=f"{flow} flow",
        reason=f"{flow} of {subject} works again.",
        evidence=evidence,
    )


def test_a_trouble_is_told_once_and_its_end_once(stores_for):
    with listening() as receiver:
        stores = stores_for(f"json://{receiver.address}/alerts")
        fails(stores)
        tell(stores, NOW)
        fails(stores)
        tell(stores, NOW)
        works(stores)
        tell(stores, NOW)
        tell(stores, NOW)
        assert receiver.sentences == [
            "ingest of reddit failed: The file is gone.",
            "ingest of reddit works again.",
        ]
        assert [body["type"] for body in receiver.got] == ["warning", "success"]
        assert "run: http://127.0.0.1:4200/runs/flow-run/7" in receiver.got[0]["message"]


def test_what_was_told_is_in_the_ledger_with_the_receivers_scheme_and_no_address(stores_for):
    with listening() as receiver:
        stores = stores_for(f"json://user:hunter2@{receiver.address}/secret-path")
        fails(stores)
        tell(stores, NOW)
    entry = stores.ledger.entries(kind="alerted")[-1]
    assert entry.key == "alerted/run_failed/-/1"
    assert entry.evidence["severity"] == "warning"
    assert [name.split()[0] for name in entry.evidence["receivers"]] == ["json"]
    kept = (stores.settings.home / "ledger.db").read_bytes()
    assert b"hunter2" not in kept and b"secret-path" not in kept and receiver.address.encode() not in kept


def test_a_receiver_that_fails_is_tried_again_and_the_others_are_not_told_twice(stores_for):
    with listening() as good, listening(500) as bad:
        stores = stores_for(f"json://{good.address}", f"json://{bad.address}/")
        fails(stores)
        assert "not taken by json" in tell(stores, NOW)
        bad.answer = 200
        tell(stores, NOW + HOUR)
        tell(stores, NOW + HOUR)
        assert good.sentences == bad.sentences == ["ingest of reddit failed: The file is gone."]
        assert good.got[0]["message"] == bad.got[0]["message"]


def test_a_receiver_that_hangs_holds_nobody_up_for_long(stores_for):
    with listening() as good, listening(None) as mute:
        stores = stores_for(f"json://{mute.address}", f"json://{good.address}", seconds=0.5)
        fails(stores)
        began = datetime.now(UTC)
        said = tell(stores, NOW)
        assert datetime.now(UTC) - began < timedelta(seconds=5)
        assert "not taken by json" in said and len(good.got) == 1


def test_a_receiver_that_is_added_is_told_what_is_of_the_last_day_and_nothing_older(stores_for):
    silent = stores_for()
    fails(silent, at=NOW - timedelta(days=60), subject="old")
    fails(silent, at=NOW - HOUR, subject="new")
    assert tell(silent, NOW) == "Nobody is to be told."
    assert silent.ledger.entries(kind="alerted") == []
    with listening() as receiver:
        stores = stores_for(f"json://{receiver.address}")
        tell(stores, NOW)
        assert receiver.sentences == ["ingest of new failed: The file is gone."]


def test_a_window_that_is_judged_three_days_late_is_told_all_the_same(stores_for):
    with listening() as receiver:
        stores = stores_for(f"json://{receiver.address}")
        tell(stores, NOW - timedelta(days=30))
        evidence = {"action": "quarantine", "window_end": "2024-03-01T00:00:00+00:00"}
        stores.ledger.append(
            "decision",
            at=NOW - timedelta(days=3),
            model="tiny",
            actor="monitor flow",
            reason="11 % of the rows were refused: nothing is learned from this window.",
            evidence=evidence,
        )
        tell(stores, NOW)
        assert receiver.sentences == ["11 % of the rows were refused: nothing is learned from this window."]
