"""Where a person can look at what an entry of the ledger speaks of, as far as addresses are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from trimtab.addresses import Addresses
from trimtab.entry import Entry


@dataclass(frozen=True)
class Link:
    """A place with its name."""

    name: str
    url: str

    def __str__(self) -> str:
        return f"{self.name}: {self.url}"


def links_of(entry: Entry, addresses: Addresses, home: Path) -> tuple[Link, ...]:
    """The flow run, the report, the version with its card, and the model's place on the status page."""
    found = {
        "run": run(entry.evidence, addresses),
        "report": report(str(entry.evidence.get("report") or ""), addresses, home),
        "version and card": version(entry.model, entry.version, addresses),
        "status": status(entry.model, addresses),
    }
    return tuple(Link(name, url) for name, url in found.items() if url)


def run(told: Mapping[str, Any], addresses: Addresses) -> str | None:
    """The flow run: as it was written down, else by its id on the server that is known."""
    if (url := str(told.get("run") or "")).startswith(("http://", "https://")):
        return url
    if addresses.prefect is None or not told.get("run_id"):
        return None
    return f"{addresses.prefect}/runs/flow-run/{quote(str(told['run_id']))}"


def report(path: str, addresses: Addresses, home: Path) -> str | None:
    """The page that an Evidently report was written to: through the status page where one runs, else the file."""
    if not path:
        return None
    page, reports = Path(path), home / "reports"
    if addresses.page is not None and page.is_relative_to(reports):
        return f"{addresses.page}/reports/{quote(page.relative_to(reports).as_posix())}"
    return page.as_uri() if page.is_absolute() else None


def version(model: str, number: str | None, addresses: Addresses) -> str | None:
    """The version's page in MLflow, which holds its card; a version that waits has its decision card there."""
    if addresses.mlflow is None or number is None:
        return None
    return f"{addresses.mlflow}/#/models/{quote(model)}/versions/{quote(number)}"


def training(experiment: str | None, run: str | None, addresses: Addresses) -> str | None:
    """The MLflow run in which a version was trained."""
    if addresses.mlflow is None or experiment is None or run is None:
        return None
    return f"{addresses.mlflow}/#/experiments/{quote(experiment)}/runs/{quote(run)}"


def status(model: str, addresses: Addresses) -> str | None:
    """The status page, at the model where there is one."""
    if addresses.page is None:
        return None
    return f"{addresses.page}/#{quote(model)}" if model != "-" else f"{addresses.page}/"
