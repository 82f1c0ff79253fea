"""Windows that no version learns from: the data of each was found broken, and nobody has said otherwise since."""

from datetime import datetime

from trimtab.ledger import Entry, Ledger
from trimtab.windows import Window


def window_of(decision: Entry) -> Window | None:
    """The window that a decision was about; None for one of before windows were written down."""
    ends = [decision.evidence.get(name) for name in ("window_start", "window_end")]
    return Window(*map(datetime.fromisoformat, ends)) if all(ends) else None  # type: ignore[arg-type]


def blocked_windows(ledger: Ledger, model: str, as_of: datetime) -> tuple[Window, ...]:
    """Windows quarantined by decisions of before `as_of`, oldest first.

    The last decision on a window stands: a later one with another action gives its rows back.
    """
    stands: dict[Window, str] = {}
    for entry in ledger.entries(model, "decision"):
        window = window_of(entry) if entry.at <= as_of else None
        if window is not None:
            stands[window] = str(entry.evidence.get("action"))
    return tuple(sorted(window for window, action in stands.items() if action == "quarantine"))
