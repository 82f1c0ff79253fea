"""Alerts through Prefect's blocks, and what a flow run shows, on a real Prefect server."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prefect import flow
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.logging.handlers import APILogHandler
from prefect.runtime import flow_run

from flows import artifacts
from flows.running import step
from flows.session import prefect_session
from flows.tell import tell
from models.stores import Stores
from monitoring.measures import Measure
from tests.listening import listening
from trimtab.settings import Settings

NOW = datetime(2024, 3, 4, 12, tzinfo=UTC)
ADDRESSES = {"mlflow_url": "http://127.0.0.1:5000", "page_url": "http://127.0.0.1:8720"}
MEASURES = (
    Measure("drift", "text_chars", "all", 0.04, 0.1, False, 900, spent=0.2),
    Measure("performance", "mae", "platform reddit", 1.2, 1.0, True, 300, spent=1.5),
    Measure("drift", "lonely", "all", float("nan"), 0.1, False, 0),
)


@pytest.fixture(scope="module")
def prefect_api(tmp_path_factory):
    with prefect_session(tmp_path_factory.mktemp("prefect")) as url:
        yield url


@pytest.fixture
def shown(prefect_api):
    """By key the newest artifact's content, or None. (The sync `Artifact.get` of Prefect 3.8 sends what it refuses.)"""

    def found(key):
        with httpx.Client() as client:
            asked = {"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC"}
            kept = client.post(f"{prefect_api}/artifacts/filter", json=asked).raise_for_status().json()
        return kept[0]["data"] if kept else None

    return found


def stores_of(home, **alerts):
    return Stores(Settings(home=home, alerts={"send_seconds": 20, **alerts}, links=ADDRESSES))


def webhook(name, address, path="alerts"):
    CustomWebhookNotificationBlock(
        name=name,
        url=f"http://{address}/{path}",
        json_data={"title": "{{subject}}", "message": "{{body}}", "token": "{{token}}"},
        secrets={"token": "hunter2"},
    ).save(name, overwrite=True)


def fails(stores):
    evidence = {"flow": "ingest", "subject": "reddit"}
    stores.ledger.append(
        "run_failed", at=NOW, model="-", actor="ingest flow", reason="The file is gone.", evidence=evidence
    )


def decides(stores, home, action="quarantine"):
    report = home / "reports" / "tiny" / "2024-03-04T0000.html"
    evidence = {
        "action": action,
        "reasons": ["11 % of the rows were refused", "nothing else moved"],
        "report": str(report),
        "window_start": (NOW - timedelta(days=7)).isoformat(),
        "window_end": NOW.isoformat(),
    }
    return stores.ledger.append(
        "decision",
        at=NOW,
        model="tiny",
        version="1",
        actor="monitor flow",
        reason="tiny version 1: 11 % of the rows were refused: nothing is learned.",
        evidence=evidence,
    )


def test_a_prefect_block_is_told_like_any_receiver(prefect_api, tmp_path):
    with listening() as receiver:
        webhook("night", receiver.address)
        stores = stores_of(tmp_path, blocks=("custom-webhook/night",))
        fails(stores)
        tell(stores, NOW)
        tell(stores, NOW)
    (got,) = receiver.got
    assert got["title"] == "trimtab warning: runs" and got["token"] == "hunter2"
    assert got["message"].splitlines()[0] == "ingest of reddit failed: The file is gone."
    entry = stores.ledger.entries(kind="alerted")[-1]
    assert entry.evidence["receivers"] == ["block custom-webhook/night"]


def test_a_block_that_fails_or_is_not_there_stops_nothing_and_its_address_is_in_no_log(prefect_api, tmp_path, caplog):
    with listening(500) as receiver:
        webhook("broken", receiver.address, path="secret-path")
        stores = stores_of(
            tmp_path,
            blocks=("custom-webhook/broken", "custom-webhook/nowhere"),
            urls=(f"json://ada:hunter2@{receiver.address}/secret-path",),
        )
        fails(stores)

        @flow
        def night():
            return step("tell people", tell)(stores, NOW), flow_run.get_id()

        with caplog.at_level("DEBUG"):
            said, run = night()
    assert "No messages sent; not taken by" in said
    APILogHandler().flush()
    with httpx.Client() as client:
        asked = {"logs": {"flow_run_id": {"any_": [run]}}}
        logs = client.post(f"{prefect_api}/logs/filter", json=asked).raise_for_status().json()
    flow_log = [log["message"] for log in logs]
    assert len([line for line in flow_log if line.startswith("An alert was not sent")]) == 3
    for line in (*flow_log, *(record.getMessage() for record in caplog.records)):
        assert "hunter2" not in line and "secret-path" not in line


def test_a_run_of_the_monitor_shows_its_decision_table_and_links(shown, tmp_path):
    stores = stores_of(tmp_path)
    entry = decides(stores, tmp_path)

    @flow
    def night():
        artifacts.show_decision(stores, entry, MEASURES)

    night()
    text = shown("tiny-decision")
    assert "## tiny version 1: quarantine" in text and "- nothing else moved" in text
    assert "## What would change it" in text and "trimtab quarantine lift tiny" in text
    assert text.index("performance mae") < text.index("drift text_chars")
    assert "[report](http://127.0.0.1:8720/reports/tiny/2024-03-04T0000.html)" in text
    table = shown("tiny-window")
    assert "performance mae" in table and "lonely" not in table
    assert "models/tiny/versions/1" in shown("tiny-version-and-card")


def test_long_work_has_a_bar_that_ends_at_a_hundred(shown):
    @flow
    def night():
        with artifacts.progress("tiny", "retrain") as moved:
            moved(30, "training")
            return shown("tiny-retrain-progress")

    assert float(night()) == 30.0
    assert float(shown("tiny-retrain-progress")) == 100.0


def test_outside_of_a_flow_run_nothing_is_shown(shown, tmp_path):
    stores = stores_of(tmp_path)
    with artifacts.progress("nobody", "retrain") as moved:
        artifacts.show_decision(stores, decides(stores, tmp_path), MEASURES)
        moved(50, "training")
    assert shown("nobody-retrain-progress") is None


def test_a_server_that_is_away_costs_the_picture_and_not_the_run(prefect_api, tmp_path, monkeypatch):
    stores = stores_of(tmp_path)

    @flow
    def night():
        with artifacts.progress("tiny", "away") as moved, monkeypatch.context() as patch:
            patch.setattr("prefect.client.orchestration.SyncPrefectClient.update_artifact", refuse)
            moved(50, "training")
        return "done"

    assert night() == "done"
    assert tell(stores, NOW) == "Nobody is to be told."


def refuse(*args, **kwargs):
    raise ConnectionError("away")


@pytest.mark.parametrize("model", ["tiny", "Über Modell_2", "a.b/c"])
def test_keys_are_what_prefect_takes(model):
    assert set(artifacts.key(model, "version and card")) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
