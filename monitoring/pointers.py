"""Where a person can look at what an entry of the ledger speaks of, as far as addresses are known."""

from dataclasses import dataclass
from pathlib import Path
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
        "run": entry.evidence.get("run"),
        "report": report(str(entry.evidence.get("report") or ""), addresses, home),
        "version and card": version(entry.model, entry.version, addresses),
        "status": status(entry.model, addresses),
    }
    return tuple(Link(name, url) for name, url in found.items() if url)


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
