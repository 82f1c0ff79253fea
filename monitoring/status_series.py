"""A model's windows over time and what happened between them, in plain values: read from the ledger alone."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from models.blocked import window_of
from monitoring.links import report_of
from trimtab.entry import is_move
from trimtab.ledger import Entry
from trimtab.windows import Window

YEAR = timedelta(days=365)
FIGURES = {  # in a point: as the evidence of a decision calls it
    "loss": "mean_loss", "loss_low": "mean_loss_low", "loss_high": "mean_loss_high", "loss_rise": "loss_rise",
    "estimate": "estimated_loss", "estimate_low": "estimated_loss_low", "estimate_high": "estimated_loss_high",
}  # fmt: skip
DECIDING = ("performance ", "calibration ")  # kinds of stream whose evidence starts a look


def judgements(entries: Iterable[Entry]) -> list[Entry]:
    """The decisions that judged a window; a person's word on one is a decision too, and judged nothing."""
    return [entry for entry in entries if judged(entry)]


def judged(entry: Entry) -> bool:
    return entry.kind == "decision" and entry.version is not None


def windows(entries: Iterable[Entry], model: str, reports: Path) -> list[dict[str, Any]]:
    """One point a window, oldest first: the newest judgement of each."""
    newest = {window.end: (window, entry) for entry in judgements(entries) if (window := window_of(entry)) is not None}
    return [_point(*newest[end], model, reports) for end in sorted(newest)]


def _point(window: Window, entry: Entry, model: str, reports: Path) -> dict[str, Any]:
    """`loss` is calculated, `estimate` was made before labels came; `spent` is a share of the alarm's limit."""
    told = entry.evidence
    measured, alarm = told.get("performance", {}), told.get("alarm") or {}
    figures = {name: measured.get(stored) for name, stored in FIGURES.items()}
    rise = figures.pop("loss_rise")
    usual = figures["loss"] / (1 + rise) if figures["loss"] is not None and rise is not None and rise > -1 else None
    return {
        "start": window.start,
        "end": window.end,
        "version": entry.version,
        "posts": told.get("rows"),
        **figures,
        "rise": rise,
        "usual": float(f"{usual:.4g}") if usual is not None else None,
        "spent": alarm.get("spent"),
        "deciding": deciding(told),
        "raised": bool(alarm.get("raised")),
        "calls": bool(alarm.get("calls")),
        "action": str(told.get("action")),
        "report": report_of(told, model, reports),
    }


def deciding(told: dict[str, Any]) -> float | None:
    """The part of `spent` that the loss and the calibration have gathered: they alone call for a look."""
    streams = (told.get("alarm") or {}).get("streams")
    return None if streams is None else sum(own for name, own in streams.items() if name.startswith(DECIDING) and own)


def marks(entries: Iterable[Entry], blocked: Sequence[Window]) -> list[dict[str, Any]]:
    """What is marked on the series, oldest first: moves, challengers that were refused, quarantined windows."""
    found = [_mark(entry) for entry in entries if is_move(entry) or _refused(entry)]
    held = [
        {"at": window.end, "start": window.start, "kind": "quarantined", "version": None, "sentence": _held(window)}
        for window in blocked
    ]
    return sorted([*found, *held], key=lambda mark: mark["at"])


def in_a_year(entries: Iterable[Entry], end: datetime) -> dict[str, int]:
    """Retrains and recalibrations that were started, and versions promoted and refused, in the year up to `end`."""
    past = {"made": 0, "promoted": 0, "refused": 0}
    for entry in entries:
        if not end - YEAR < entry.at <= end:
            continue
        past["made"] += entry.kind == "retrain_started"
        past["promoted"] += entry.kind == "promoted" and entry.previous is not None
        past["refused"] += _refused(entry)
    return past


def _refused(entry: Entry) -> bool:
    """Whether a challenger was turned down, by the gates or by a person; a move that was given up is neither."""
    return entry.kind in ("promotion_refused", "refused") and "intention" not in entry.evidence


def _mark(entry: Entry) -> dict[str, Any]:
    kind = "refused" if _refused(entry) else entry.kind
    return {"at": entry.at, "start": None, "kind": kind, "version": entry.version, "sentence": _said(entry, kind)}


def _said(entry: Entry, kind: str) -> str:
    version, other = f"Version {entry.version}", f"version {entry.previous}"
    if kind == "refused":
        return f"{version} was refused; {other} stays"
    if kind == "rolled_back":
        return f"{other.capitalize()} was taken back; {version.lower()} answers again"
    if entry.version is None:
        return f"{other.capitalize()} was taken off by hand; nothing answers"
    by_hand = " by hand in MLflow" if kind == "moved_by_hand" else ""
    return f"{version} was promoted{by_hand}" + (f" in place of {other}" if entry.previous else "")


def _held(window: Window) -> str:
    return f"What came in {window.start:%Y-%m-%d} to {window.end:%Y-%m-%d} looked broken; nothing is learned from it"
