"""What somebody moved in MLflow itself: noticed by holding the aliases against the ledger, and written into it.

From then on it is a move like any other. MLflow keeps neither who moved an alias nor when, so an entry is dated when it
was noticed. A kill amid a move of ours is told from it by the intention that it left.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from models.card import promoted_note, replaced_note
from models.gates.gate import GatesReport
from models.moves import last_move, moves, served_before, unfinished
from models.registry import Registry
from trimtab.ledger import Entry, Ledger

ACTOR = "somebody"
WAITING = ("trained", "gates_judged", "review_wanted", "approved", "refused", "challenger_moved", "moved_by_hand")
TELLING = (*WAITING, "promoted", "rolled_back", "promotion_refused")  # of whether a version is challenger still


def look(registry: Registry, ledger: Ledger, names: Iterable[str], *, at: datetime) -> list[Entry]:
    """Notice what was moved of each model, without waiting: who holds its lock moves aliases, and notices himself."""
    found: list[Entry] = []
    for name in sorted({*names} & {*registry.names()}):
        try:
            with registry.lock(name).acquire(timeout=0):
                found += notice(registry, ledger, name, at=at)
        except TimeoutError:
            continue
    return found


def notice(registry: Registry, ledger: Ledger, name: str, *, at: datetime) -> list[Entry]:
    """What was moved by hand since the ledger's last entry on it, `champion` first; written down once."""
    with registry.lock(name):
        champion = notice_champion(registry, ledger, name, at=at)
        return [entry for entry in (champion, _notice_challenger(registry, ledger, name, at)) if entry is not None]


def notice_champion(registry: Registry, ledger: Ledger, name: str, *, at: datetime) -> Entry | None:
    """Write down that `champion` was moved or taken off by hand; `previous` then points at the version that was left.

    Where it points at nothing, as half a backup leaves it, it is taken off. The entry comes last: what a kill leaves
    undone is noticed again.
    """
    with registry.lock(name):
        now, last = registry.alias(name, "champion"), last_move(ledger, name)
        known = {info.version for info in registry.versions(name)}
        if now is not None and now not in known:
            registry.set_alias(name, "champion", None)
            now = None
        left = last.version if last is not None else None
        if now == left or _explained(unfinished(ledger, name), now, known):
            return None
        at = max(at, last.at) if last is not None else at  # not before what it undid
        reason = _reason(now, left, known)
        _point_previous(registry, ledger, name, now, left, known)
        if now is not None and registry.alias(name, "challenger") == now:
            registry.set_alias(name, "challenger", None)
        _write_cards(registry, name, now, left if left in known else None, at, reason)
        evidence = {
            "alias": "champion",
            "served_before": now in {move.version for move in moves(ledger, name)},
            "not_before": last.at.isoformat() if last is not None else None,
        }
        return _append(ledger, name, now, left, at, reason, evidence, after=last)


def taken_off(registry: Registry, ledger: Ledger, name: str) -> str | None:
    """Why no version serves, where somebody wanted it so; not where the one that served was deleted, or none did."""
    last, known = last_move(ledger, name), {info.version for info in registry.versions(name)}
    if last is None or last.version is not None or last.previous not in known:
        return None
    who = f"Somebody took champion off version {last.previous} (noticed {last.at:%Y-%m-%d %H:%M})"
    return f'{who}, and a person decides what serves next: trimtab rollback {name} --to VERSION --reason "...".'


def nothing_to_beat(ledger: Ledger, name: str) -> str:
    """Why a challenger has no champion to beat."""
    last = last_move(ledger, name)
    if last is None or last.version is not None:
        return f"No version of {name} served before."
    return f"No version of {name} serves since {last.previous} was taken off or deleted by hand."


def _notice_challenger(registry: Registry, ledger: Ledger, name: str, at: datetime) -> Entry | None:
    now = registry.alias(name, "challenger")
    if now is None:
        return None
    own = (entry for entry in reversed(ledger.entries(name)) if entry.version == now and entry.kind in TELLING)
    last = next(own, None)
    intention = unfinished(ledger, name)
    if (last is not None and _waits(last)) or (intention and now in (intention.version, intention.previous)):
        return None
    reason = "challenger was pointed at it in MLflow, not by trimtab"
    return _append(ledger, name, now, None, at, reason, {"alias": "challenger"}, after=last)


def _waits(entry: Entry) -> bool:
    """Whether after its newest entry a version is still challenger."""
    if entry.kind == "promotion_refused":
        gates = GatesReport.from_evidence(entry.evidence.get("gates", ()))
        return gates.waits or not gates.refusing
    return entry.kind in WAITING and entry.evidence.get("alias") != "champion"


def _explained(intention: Entry | None, champion: str | None, known: set[str]) -> bool:
    """Whether a kill left `champion` there; also where the version left was deleted since, which takes it off."""
    if intention is None:
        return False
    if champion is None and intention.previous is not None:
        return intention.previous not in known
    return champion in (intention.version, intention.previous)


def _reason(now: str | None, left: str | None, known: set[str]) -> str:
    if now is not None:
        return "champion was pointed at it in MLflow, not by trimtab"
    if left in known:
        return f"champion was taken off version {left} in MLflow, not by trimtab; none serves"
    return f"version {left} was deleted in MLflow, and champion with it; none serves"


def _point_previous(
    registry: Registry, ledger: Ledger, name: str, now: str | None, left: str | None, known: set[str]
) -> None:
    if left is not None and left in known:
        registry.set_alias(name, "previous", left)
    elif now is not None and registry.alias(name, "previous") == now:
        registry.set_alias(name, "previous", served_before(ledger, name, now, known, gone=()))


def _write_cards(registry: Registry, name: str, now: str | None, left: str | None, at: datetime, reason: str) -> None:
    if now is not None:
        registry.note(name, now, promoted_note(name, at, ACTOR, f"{reason[0].upper()}{reason[1:]}.", left, None))
        if left is not None:
            registry.note(name, left, replaced_note(now, at, "Somebody moved champion in MLflow, not by trimtab."))


def _append(
    ledger: Ledger,
    name: str,
    version: str | None,
    previous: str | None,
    at: datetime,
    reason: str,
    evidence: dict[str, Any],
    after: Entry | None,
) -> Entry:
    alias = evidence["alias"]
    return ledger.append(
        "moved_by_hand",
        at=at,
        model=name,
        version=version,
        previous=previous,
        actor=ACTOR,
        reason=reason,
        evidence=evidence,
        key=f"by hand {name} {alias} to {version} after {after.id if after else 0}",
    )
