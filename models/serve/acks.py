"""Acknowledgements in the ledger: this worker serves this version, as of this move."""

from datetime import datetime

from models.serve.presence import Worker
from trimtab.ledger import Entry, Ledger

MOVES = ("promoted", "rolled_back", "moved_by_hand")


def newest_move(ledger: Ledger, model: str) -> int:
    """Ledger id of the newest move of a model's champion; 0 before the first."""
    newest = [entry.id for kind in MOVES for entry in ledger.entries(model, kind, limit=1)]
    return max(newest, default=0)


def key_of(worker: Worker, model: str, version: str, move: int) -> str:
    return f"ack/{worker.server}/{worker.worker}/{model}/{version}/{move}"


def acknowledge(ledger: Ledger, worker: Worker, model: str, version: str, move: int, at: datetime) -> Entry:
    """Say that every answer of `worker` from now on is of `version`. Twice adds nothing."""
    return ledger.append(
        "acknowledged",
        at=at,
        model=model,
        version=version,
        actor=worker.actor,
        reason=f"Every answer is of version {version} from here on.",
        evidence={"server": worker.server, "worker": worker.worker, "pid": worker.pid, "move": move},
        key=key_of(worker, model, version, move),
    )
