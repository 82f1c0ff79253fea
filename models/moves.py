"""What the ledger says of the moves of `champion`: which were made, which a kill left unfinished, which are barred."""

from collections.abc import Collection

from trimtab.entry import MOVES, is_move
from trimtab.ledger import Entry, Ledger

INTENTIONS = ("promotion_intended", "rollback_intended")


def moves(ledger: Ledger, name: str) -> list[Entry]:
    """Promotions, rollbacks and moves by hand that were carried out, from old to new."""
    found = [entry for kind in MOVES for entry in ledger.entries(name, kind) if is_move(entry)]
    return sorted(found, key=lambda entry: entry.id)


def last_move(ledger: Ledger, name: str) -> Entry | None:
    """The newest promotion, rollback or move by hand that was carried out."""
    return next(reversed(moves(ledger, name)), None)


def unfinished(ledger: Ledger, name: str) -> Entry | None:
    """The intention that has no outcome, which only a kill leaves; None where all is done."""
    intended = [entry for kind in INTENTIONS for entry in ledger.entries(name, kind, limit=1)]
    newest = max(intended, key=lambda entry: entry.id, default=None)
    return newest if newest is not None and ledger.find(outcome_key(newest)) is None else None


def outcome_key(intention: Entry) -> str:
    return f"outcome of {intention.id}"


def barred(ledger: Ledger, name: str) -> set[str]:
    """Versions that were rolled back from and that nobody has put back since, and those that share their booster.

    A recalibration of a barred version is barred with it; a version is not barred with a recalibration of it.
    """
    bars: dict[str, int] = {}  # by version the entry that barred it
    served: dict[str, int] = {}
    for entry in moves(ledger, name):
        if entry.kind == "rolled_back" and entry.previous is not None:
            bars[entry.previous] = entry.id
        bars.pop(str(entry.version), None)
        served[str(entry.version)] = entry.id
    for made in ledger.entries(name, "trained"):  # from old to new: a base comes before what is made of it
        bar = bars.get(str(made.evidence.get("base")))
        if bar is not None and served.get(str(made.version), 0) < bar:
            bars[str(made.version)] = bar
    return set(bars)


def why_barred(ledger: Ledger, name: str, version: str) -> str | None:
    """Why a version is never promoted by itself, as a sentence, or None."""
    if version not in barred(ledger, name):
        return None
    if any(entry.previous == version for entry in ledger.entries(name, "rolled_back")):
        return f"Version {version} was rolled back before and is barred."
    return f"Version {version} shares its booster with one that was rolled back, and is barred with it."


def went_forward(move: Entry) -> bool:
    """Whether a version was promoted, be it by hand, and not put back."""
    by_hand = move.kind == "moved_by_hand" and is_move(move) and not move.evidence.get("served_before")
    return move.version is not None and (move.kind == "promoted" or by_hand)


def served_before(ledger: Ledger, name: str, version: str, known: Collection[str], gone: Collection[str]) -> str | None:
    """The version that `version` took over from, over any that are barred, `gone` or not `known` any more."""
    took_over: dict[str, str | None] = {}
    served: str | None = None  # before whom nothing served, took over from the last that did
    for move in moves(ledger, name):
        if move.version is not None and went_forward(move):
            took_over[move.version] = move.previous or served
        served = move.version or served
    left_out = {*barred(ledger, name), *gone, version}
    seen: set[str] = set()
    found = took_over.get(version)
    while found is not None and found not in seen and (found in left_out or found not in known):
        seen.add(found)
        found = took_over.get(found)
    return None if found in seen else found
