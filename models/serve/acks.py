"""Acknowledgements in the ledger: this worker serves this version, as of this move."""

from datetime import datetime

from models.moves import last_move
from models.serve.presence import Worker
from trimtab.ledger import Entry, Ledger


def newest_move(ledger: Ledger, model: str) -> int:
    """Ledger id of the newest move of a model's champion; 0 before the first."""
    found = last_move(ledger, model)
    return found.id if found else 0


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
