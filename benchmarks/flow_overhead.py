"""What a flow costs that runs by itself and finds nothing to do: a process of its own, its imports, the server's part.

    python -m benchmarks.flow_overhead [--runs 3]

Each run is a process as the runner starts it. Overhead is from its start to the state Running, which is set just before
the flow's first own line, and from the state Completed to its exit; the rest is the flow's own work.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import monotonic

from prefect.client.orchestration import SyncPrefectClient, get_client

from flows.deployments import Plan, deployment, plans
from flows.session import prefect_session
from trimtab.quiet import silence
from trimtab.settings import Settings

FLOWS = ("score", "monitor", "release", "materialise")
BAR_SECONDS = 8.0


@dataclass(frozen=True)
class Spent:
    """Seconds of one run."""

    before: float  # from the process's start to the state Running
    own: float
    after: float  # from the state Completed to the process's exit

    @property
    def overhead(self) -> float:
        return self.before + self.after


def spent(client: SyncPrefectClient, number: str, api: str) -> Spent:
    run = client.create_flow_run_from_deployment(number)  # type: ignore[arg-type]
    told = {"PREFECT__FLOW_RUN_ID": str(run.id), "PREFECT_API_URL": api}
    began, clock = datetime.now(UTC), monotonic()
    subprocess.run(
        [sys.executable, "-m", "prefect.engine"],
        env=os.environ | told,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    whole = monotonic() - clock
    found = client.read_flow_run(run.id)
    assert found.state is not None and found.state.is_completed(), found.state
    assert found.start_time is not None and found.end_time is not None
    before = (found.start_time - began).total_seconds()
    own = (found.end_time - found.start_time).total_seconds()
    return Spent(before, own, whole - before - own)


def report(plan: Plan, found: list[Spent]) -> float:
    """Prints the run in the middle; returns its overhead."""
    middle = sorted(found, key=lambda one: one.overhead)[len(found) // 2]
    share = middle.own / (middle.own + middle.overhead)
    parts = f"{middle.before:.1f} s to the first own line, {middle.after:.1f} s to the exit"
    print(
        f"{plan.name}: {middle.overhead:.1f} s overhead ({parts}); {middle.own:.1f} s own work, {share:.0%} of it all."
    )
    return middle.overhead


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder) / "home")
        silence(os.environ, settings.home)
        wanted = {plan.flow: plan for plan in plans(settings)}
        with prefect_session(settings.home) as api, get_client(sync_client=True) as client:
            made = {flow: deployment(wanted[flow]).apply() for flow in FLOWS}
            overheads = [report(wanted[f], [spent(client, str(made[f]), api) for _ in range(runs)]) for f in FLOWS]
    ok = max(overheads) <= BAR_SECONDS
    print(f"Most: {max(overheads):.1f} s, median {median(overheads):.1f} s; bar {BAR_SECONDS:.0f} s. "
          f"{'Held' if ok else 'MISSED'}.")  # fmt: skip
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
