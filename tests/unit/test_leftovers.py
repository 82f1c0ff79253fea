"""Runs that are late when a runner starts: the newest of a schedule does the work of those before it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from prefect.client.schemas.objects import FlowRun
from prefect.states import Scheduled

from flows.leftovers import superseded

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
