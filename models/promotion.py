"""Moving `champion`: an intention in the ledger, then the aliases, then the outcome in the ledger.

A kill between two steps leaves `champion` on the old version or on the new, never on neither. Every call first carries
out the intention that a kill left without its outcome, and writes down what somebody moved by hand;
docs/adr/0002-alias-moves.md says why in this order.
"""

from datetime import datetime
from typing import Any

from models.by_hand import notice_champion
from models.card import promoted_note, replaced_note, restored_note, rolled_back_note
from models.gates import GatesReport
from models.moves import barred, last_move, outcome_key, served_before, unfinished
from models.registry import Registry
from models.scores import Comparison
from models.watch import follow
from trimtab.errors import NothingToRollBack, RegistryError, UnknownModel
from trimtab.ledger import Entry, Ledger

OUTCOMES = {"promotion_intended": "promoted", "rollback_intended": "rolled_back"}
ROLLBACK_SECONDS = 60  # that one waits for whoever judges or moves a version: on call, one wants to know
REFUSALS = {"promotion_intended": "promotion_refused", "rollback_intended": "rollback_refused"}


def promote(
    registry: Registry,
    ledger: Ledger,
    name: str,
    version: str,
    *,
    at: datetime,
    actor: str,
    reason: str,
    evidence: dict[str, Any] | None = None,
) -> Entry:
    """Make `version` champion and the champion of now `previous`; returns the ledger's `promoted`.

    A version that is champion already by the ledger is left as it is, and its last entry returned.
    """
    with registry.lock(name):
        recover(registry, ledger, name, at=at)
        registry.info(name, version)
        champion = registry.alias(name, "champion")
        done = last_move(ledger, name)
        if champion == version and done is not None and done.version == version:
            return done
        before = champion if champion not in (None, version) else registry.alias(name, "previous")
        if before == version:  # taken off by hand, and now put back
            before = _served_before(registry, ledger, name, version)
        told = {"evidence": evidence or {}, "aliases": {"champion": version, "previous": before}}
        said: dict[str, Any] = {"at": at, "model": name, "actor": actor, "reason": reason}
        intention = ledger.append("promotion_intended", version=version, previous=champion, evidence=told, **said)
        return _carry_out(registry, ledger, intention, at)


def rollback(
    registry: Registry,
    ledger: Ledger,
    name: str,
    *,
    at: datetime,
    actor: str,
    reason: str,
    to: str | None = None,
    of: Entry | None = None,
) -> tuple[str, str]:
    """Put the version that served before, or `to`, back; returns (from, to). The version left is barred.

    `of`: the decision that asks for it. It is carried out while the version that it is about serves, and not once
    another was put in its place or a person put it back: two decisions on one bad version are one rollback.

    `previous` then points at what served before that one, or at nothing: rolling back twice goes further
    back and never forth onto a barred version. Where somebody took `champion` off by hand, `from` is "none".
    A rollback that a kill left unfinished is finished, and not another one begun: the command may be run again.
    Raises UnknownModel, NothingToRollBack, and RegistryError where the files of the version to put back are damaged.
    """
    with registry.lock(name).acquire(timeout=ROLLBACK_SECONDS):
        done = recover(registry, ledger, name, at=at)
        ours = of is None or (done is not None and done.previous == of.version)
        if done is not None and done.kind == "rolled_back" and to in (None, done.version) and ours:
            return done.previous or "none", str(done.version)
        champion = _champion(registry, ledger, name)
        if of is not None:
            _still_about(of, champion, last_move(ledger, name))
        target = to or registry.alias(name, "previous")
        if target is None or target == champion:
            raise _nothing(registry, ledger, name, champion, target)
        registry.folder(name, target)  # whole, or no server would load it
        before = _served_before(registry, ledger, name, target, *([champion] if champion else []))
        told = {"evidence": {}, "aliases": {"champion": target, "previous": before}}
        said: dict[str, Any] = {"at": at, "model": name, "actor": actor, "reason": reason}
        intention = ledger.append("rollback_intended", version=target, previous=champion, evidence=told, **said)
        done = _carry_out(registry, ledger, intention, at)
        if done.kind != "rolled_back":
            raise RegistryError(done.reason)
        return champion or "none", target


def recover(registry: Registry, ledger: Ledger, name: str, *, at: datetime) -> Entry | None:
    """Carry out the intention that has no outcome yet, if there is one; returns its outcome.

    Then write down what somebody did to `champion` by hand: whatever comes next starts from where it really is.
    """
    with registry.lock(name):
        intention = unfinished(ledger, name)
        outcome = _carry_out(registry, ledger, intention, at) if intention is not None else None
        notice_champion(registry, ledger, name, at=at)
        return outcome


