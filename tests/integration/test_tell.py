import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from flows.tell import tell
from models.stores import Stores
from tests.listening import listening
from tests.tiny_stores import dies_at
from trimtab.ledger import Ledger
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


def test_a_kill_before_it_is_written_down_sends_it_again_under_the_same_id(stores_for):
    with listening() as receiver:
        stores = stores_for(f"json://{receiver.address}")
        tell(stores, NOW)
        fails(stores)
        assert dies_at((Ledger, "append", 1, "before"), lambda: tell(stores, NOW)) == 9
        tell(stores, NOW)
        tell(stores, NOW)
        first, again = (body["message"] for body in receiver.got)
        assert first == again and "id: trimtab-" in first


def test_two_runs_do_not_tell_at_once(stores_for):
    with listening() as receiver:
        stores = stores_for(f"json://{receiver.address}")
        fails(stores)
        with stores.single_flight("tell").acquire():
            assert tell(stores_for(f"json://{receiver.address}"), NOW) == "Another run is telling."
        assert receiver.got == []


def test_a_ledger_that_was_tampered_with_is_told_and_what_is_told_next_too(stores_for):
    with listening() as receiver:
        stores = stores_for(f"json://{receiver.address}")
        for _ in range(2):
            works(stores)
        with closing(sqlite3.connect(stores.settings.ledger_path)) as database, database:
            names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
            for name in names:
                database.execute(f"DROP TRIGGER {name}")
            database.execute("UPDATE entries SET reason = 'It never ran.' WHERE id = 1")
        tell(stores, NOW)
        tell(stores, NOW)
        assert len(receiver.got) == 1 and "was tampered with: entry 1" in receiver.sentences[0]
        assert receiver.got[0]["type"] == "failure"
        fails(stores)
        tell(stores, NOW)
        assert receiver.sentences[1:] == ["ingest of reddit failed: The file is gone."]


def test_a_receiver_that_was_away_for_a_day_is_told_what_nobody_took(stores_for):
    with listening(503) as receiver:
        stores = stores_for(f"json://{receiver.address}")
        tell(stores, NOW)
        fails(stores)
        tell(stores, NOW)
        receiver.answer = 200
        tell(stores, NOW + 50 * HOUR)
        assert receiver.sentences == ["ingest of reddit failed: The file is gone."]


def test_who_listens_to_more_from_here_on_is_not_told_the_past_of_it(stores_for):
    def promoted(stores, version, at):
        about = {"model": "tiny", "actor": "train flow", "reason": f"Version {version} is better."}
        stores.ledger.append("promoted", at=at, version=str(version), previous=str(version - 1), **about)

    with listening() as receiver:
        url = f"json://{receiver.address}"
        stores = stores_for(url)
        tell(stores, NOW - timedelta(days=90))
        for day in range(80, 60, -1):
            promoted(stores, 100 - day, NOW - timedelta(days=day))
        tell(stores_for(url, least="info"), NOW - timedelta(days=50))
        assert receiver.sentences == []
        promoted(stores, 41, NOW - timedelta(days=45))  # listened to by now: told, however late
        tell(stores_for(url, least="info"), NOW - timedelta(days=40))
        assert len(receiver.sentences) == 1
        tell(stores_for(url), NOW - timedelta(days=39))
        promoted(stores, 42, NOW - timedelta(days=38))
        fails(stores, at=NOW - timedelta(days=37))  # what was listened to all along is not forgotten
        tell(stores_for(url, least="info"), NOW)
        assert len(receiver.sentences) == 2 and "The file is gone." in receiver.sentences[1]


@pytest.mark.parametrize("words", [["alert"], ["alert", "--test"]])
@pytest.mark.parametrize(("answer", "code"), [(200, 0), (500, 1)])
def test_the_command_exits_with_1_where_a_receiver_did_not_take_it(stores_for, words, answer, code):
    stores = stores_for()
    fails(stores, at=datetime.now(UTC))
    command = [sys.executable, "-c", "from trimtab.cli import main; main()", "--home", str(stores.settings.home)]
    with listening(answer) as receiver:
        environ = os.environ | {"TRIMTAB_ALERTS__URLS": json.dumps([f"json://{receiver.address}"])}
        done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=240, env=environ)
        assert len(receiver.got) == (0 if code else 1)
    assert done.returncode == code, done.stdout + done.stderr
    assert "json" in done.stderr if code else not done.stderr
