"""Where a person can look at what an entry of the ledger speaks of: whole addresses, as far as they are known."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from monitoring.links import run_url, safe, version_url
from trimtab.addresses import Addresses
from trimtab.entry import Entry


@dataclass(frozen=True)
class Link:
    """A place with its name."""

    name: str
    url: str

    def __str__(self) -> str:
        return f"{self.name}: {self.url}"


def links_of(entry: Entry, at: Addresses, home: Path) -> tuple[Link, ...]:
    """The flow run, the report, the version with its card, and the model's place on the status page."""
    found = {
        "run": run_url(entry.evidence, at),
        "report": report(str(entry.evidence.get("report") or ""), at, home),
        "version and card": version_url(entry.model, entry.version, at),
        "status": status(entry.model, at),
    }
    return tuple(Link(name, url) for name, url in found.items() if url)


def report(path: str, at: Addresses, home: Path) -> str | None:
    """The page of drift of a window: through the status page where one runs, else the file."""
    page, reports = Path(path), home / "reports"
    if not path or not page.is_absolute():
        return None
    if safe(at.page) and page.is_relative_to(reports):
        return f"{at.page}/reports/{quote(page.relative_to(reports).as_posix())}"
    return page.as_uri()


def status(model: str, at: Addresses) -> str | None:
    """The status page, at the model where there is one."""
    return f"{at.page}/#{quote(model if model != '-' else 'alerts')}" if safe(at.page) else None
