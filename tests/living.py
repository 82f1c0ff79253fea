"""A Prefect server and the runner of a home: the real processes, which a test may kill and start again."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import httpx
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments import run_deployment
from prefect.settings import PREFECT_API_URL, temporary_settings

from infra import parts
from infra.ports import Choice
from models.stores import Stores
from simulator.world import World
from simulator.write import write
from tests.processes import none_left, until
from trimtab import settings
from trimtab.settings import Settings

SECONDS = 240  # that a process gets on a machine that does much else
NEVER = "10000000"  # minutes between two runs: what runs, a test has started
NAME = "tiny"
COMMAND = [sys.executable, "-c", "from trimtab.cli import main; main()"]


def midnight() -> datetime:
    """The last one, UTC."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def environment(home: Path, listener: str | None = None, **more: str) -> dict[str, str]:
    """For every process of the home: the tiny model, only the monitor's day on schedule, alerts to `listener`."""
    now = datetime.now(UTC)
    delay = "30" if now.hour > 1 else "300"  # the daily run of the monitor must not come in between
    told = {
        "HOME": str(home),
        "MODELS": json.dumps(["tests.tiny_lake"]),
        "TRAINING__MIN_ROWS": "100",
        "TRAINING__FRESH_ROWS": "50",
        "MONITORING__REFERENCE_DAYS": "14",
        "MONITORING__WINDOW_DAYS": "1",
        "MONITORING__MIN_ROWS": "10",
        **{f"SCHEDULES__{name}_MINUTES": NEVER for name in ("INGEST", "SCORE", "MATERIALISE", "RELEASE")},
        "SCHEDULES__WATCH_HOURS": NEVER,
        "SCHEDULES__STALE_DAYS": NEVER,
        "SCHEDULES__DELAY_MINUTES": delay,
        "SCHEDULES__POLL_SECONDS": "0.5",
        **({"ALERTS__URLS": json.dumps([f"json://{listener}/"])} if listener else {}),
        **more,
    }
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("TRIMTAB_", "PREFECT_"))}
    quiet = {"DO_NOT_TRACK": "1", "OMP_NUM_THREADS": "1", "HOLD": str(home / "hold")}
    return environ | quiet | {f"TRIMTAB_{name}": value for name, value in told.items()}


def simulated(folder: Path, days: int, posts_per_day: float, incidents: Any = ()) -> Path:
    """The files of a made-up source up to today; returns its YAML."""
    start = midnight() - timedelta(days=days)
    return write(folder, World(start=start.date(), days=days, posts_per_day=posts_per_day), incidents)


def settings_of(environ: dict[str, str]) -> Settings:
    """What a process with this environment reads."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environ)
    try:
        return settings.load()
    finally:
        os.environ.clear()
        os.environ.update(before)


class Deployed:
    """Deployments on a Prefect server; a run is started as a person would in the UI, by its deployment's name."""

    home: Path
    settings: Settings

    @property
    def api(self) -> str:
        raise NotImplementedError

    @property
    def said(self) -> str:
        raise NotImplementedError

    @property
    def stores(self) -> Stores:
        """Opened anew."""
        return Stores(self.settings)

    def start(self, name: str, **parameters: Any) -> FlowRun:
        with temporary_settings({PREFECT_API_URL: self.api}):
            return run_deployment(name, parameters=parameters, timeout=0)  # type: ignore[return-value]

    def look(self, run: FlowRun) -> FlowRun:
        with temporary_settings({PREFECT_API_URL: self.api}), get_client(sync_client=True) as client:
            return client.read_flow_run(run.id)

    def ended(self, run: FlowRun) -> FlowRun:
        """The run once it is over, whatever came of it."""
        end = monotonic() + SECONDS
        while not (found := self.look(run)).state.is_final():  # type: ignore[union-attr]
            assert monotonic() < end, f"{found.name} is {found.state} after {SECONDS} s; {self.said[-2000:]}"
            sleep(0.3)  # to be asked costs the server as much as to work
        return found

    def complete(self, name: str, **parameters: Any) -> FlowRun:
        """A run that must end well."""
        run = self.ended(self.start(name, **parameters))
        assert run.state is not None and run.state.is_completed(), f"{name}: {run.state}\n{self.said[-2000:]}"
        return run

    def unfinished(self) -> list[FlowRun]:
        """Runs that are waited for or under way; those of later days are not."""
        return self._runs(StateType.PENDING, StateType.RUNNING)

    def finished(self) -> list[FlowRun]:
        """Newest first, subflows included."""
        return self._runs(StateType.COMPLETED)

    def deployment(self, name: str) -> str:
        with temporary_settings({PREFECT_API_URL: self.api}), get_client(sync_client=True) as client:
            return str(client.read_deployment_by_name(name).id)

    def artifact(self, key: str) -> str:
        """The newest of its key."""
        return str(self.ask("artifacts/latest/filter", {"artifacts": {"key": {"any_": [key]}}})[0]["latest_id"])

    def ask(self, path: str, body: Any) -> Any:
        """The server's answer, where Prefect's client sends what its own server refuses."""
        answer = httpx.post(f"{self.api}/{path}", json=body, timeout=60).raise_for_status()
        return answer.json() if answer.content else None

    def _runs(self, *types: StateType) -> list[FlowRun]:
        wanted = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))))
        with temporary_settings({PREFECT_API_URL: self.api}), get_client(sync_client=True) as client:
            return client.read_flow_runs(flow_run_filter=wanted, sort=FlowRunSort.START_TIME_DESC, limit=50)


