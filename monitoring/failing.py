"""Runs that failed and do not work again yet, and the alerts that were sent."""

from collections.abc import Iterable
from typing import Any

from monitoring.links import run_url
from trimtab.addresses import Addresses
from trimtab.ledger import Entry

NEWEST = 10


def failing(entries: Iterable[Entry], at: Addresses) -> list[dict[str, Any]]:
    """Each flow and subject that has failed and not recovered since, newest first; `at` is its first failure."""
    first: dict[tuple[str, str], Entry] = {}
    newest: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        about = str(entry.evidence.get("flow") or entry.actor), str(entry.evidence.get("subject") or entry.model)
        if entry.kind == "run_failed":
            newest.pop(about, None)
            first.setdefault(about, entry)
            newest[about] = entry
        elif entry.kind == "run_recovered":
            first.pop(about, None)
            newest.pop(about, None)
    return [
        {"at": first[about].at, "flow": about[0], "subject": about[1], "why": e.reason, "run": run_url(e.evidence, at)}
        for about, e in reversed(newest.items())
    ]


def alerts(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The newest alerts, newest first."""
    sent = [entry for entry in entries if entry.kind == "alerted"][-NEWEST:]
    return [
        {"at": e.at, "model": e.model, "severity": e.evidence.get("severity"), "sentence": e.reason} for e in sent[::-1]
    ]
