"""Runs that failed and do not work again yet, and the alerts that were sent."""

from collections.abc import Iterable
from typing import Any

from monitoring.links import run_url
from trimtab.addresses import Addresses
from trimtab.ledger import Entry

NEWEST = 10


def failures(entries: Iterable[Entry]) -> dict[tuple[str, str], tuple[Entry, Entry]]:
    """First and newest failure since the last success, by flow and subject; the newest of them last."""
    found: dict[tuple[str, str], tuple[Entry, Entry]] = {}
    for entry in entries:
        if entry.kind not in ("run_failed", "run_recovered"):
            continue
        about = str(entry.evidence.get("flow") or entry.actor), str(entry.evidence.get("subject") or entry.model)
        before = found.pop(about, None)
        if entry.kind == "run_failed":
            found[about] = (before[0] if before else entry, entry)
    return found


def failing(entries: Iterable[Entry], at: Addresses) -> list[dict[str, Any]]:
    """Each flow and subject that has failed and not recovered since, newest first; `at` is its first failure."""
    return [
        {"at": first.at, "flow": flow, "subject": subject, "why": newest.reason, "run": run_url(newest.evidence, at)}
        for (flow, subject), (first, newest) in reversed(failures(entries).items())
    ]


def alerts(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """The newest alerts, newest first."""
    sent = [entry for entry in entries if entry.kind == "alerted"][-NEWEST:]
    return [
        {"at": e.at, "model": e.model, "severity": e.evidence.get("severity"), "sentence": e.reason} for e in sent[::-1]
    ]
