"""What the ledger holds: entries, their kinds, and how they are stored."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trimtab.errors import LedgerError

KINDS = (
    "decision",
    "trained",
    "promotion_intended",
    "promoted",
    "promotion_refused",
    "rollback_intended",
    "rolled_back",
    "rollback_refused",
    "retrain_started",
    "retrain_finished",
    "gates_judged",
    "review_wanted",
    "approved",
    "refused",
    "review_ended",
    "acknowledged",
    "moved_by_hand",
    "challenger_moved",
    "watch_begun",
    "watch_ended",
    "reproduced",
    "acted",  # a decision was carried out, or why it was not
    "run_failed",
    "run_recovered",
    "alerted",
)
COMPARED = ("gates_judged", "review_wanted", "review_ended", "approved", "refused", "promotion_refused", "watch_ended")
WORDS = {"gates_judged": "judged by the gates", "review_wanted": "waits for review", "reproduced": "made again"}
MOVES = ("promoted", "rolled_back", "moved_by_hand")  # `version` serves from then on; None: nothing does


@dataclass(frozen=True)
class Entry:
    """One thing that was decided or done, by whom and why."""

    id: int
    at: datetime
    kind: str
    model: str
    version: str | None
    previous: str | None
    actor: str
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)
    key: str | None = None
    hash: str = ""  # of this entry and all before it; empty where a hand has removed it

    def __str__(self) -> str:
        version = f" {self.version}" if self.version else ""
        other = f" ({'against' if self.kind in COMPARED else 'before'}: {self.previous})" if self.previous else ""
        what = f"{self.model}{version}: {self.what}{other}"
        return f"{self.at:%Y-%m-%d %H:%M} {what} by {self.actor}: {self.reason}"

    @property
    def what(self) -> str:
        """The kind in words."""
        words = WORDS.get(self.kind, self.kind.replace("_", " "))
        return f"{self.evidence.get('alias', 'alias')} {words}" if self.kind == "moved_by_hand" else words


def is_move(entry: Entry) -> bool:
    """Whether another version served from this entry on. By hand, other aliases than `champion` are moved too."""
    return entry.kind in MOVES and entry.evidence.get("alias", "champion") == "champion"


def to_json(kind: str, evidence: dict[str, Any] | None) -> str:
    """The evidence of an entry as it is stored; LedgerError for what is no plain value."""
    try:
        return json.dumps(evidence or {}, sort_keys=True, ensure_ascii=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise LedgerError(f"The evidence of '{kind}' cannot be written as JSON: {error}. Give plain values.") from error


def _plain(value: Any) -> Any:
    """Moments as ISO text, numpy scalars as numbers; anything else is refused."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not a plain value")


def from_row(row: tuple[Any, ...]) -> Entry:
    """From the columns as they are stored, and the hash."""
    number, at, kind, model, version, previous, actor, reason, evidence, key, digest = row
    try:
        moment, told = datetime.fromisoformat(at), json.loads(evidence)
    except ValueError as error:
        found = f"Entry {number} of the ledger cannot be read: {error}. Somebody changed it"
        raise LedgerError(f"{found}; `trimtab verify` says more, and a backup has it as it was.") from error
    return Entry(number, moment, kind, model, version, previous, actor, reason, told, key, digest or "")
