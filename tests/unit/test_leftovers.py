"""What a runner finds when it starts: of the late runs the newest does the work, and lost ones are noted."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.states import Running, Scheduled

from flows.leftovers import clear, superseded
from trimtab.ledger import Ledger

HOURLY, DAILY = uuid4(), uuid4()


def run(deployment, hours, auto=True, **parameters):
    """Scheduled so many hours from now."""
    at = datetime.now(UTC) + timedelta(hours=hours)
    state = Scheduled(scheduled_time=at)
    about = {"flow_id": uuid4(), "deployment_id": deployment, "next_scheduled_start_time": at, "state": state}
    return FlowRun(name=f"{hours}", auto_scheduled=auto, parameters=parameters, **about)


def names(runs):
    return {found.name for found in runs}


def test_three_days_of_hourly_runs_are_one():
    late = [run(HOURLY, -hours) for hours in range(1, 73)]
    assert names(superseded([*late, run(HOURLY, 1), run(HOURLY, 2)])) == {f"{-hours}" for hours in range(2, 73)}


def test_each_deployment_keeps_its_newest_late_run():
    found = superseded([run(HOURLY, -1), run(HOURLY, -2), run(DAILY, -5), run(DAILY, -29)])
    assert names(found) == {"-2", "-29"}


def test_what_a_person_asked_for_and_what_is_not_due_yet_stays():
    assert superseded([run(HOURLY, -3, auto=False), run(HOURLY, -2, auto=False), run(HOURLY, -1), run(HOURLY, 1)]) == []


def test_a_schedule_with_parameters_of_its_own_is_another():
    assert superseded([run(HOURLY, -2, model="a"), run(HOURLY, -1, model="b")]) == []


class Dying:
    """A server that knows one lost run, and a runner that is killed when it first marks it."""

    def __init__(self, lost):
        self.lost, self.marked = lost, []

    async def read_flow_runs(self, flow_run_filter, **_):
        return [self.lost] if flow_run_filter.deployment_id and "RUNNING" in str(flow_run_filter.state) else []

    async def read_flow(self, _):
        return SimpleNamespace(name="ingest")

    async def set_flow_run_state(self, number, _, force):
        self.marked.append(number)
        if len(self.marked) == 1:
            raise KeyboardInterrupt


def test_a_lost_run_is_noted_once_though_a_kill_comes_before_it_is_marked(tmp_path):
    about = {"flow_id": uuid4(), "deployment_id": HOURLY, "state": Running()}
    lost = FlowRun(name="lost", parameters={"home": str(tmp_path)}, **about)
    server = Dying(lost)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(clear(server, [HOURLY]))
    ledger = Ledger(tmp_path / "ledger.db")
    assert [entry.kind for entry in ledger.entries()] == ["run_failed"]
    asyncio.run(clear(server, [HOURLY]))
    assert [entry.kind for entry in ledger.entries()] == ["run_failed"] and server.marked == [lost.id, lost.id]
