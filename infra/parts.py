"""What `trimtab up` starts: each part's command, environment, address and how it shows that it is healthy."""

import importlib.util
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from flows import server
from infra.ports import HOST, Choice
from trimtab.settings import Settings

MODULE = [sys.executable, "-P", "-m"]  # -P: a file of the current folder must not stand in for a library
TRIMTAB = [sys.executable, "-c", "from trimtab.cli import main; main()"]  # your own models may lie in that folder
RUNNER_SECONDS = 40  # that it takes at most to end its runs and tell the server
FLUSH_SECONDS = 20  # that `trimtab serve` may take to write its log, once requests have ended


@dataclass(frozen=True)
class Part:
    """One process and what it starts. Healthy when `health` answers 200, or when it has printed `says`."""

    name: str
    title: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    port: Choice | None = None
    health: str | None = None  # URL
    excuse: str | None = None  # words in an answer other than 200 that is as good
    says: str | None = None  # where it has no address
    after: tuple[str, ...] = ()  # parts that must be healthy before this one starts
    stop_seconds: float = 20

    @property
    def address(self) -> str | None:
        """Where a person looks at it."""
        return f"http://{HOST}:{self.port.port}" if self.port else None


def wanted_ports(settings: Settings, own_prefect: bool) -> dict[str, int]:
    """The port that each part that has one asks for, by its name, in the order in which they choose."""
    up = settings.up
    ports = {"prefect": up.prefect_port} if own_prefect else {}
    ports |= {"score": settings.serving.port, "mlflow": up.mlflow_port, "evidently": up.evidently_port}
    return ports | ({"page": up.page_port} if _there("page") else {})


def parts(settings: Settings, ports: Mapping[str, Choice], prefect_api: str) -> list[Part]:
    """In the order of their start. Without a port for "prefect" the server is somebody else's."""
    found = [prefect(settings, ports["prefect"])] if "prefect" in ports else []
    shared = {
        "PREFECT_API_URL": prefect_api,
        "TRIMTAB_HOME": str(settings.home),
        "TRIMTAB_SOURCES": json.dumps([str(path) for path in settings.sources]),
    }
    found.append(score(settings, ports["score"], shared))
    if _there("runner"):
        found.append(runner(settings, shared, after=tuple(part.name for part in found if part.name == "prefect")))
    if "page" in ports:
        found.append(page(settings, ports["page"], shared))
    return [*found, mlflow(settings, ports["mlflow"]), evidently(settings, ports["evidently"])]


def prefect(settings: Settings, port: Choice) -> Part:
    """Prefect's server with its UI, on the database that the flows of single commands use too."""
    folder, url = settings.home / "prefect", f"http://{HOST}:{port.port}"
    environment = server.environment(folder) | {
        "PREFECT_API_URL": f"{url}/api",
        "PREFECT_UI_API_URL": f"{url}/api",
        "PREFECT_UI_ENABLED": "true",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",  # runs too are forgotten, after 90 days
    }
    command = server.command(HOST, port.port)
    health, seconds = f"{url}/api/health", settings.up.stop_seconds
    return Part("prefect", "Prefect", command, environment, port, health, stop_seconds=seconds)


def runner(settings: Settings, shared: Mapping[str, str], after: tuple[str, ...]) -> Part:
    """What runs the flows when they are due; it has no address, and says when it has begun."""
    command = (*TRIMTAB, "--home", str(settings.home), "runner")
    seconds = max(settings.up.stop_seconds, RUNNER_SECONDS)
    return Part(
        "runner", "the runner", command, shared, says="deployments are served", after=after, stop_seconds=seconds
    )


def mlflow(settings: Settings, port: Choice) -> Part:
    """MLflow's server on the registry; it hands artifacts out from where our versions were written."""
    command = (*MODULE, "models.registry.server", str(settings.mlflow_path), HOST, str(port.port))
    health = f"http://{HOST}:{port.port}/api/2.0/mlflow/experiments/search?max_results=1"
    return Part("mlflow", "MLflow", command, {}, port, health, stop_seconds=settings.up.stop_seconds)


def evidently(settings: Settings, port: Choice) -> Part:
    """Evidently's UI on the workspace that `monitor` writes."""
    words = ["--workspace", str(settings.reports_path / "workspace"), "--host", HOST, "--port", str(port.port)]
    health = f"http://{HOST}:{port.port}/api/version"
    command = (*MODULE, "evidently.cli", "ui", *words)
    return Part("evidently", "Evidently", command, {}, port, health, stop_seconds=settings.up.stop_seconds)


def score(settings: Settings, port: Choice, shared: Mapping[str, str]) -> Part:
    """The scoring API, healthy once every champion is loaded; in a new home there is none."""
    command = (*TRIMTAB, "--home", str(settings.home), "serve", "--host", HOST, "--port", str(port.port))
    seconds = settings.serving.stop_seconds + FLUSH_SECONDS
    health, excuse = f"http://{HOST}:{port.port}/readyz", "No model has a champion"
    return Part("score", "the scoring API", command, shared, port, health, excuse, stop_seconds=seconds)


def page(settings: Settings, port: Choice, shared: Mapping[str, str]) -> Part:
    """The status page."""
    command = (*TRIMTAB, "--home", str(settings.home), "page", "--port", str(port.port))
    health, seconds = f"http://{HOST}:{port.port}/healthz", settings.up.stop_seconds
    return Part("page", "the status page", command, shared, port, health, stop_seconds=seconds)


def _there(command: str) -> bool:
    """Whether this trimtab has the command."""
    return importlib.util.find_spec(f"trimtab.cli.{command}") is not None
