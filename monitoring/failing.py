"""Runs that failed and do not work again yet, and the alerts that were sent."""

from collections.abc import Iterable
from typing import Any

from monitoring.links import run_url
from trimtab.addresses import Addresses
from trimtab.ledger import Entry

NEWEST = 10


def failing(entries: Iterable[Entry], at: Addresses) -> list[dict[str, Any]]:
    """The newest failure of each flow and subject that has not recovered since, newest first."""
    open_runs: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        about = str(entry.evidence.get("flow") or entry.actor), str(entry.evidence.get("subject") or entry.model)
        if entry.kind == "run_failed":
            open_runs.pop(about, None)
            open_runs[about] = entry
        elif entry.kind == "run_recovered":
            open_runs.pop(about, None)
    return [
        {"at": entry.at, "flow": flow, "subject": subject, "why": entry.reason, "run": run_url(entry.evidence, at)}
        for (flow, subject), entry in reversed(open_runs.items())
    ]


def alerts(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The newest alerts, newest first."""
    sent = [entry for entry in entries if entry.kind == "alerted"][-NEWEST:]
    return [
        {"at": e.at, "model": e.model, "severity": e.evidence.get("severity"), "sentence": e.reason} for e in sent[::-1]
    ]
