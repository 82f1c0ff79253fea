"""What is written down of runs that failed, and of those that work again."""

import asyncio
from types import SimpleNamespace

import pytest
from prefect.states import Failed

from flows.outcome import on_failure, on_success
from flows.withdrawn import withdraw
from trimtab.ledger import Ledger

ACT = SimpleNamespace(name="act")
BROKEN = Failed(message="Flow run encountered an exception: Unavailable: The registry is away.")


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.db")


def run(number, home, deployment="of act", model="tiny"):
    """As Prefect hands a run to its hooks; without a deployment it is a person's, or part of another flow's."""
    return SimpleNamespace(id=number, deployment_id=deployment, parameters={"model": model, "home": str(home)})


def kinds(ledger):
    return [entry.kind for entry in ledger.entries()]


def test_a_failure_is_over_once_another_flow_or_a_person_ran_the_same_well(ledger, tmp_path):
    on_failure(ACT, run(1, tmp_path), BROKEN)
    on_success(ACT, run(2, tmp_path, deployment=None), None)
    assert kinds(ledger) == ["run_failed", "run_recovered"]
    assert ledger.entries()[1].reason.startswith("act of tiny works again")


def test_a_run_that_ends_well_writes_nothing_where_nothing_fails(ledger, tmp_path):
    on_success(ACT, run(1, tmp_path, deployment=None), None)
    assert not ledger.path.exists()
    on_failure(ACT, run(2, tmp_path), BROKEN)
    on_success(ACT, run(3, tmp_path, deployment=None, model="other"), None)
    assert kinds(ledger) == ["run_failed"]


def test_a_person_whose_own_run_fails_is_told_there_and_then(ledger, tmp_path):
    on_failure(ACT, run(1, tmp_path, deployment=None), BROKEN)
    assert kinds(ledger) == []


class Server:
    """Of Prefect what `withdraw` asks: one deployment, deleted when told."""

    def __init__(self, made):
        self.made = made

    async def read_deployments(self, **_):
        return self.made

    async def delete_deployment(self, _):
        self.made = []


def test_what_was_taken_out_of_the_settings_fails_no_longer(ledger, tmp_path):
    score = SimpleNamespace(name="score")
    on_failure(score, run(1, tmp_path), BROKEN)
    about = {"id": 7, "name": "tiny", "entrypoint": "flows.score.score", "parameters": {"home": str(tmp_path)}}
    server = Server([SimpleNamespace(**about)])
    assert asyncio.run(withdraw(server, str(tmp_path), [])) == ["score/tiny"]
    assert kinds(ledger) == ["run_failed", "run_recovered"]
    assert ledger.entries()[1].reason.startswith("score of tiny was taken out of the settings; it had failed since")
