"""How a flow runs: its name, its limits, and what it does when it fails.

By hand a flow runs in the process of the command, until it ends. Started from a deployment it has a process of its own,
which gets what a person would see to: a time limit, another try where the trouble may pass, and an end with its runner.
"""

import os
import signal
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from flows.outcome import on_failure, on_success
from flows.passing import can_pass
from trimtab import settings

RUNNER = "RUNNER_OF_TRIMTAB"  # variable with the process id of the runner, set for the runs that it starts
PAUSES = [10, 30, 60]  # seconds before another try, in all more than a server takes to be started again
GRACE_SECONDS = 60  # after the time limit, for work that does not let itself be interrupted
hosted = "PREFECT__FLOW_RUN_ID" in os.environ  # set by Prefect's runner and workers alike


def limit_seconds() -> float | None:
    """How long a run from a deployment may take; by hand, as long as it takes."""
    return settings.load().schedules.limit_minutes * 60 if hosted else None


def flow_of(name: str, *about: str, run_name: Callable[[], str] | None = None) -> Callable[[Callable[..., Any]], Any]:
    """Prefect's `flow`, with what holds for all of ours. A run is called `name` and its parameters `about`."""
    return flow(
        name=name,
        flow_run_name=run_name or (lambda: called(name, *about)),
        timeout_seconds=limit_seconds(),
        on_failure=[on_failure],
        on_crashed=[on_failure],
        on_completion=[on_success],
    )


def step(name: str, work: Callable[..., Any]) -> Any:
    """A function of the rooms below as a Prefect task: its name, its place in the UI, and another try."""
    # No cache: inputs are stores and frames, whose hash says nothing about what is in them.
    tries: dict[str, Any] = {
        "retries": len(PAUSES),
        "retry_delay_seconds": PAUSES,
        "retry_jitter_factor": 0.2,
        "retry_condition_fn": lambda task, run, state: can_pass(state.data),
    }
    return task(name=name, cache_policy=NO_CACHE, **(tries if hosted else {}))(work)


def called(name: str, *about: str) -> str:
    """Words for a run: those of its parameters that were given; moments to the minute."""
    given = [flow_run.parameters.get(word) for word in about]
    return " ".join([name, *(_word(value) for value in given if value is not None)])


def _word(value: Any) -> str:
    return f"to {value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)


def _end_with_runner(runner: int, limit: float) -> None:
    """Kill this process once its runner is gone, or once it has long been told to stop. Work done twice does harm."""
    done = threading.Event()
    for _ in range(int(limit + GRACE_SECONDS)):
        if os.getppid() != runner:
            break
        done.wait(1)
    os.kill(os.getpid(), signal.SIGKILL)


if hosted and os.environ.get(RUNNER):
    threading.Thread(
        target=_end_with_runner, args=(int(os.environ[RUNNER]), limit_seconds()), name="end with runner", daemon=True
    ).start()
