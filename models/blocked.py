"""Windows that no version learns from: the data of each was found broken, and nobody has said otherwise since."""

from datetime import datetime

from trimtab.errors import LedgerError
from trimtab.ledger import Entry, Ledger
from trimtab.windows import Window


def window_of(decision: Entry) -> Window | None:
    """The window that a decision was about; None for one of before windows were written down."""
    ends = [decision.evidence.get(name) for name in ("window_start", "window_end")]
    return Window(*map(datetime.fromisoformat, ends)) if all(ends) else None  # type: ignore[arg-type]


def judged_data(decision: Entry) -> bool:
    """Whether it was about the data of its window. A look of the watch compares versions, and gives nothing back."""
    return decision.evidence.get("looked_at") != "watch"


def blocked_windows(ledger: Ledger, model: str, as_of: datetime) -> tuple[Window, ...]:
    """Windows quarantined by decisions of before `as_of`, oldest first.

    The last decision on a window stands: a later one with another action gives its rows back.
    """
    stands: dict[Window, str] = {}
    for entry in ledger.entries(model, "decision"):
        window = window_of(entry) if entry.at <= as_of and judged_data(entry) else None
        if window is not None:
            stands[window] = str(entry.evidence.get("action"))
    return tuple(sorted(window for window, action in stands.items() if action == "quarantine"))


def lift(ledger: Ledger, model: str, end: datetime, *, at: datetime, actor: str, reason: str) -> Window:
    """Give the quarantined window that ends at `end` back to training: a decision of a person, kept like any other."""
    blocked = blocked_windows(ledger, model, at)
    window = next((window for window in blocked if window.end == end), None)
    if window is None:
        listed = ", ".join(f"{each.end:%Y-%m-%dT%H:%M}" for each in blocked) or "none"
        raise LedgerError(
            f"No window of {model} that ends at {end:%Y-%m-%dT%H:%M} is quarantined. Those that are end at: {listed}."
        )
    about = {"window_start": window.start.isoformat(), "window_end": window.end.isoformat()}
    evidence = about | {"action": "none", "reasons": [reason]}
    ledger.append("decision", at=at, model=model, actor=actor, reason=reason, evidence=evidence)
    return window