def _carry_out(registry: Registry, ledger: Ledger, intention: Entry, at: datetime) -> Entry:
    """Aliases, cards, outcome; each step may be done twice."""
    name, aliases = intention.model, intention.evidence["aliases"]
    refusal = _cannot(registry, ledger, intention)
    if refusal:
        return _conclude(ledger, REFUSALS[intention.kind], intention, at, refusal)
    order = ("previous", "champion") if intention.kind == "promotion_intended" else ("champion", "previous")
    known = {info.version for info in registry.versions(name)}
    for alias in order:
        registry.set_alias(name, alias, aliases[alias] if aliases[alias] in known else None)
    if registry.alias(name, "challenger") in (intention.version, intention.previous):
        registry.set_alias(name, "challenger", None)
    _write_cards(registry, intention)
    done = _conclude(ledger, OUTCOMES[intention.kind], intention, at, intention.reason)
    follow(ledger, name)
    return done


def _cannot(registry: Registry, ledger: Ledger, intention: Entry) -> str | None:
    """Why an intention must not be carried out any more, after what happened since."""
    name, new, old = intention.model, intention.version, intention.previous
    known = {info.version for info in registry.versions(name)}
    if new not in known:
        return f"Version {new} was deleted before the move was finished; nothing was moved."
    champion, last = registry.alias(name, "champion"), last_move(ledger, name)
    noticed = last is not None and last.id > intention.id  # since then, so by hand
    if noticed or champion not in (new, old, *([] if old in known else [None])):
        did = f"moved champion to {champion} by hand, away from {old}," if champion else "took champion off by hand"
        return f"Somebody {did} before the move to {new} was finished; it was left there."
    return None


def _conclude(ledger: Ledger, kind: str, intention: Entry, at: datetime, reason: str) -> Entry:
    return ledger.append(
        kind,
        at=at,
        model=intention.model,
        version=intention.version,
        previous=intention.previous,
        actor=intention.actor,
        reason=reason,
        evidence=intention.evidence["evidence"] | {"intention": intention.id},
        key=outcome_key(intention),
    )


def _write_cards(registry: Registry, move: Entry) -> None:
    """Say on the pages of both versions what happened."""
    name, new, old = move.model, str(move.version), move.previous
    if move.kind == "promotion_intended":
        kept = move.evidence["evidence"].get("comparison")
        found = Comparison.from_evidence(kept) if kept else None
        gates = GatesReport.from_evidence(move.evidence["evidence"].get("gates", ()))
        registry.note(name, new, promoted_note(name, move.at, move.actor, move.reason, old, found, gates), found, gates)
        left = replaced_note(new, move.at, move.reason)
    else:
        registry.note(name, new, restored_note(old, move.at, move.actor, move.reason))
        left = rolled_back_note(new, move.at, move.actor, move.reason)
    if old not in (None, new) and old in {info.version for info in registry.versions(name)}:
        registry.note(name, str(old), left)


def _champion(registry: Registry, ledger: Ledger, name: str) -> str | None:
    """None where somebody took it off: it may be put back."""
    champion = registry.alias(name, "champion")
    if champion is not None or last_move(ledger, name) is not None:
        return champion
    if name not in registry.names():
        raise UnknownModel.named(name, registry.names())
    raise NothingToRollBack(f"{name} has no champion yet; promote a version before rolling one back.")


def _still_about(decision: Entry, champion: str | None, last: Entry | None) -> None:
    """Raises NothingToRollBack where the version that a decision is about serves no more, or again."""
    name, bad = decision.model, decision.version
    now = f"{name} {champion} serves" if champion else f"no {name} serves"
    if champion != bad:
        raise NothingToRollBack(f"{name} {bad} serves no more, so there is nothing to roll back; {now}.")
    if last is not None and last.id > decision.id:
        again = f"{last.actor} put it there at {last.at:%Y-%m-%d %H:%M}, after its rollback was decided"
        raise NothingToRollBack(f"{now}, and {again}; it stays until that is decided anew.")


def _nothing(
    registry: Registry, ledger: Ledger, name: str, champion: str | None, target: str | None
) -> NothingToRollBack:
    if champion is not None and target == champion:
        return NothingToRollBack(f"{name} {champion} serves already; name another version with --to.")
    bad = sorted(barred(ledger, name), key=int)
    others = [info.version for info in registry.versions(name) if info.version not in {champion, *bad}]
    why = f" Barred after a rollback: {', '.join(bad)}." if bad else ""
    what = f" Name one of {', '.join(others)} with --to." if others else " Train and promote a new version."
    serves = f"{name} {champion} serves" if champion else f"No {name} serves"
    return NothingToRollBack(f"{serves} and no version served before it.{why}{what}")


def _served_before(registry: Registry, ledger: Ledger, name: str, version: str, *gone: str) -> str | None:
    return served_before(ledger, name, version, {info.version for info in registry.versions(name)}, gone)
