"""An event of a decision, on a real Prefect server with a real runner: carried out once, however often it comes."""

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName
from prefect.client.schemas.sorting import FlowRunSort
from prefect.events import emit_event

from flows.announce import announce
from flows.session import prefect_session
from models.promotion import promote
from models.stores import Stores
from tests import tiny_stores
from tests.processes import until
from trimtab.settings import Settings
from trimtab.windows import utc

pytestmark = pytest.mark.timeout(600)
NOW = utc("2024-03-04")
RUNNER = [sys.executable, "-c", "from trimtab.cli import main; main()", "runner"]


@pytest.fixture
def stores(tmp_path):
    """Version 2 took over from 1, and is to be put back."""
    found = Stores(Settings(home=tmp_path / "home", models=("tests.tiny_model",)))
    found.registry = tiny_stores.with_versions(found.settings.mlflow_path)
    for version, days in (("1", 20), ("2", 10)):
        at = NOW - timedelta(days=days)
        promote(found.registry, found.ledger, "tiny", version, at=at, actor="ana", reason="y")
    return found


def decided(stores):
    told = {"action": "rollback", "reasons": ["its loss is higher"], "report": None, "window_end": NOW.isoformat()}
    about = {"model": "tiny", "version": "2", "actor": "monitor flow", "reason": "its loss is higher"}
    return stores.ledger.append("decision", at=NOW, evidence=told, **about)


def runner(stores, api):
    home = stores.settings.home
    told = {"TRIMTAB_HOME": str(home), "TRIMTAB_MODELS": json.dumps(["tests.tiny_model"]), "PREFECT_API_URL": api}
    slow = {f"TRIMTAB_SCHEDULES__{name}_MINUTES": "10000000" for name in ("SCORE", "MATERIALISE", "RELEASE")}
    with (home / "runner.log").open("wb") as log:
        return subprocess.Popen(RUNNER, env=os.environ | told | slow, stdout=log, stderr=log)


def runs_of_act():
    with get_client(sync_client=True) as client:
        wanted = FlowFilter(name=FlowFilterName(any_=["act"]))
        return client.read_flow_runs(flow_filter=wanted, limit=50, sort=FlowRunSort.START_TIME_DESC)


def test_an_event_sent_five_times_starts_one_run_that_acts_once(stores):
    home = stores.settings.home
    with prefect_session(home) as api:
        process = runner(stores, api)
        try:
            until(lambda: "deployments are served" in (home / "runner.log").read_text(), 240)
            decision = decided(stores)
            announce(decision)
            for _ in range(4):  # as others would send it, with numbers of their own
                name = f"trimtab.decision.{decision.evidence['action']}"
                emit_event(event=name, resource={"prefect.resource.id": "trimtab.model.tiny"})
            until(lambda: stores.ledger.find(f"acted/{decision.id}") is not None, 240)
            until(lambda: all(run.state.is_final() for run in runs_of_act()), 120)
            found = runs_of_act()
        finally:
            process.terminate()
            code = process.wait(60)
    assert [run.created_by.type for run in found] == ["AUTOMATION"]
    assert [run.name for run in found] == ["act tiny"]
    kinds = [entry.kind for entry in stores.ledger.entries("tiny") if entry.id > decision.id]
    assert kinds == ["rollback_intended", "rolled_back", "watch_ended", "acted"]
    assert stores.registry.alias("tiny", "champion") == "1"
    assert code == 0, (home / "runner.log").read_text()
