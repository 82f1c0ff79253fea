"""Where a person looks further: the page of a window, a version in MLflow, a run in Prefect."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from trimtab.addresses import Addresses

Link = dict[str, str]  # "label" and "url"; a url without a scheme is relative to the status page


def links_of(told: dict[str, Any], model: str, version: str | None, reports: Path, at: Addresses) -> list[Link]:
    """The links of one entry of the ledger; `told` is its evidence."""
    found = [
        ("report of the window", report_of(told, model, reports)),
        (f"version {version} in MLflow", version_url(model, version, at)),
        ("run in Prefect", run_url(told, at)),
    ]
    return [{"label": label, "url": url} for label, url in found if url]


def report_of(told: dict[str, Any], model: str, reports: Path) -> str | None:
    """`reports/MODEL/PAGE.html` where that page is there; a home may have moved since its path was written down."""
    name = Path(str(told.get("report") or "")).name
    return f"reports/{quote(model)}/{quote(name)}" if name and (reports / model / name).is_file() else None


def version_url(model: str, version: str | None, at: Addresses) -> str | None:
    if version is None or not safe(at.mlflow):
        return None
    return f"{at.mlflow}/#/models/{quote(model, safe='')}/versions/{quote(version, safe='')}"


def run_url(told: dict[str, Any], at: Addresses) -> str | None:
    """As it was written down, else by the run's id on the server that is known."""
    if safe(run := told.get("run")):
        return str(run)
    run_id = told.get("run_id")
    return f"{at.prefect}/runs/flow-run/{quote(str(run_id), safe='')}" if run_id and safe(at.prefect) else None


def safe(url: object) -> bool:
    """Whether it may stand in a link: a script may not."""
    return isinstance(url, str) and url.startswith(("http://", "https://"))
