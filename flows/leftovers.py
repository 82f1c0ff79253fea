"""What a runner finds when it starts: runs that are late, and runs that nobody runs any more."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Cancelled, Crashed
from prefect.types._datetime import now

from flows.outcome import note_failure

LEFT = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
PAGE = 200
SUPERSEDED = "A later run of the same deployment does its work too."
KILLED = "The runner was killed in the middle of this run; what was done is kept, and the next run goes on from there."


async def clear(client: PrefectClient, deployments: Collection[UUID]) -> list[str]:
    """End what a runner before left behind. Returns a line on each kind, for a person."""
    lost = await _lost(client, deployments)
    late = superseded(await _runs(client, deployments, [StateType.SCHEDULED]))
    for run in late:
        await client.set_flow_run_state(run.id, Cancelled(message=SUPERSEDED), force=True)
    return [
        *([f"{len(late)} late runs are left out: the newest of each deployment does their work."] if late else []),
        *([f"{len(lost)} runs had lost their runner: {', '.join(run.name for run in lost)}."] if lost else []),
    ]


def superseded(scheduled: Iterable[FlowRun]) -> list[FlowRun]:
    """Of the runs of each schedule that are due already, all but the newest. A run with its own parameters stays."""
    due: dict[tuple[UUID | None, str], list[FlowRun]] = defaultdict(list)
    for run in scheduled:
        at = run.next_scheduled_start_time
        if run.auto_scheduled and at is not None and at <= now("UTC"):
            due[run.deployment_id, repr(sorted(run.parameters.items()))].append(run)
    late = [sorted(runs, key=lambda run: str(run.next_scheduled_start_time))[:-1] for runs in due.values()]
    return [run for runs in late for run in runs]


async def _lost(client: PrefectClient, deployments: Collection[UUID]) -> list[FlowRun]:
    """Say it in the ledger, then mark them and their subflows as crashed, which frees their places.

    In this order: what a kill leaves unmarked is found again, and is noted once however often.
    """
    lost = await _runs(client, deployments, LEFT)
    for run in lost:
        flow = await client.read_flow(run.flow_id)
        note_failure(flow.name, run.id, run.parameters, KILLED)
        for part in [*await _parts(client, run), run]:
            await client.set_flow_run_state(part.id, Crashed(message=KILLED), force=True)
    return lost


async def _parts(client: PrefectClient, run: FlowRun) -> list[FlowRun]:
    """Subflows of a run that are not over."""
    return await _read(
        client, FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run.id]), state=_in(LEFT))
    )


async def _runs(client: PrefectClient, deployments: Collection[UUID], types: Iterable[StateType]) -> list[FlowRun]:
    of_them = FlowRunFilterDeploymentId(any_=list(deployments))
    return await _read(client, FlowRunFilter(deployment_id=of_them, state=_in(types)))


async def _read(client: PrefectClient, wanted: FlowRunFilter) -> list[FlowRun]:
    """All of them. The server refuses a question that names no order and no limit."""
    found: list[FlowRun] = []
    while True:
        about: dict[str, Any] = {"limit": PAGE, "offset": len(found), "sort": FlowRunSort.EXPECTED_START_TIME_ASC}
        page = await client.read_flow_runs(flow_run_filter=wanted, **about)
        found += page
        if len(page) < PAGE:
            return found


def _in(types: Iterable[StateType]) -> FlowRunFilterState:
    return FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types)))