class Living(Deployed):
    """`server` and `runner` are processes."""

    def __init__(self, home: Path, environ: dict[str, str], sources: tuple[Path, ...] = ()) -> None:
        self.home, self.environ = home, environ | {"TRIMTAB_SOURCES": json.dumps([str(path) for path in sources])}
        self.settings = settings_of(self.environ)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = Choice(free.getsockname()[1], free.getsockname()[1])
        self.server: subprocess.Popen[bytes] | None = None
        self.runner: subprocess.Popen[bytes] | None = None
        (home / "hold").mkdir(parents=True, exist_ok=True)

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port.port}/api"

    @property
    def said(self) -> str:
        """What the runners printed, one after the other."""
        return (self.home / "runner.log").read_text()

    def start_server(self) -> None:
        part = parts.prefect(self.settings, self.port)
        self.server = self._start(part.command, {**part.environment, "PREFECT_UI_ENABLED": "false"}, "server.log")
        until(self._healthy, SECONDS)

    def start_runner(self, **more: str) -> None:
        """`more`: settings of this runner alone. Ready once it serves its deployments."""
        part = parts.runner(self.settings, {"PREFECT_API_URL": self.api}, ())
        before = self.said.count(str(part.says)) if (self.home / "runner.log").exists() else 0
        told = {f"TRIMTAB_{name}": value for name, value in more.items()}
        self.runner = self._start(part.command, {**part.environment, **told}, "runner.log")
        until(lambda: self.said.count(str(part.says)) > before or self.runner.poll() is not None, SECONDS)
        assert self.runner.poll() is None, self.said

    def kill_runner(self) -> None:
        """As kill -9 does; what it had started ends by itself."""
        assert self.runner is not None
        self.runner.kill()
        self.runner.wait()
        left = none_left(f"RUNNER_OF_TRIMTAB={self.runner.pid}", 30)
        assert not left, f"runs outlived their runner: {left}"

    def kill_server(self) -> None:
        assert self.server is not None
        self.server.kill()
        self.server.wait()

    def stop(self) -> None:
        for process in (self.runner, self.server):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()

    def hold(self, point: str = "predict") -> None:
        """Whatever run comes to the point stays there until `release`."""
        (self.home / "hold" / f"{point}.reached").unlink(missing_ok=True)
        (self.home / "hold" / point).touch()

    def held(self, point: str = "predict") -> None:
        until(lambda: (self.home / "hold" / f"{point}.reached").exists(), SECONDS)

    def release(self, point: str = "predict") -> None:
        (self.home / "hold" / point).unlink()

    def _start(self, command: Any, environ: Any, log: str) -> subprocess.Popen[bytes]:
        with (self.home / log).open("ab") as out:
            return subprocess.Popen(command, env={**self.environ, **environ}, stdout=out, stderr=out)

    def _healthy(self) -> bool:
        assert self.server is not None and self.server.poll() is None, (self.home / "server.log").read_text()[-2000:]
        try:
            with urlopen(f"{self.api}/health", timeout=5) as answer:  # noqa: S310 - loopback only
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False


@contextmanager
def living(home: Path, environ: dict[str, str], sources: tuple[Path, ...] = ()) -> Iterator[Living]:
    """Server and runner, both ended afterwards."""
    found = Living(home, environ, sources)
    try:
        found.start_server()
        found.start_runner()
        yield found
    finally:
        found.stop()


def rows_of(source: Path, kind: str) -> int:
    """Lines in the files of a simulated source, headings left out."""
    assert yaml.safe_load(source.read_text())["source"] == "simulated"
    heading = 0 if kind == "posts" else 1
    return sum(len(path.read_text().splitlines()) - heading for path in (source.parent / kind).iterdir())
