"""Whether a challenger becomes champion: it must pass every gate, on the same fresh mature rows as the champion."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pandas import DataFrame

from models.by_hand import nothing_to_beat, taken_off
from models.card import refused_note
from models.case import judged
from models.gates import GatesReport, try_gates
from models.gates.arranged import arrange
from models.moves import why_barred
from models.promotion import promote
from models.registry import Registry
from models.review import lapse, settle, want_review
from models.scores import Comparison
from models.spec import Model
from models.waiting import waiting_version
from trimtab.errors import RegistryBusy
from trimtab.ledger import Entry, Ledger
from trimtab.settings import Cost, Gates, Release

TRIES = 3  # at a comparison with a champion that goes on serving until it is done
USUAL_LIMITS, USUAL_COST = Gates(), Cost()
DONE = {"review_wanted": "waits for review", "promotion_refused": "was not promoted"}


@dataclass(frozen=True)
class Verdict:
    """What became of a challenger, and on which argument. Prints as one sentence."""

    promoted: bool
    entry: Entry
    comparison: Comparison | None
    gates: GatesReport

    def __str__(self) -> str:
        done = "was promoted" if self.promoted else DONE.get(self.entry.kind, "was not promoted")
        return f"{self.entry.model} {self.entry.version} {done}: {self.entry.reason}"


def judge(
    registry: Registry,
    ledger: Ledger,
    model: Model,
    challenger: str,
    fresh: DataFrame,
    release: Release,
    *,
    at: datetime,
    actor: str,
    seed: int = 0,
    limits: Gates = USUAL_LIMITS,
    interval_share: float = 0.8,
    cost: Cost = USUAL_COST,
) -> Verdict:
    """Promote `challenger` if it passes the gates on `fresh` (rows with target that it did not learn from).

    With `release.promotion` "review" it waits for a person instead; `cost` is what its decision card reckons with.
    Never on stored metrics. Without a champion there is nothing to beat. While it is judged, and while fresh rows are
    too few, it is called `challenger`. What the gates said is in the ledger before anything is done about it.
    `interval_share` is the share of outcomes that intervals of the model should hold.
    """
    name = model.name
    told: dict[str, Any] = {"at": at, "actor": actor}
    for _ in range(TRIES):
        with registry.lock(name):
            settle(registry, ledger, name, at=at)
            champion = registry.alias(name, "champion")
            if done := _settled_already(registry, ledger, name, challenger, champion, release, **told):
                return done
            if champion is not None:
                registry.set_alias(name, "challenger", challenger)
        # Not held while the gates run: whoever rolls back meanwhile must not wait for them.
        trying = (registry, ledger, model, challenger, champion, fresh, release)
        said = _try_gates(*trying, limits=limits, interval_share=interval_share, seed=seed, **told)
        with registry.lock(name):
            if registry.alias(name, "champion") == champion:
                return _carry_out(registry, ledger, name, challenger, champion, said, release, cost, **told)
    raise RegistryBusy(
        f"The champion of {name} changed {TRIES} times while {challenger} was judged, which is not at fault; run the "
        "same command again once nobody moves it."
    )


def _settled_already(
    registry: Registry,
    ledger: Ledger,
    name: str,
    challenger: str,
    champion: str | None,
    release: Release,
    **told: Any,
) -> Verdict | None:
    """What no gate needs to be asked for."""
    if champion == challenger:
        first = nothing_to_beat(ledger, name)
        return _verdict(promote(registry, ledger, name, challenger, reason=first, **told))
    if champion is None and release.promotion == "auto" and (why := taken_off(registry, ledger, name)):
        return _refuse(registry, ledger, name, challenger, champion, {}, why, **told)
    if reason := why_barred(ledger, name, challenger):
        return _refuse(registry, ledger, name, challenger, champion, {}, reason, **told)
    return None


def _try_gates(
    registry: Registry,
    ledger: Ledger,
    model: Model,
    challenger: str,
    champion: str | None,
    fresh: DataFrame,
    release: Release,
    *,
    limits: Gates,
    interval_share: float,
    seed: int,
    at: datetime,
    actor: str,
) -> Entry:
    """What the gates say, in the ledger; what was judged before a kill is what is carried out after it."""
    key = f"gates {model.name} {challenger} against {champion} at {at.isoformat()}"
    if said := ledger.find(key):
        return said
    trial = arrange(registry, model, challenger, champion, fresh, limits, release, interval_share, seed)
    gates, comparison = try_gates(trial)
    evidence: dict[str, Any] = {"gates": gates.evidence()}
    evidence |= {"comparison": comparison.evidence()} if comparison else {}
    about: dict[str, Any] = {"version": challenger, "previous": champion, "reason": str(gates), "actor": actor}
    return ledger.append("gates_judged", at=at, model=model.name, key=key, evidence=evidence, **about)


def _carry_out(
    registry: Registry,
    ledger: Ledger,
    name: str,
    challenger: str,
    champion: str | None,
    said: Entry,
    release: Release,
    cost: Cost,
    **told: Any,
) -> Verdict:
    """Promote it, have it wait for a person, or refuse it, as the gates said."""
    gates, comparison = judged(said.evidence)
    if reason := why_barred(ledger, name, challenger):  # by a person, while it was judged
        return _refuse(registry, ledger, name, challenger, champion, said.evidence, reason, **told)
    if not gates.passed:
        return _refuse(registry, ledger, name, challenger, champion, said.evidence, str(gates), **told)
    reason = str(comparison) if comparison else nothing_to_beat(ledger, name)
    about: dict[str, Any] = {**told, "reason": reason, "evidence": said.evidence}
    if release.promotion == "review":
        return _verdict(want_review(registry, ledger, name, challenger, champion, cost, **about))
    return _verdict(promote(registry, ledger, name, challenger, **about))


def _refuse(
    registry: Registry,
    ledger: Ledger,
    name: str,
    challenger: str,
    champion: str | None,
    evidence: dict[str, Any],
    reason: str,
    *,
    at: datetime,
    actor: str,
) -> Verdict:
    """Write the refusal down; a challenger that was refused for want of data alone goes on waiting."""
    gates, found = judged(evidence)
    registry.note(name, challenger, refused_note(at, actor, reason, found, gates), found, gates)
    lapse(registry, ledger, name, challenger, reason, at=at)
    waits = waiting_version(ledger, name)
    if (waits or (gates.refusing and not gates.waits)) and registry.alias(name, "challenger") == challenger:
        registry.set_alias(name, "challenger", waits)
    entry = ledger.append(
        "promotion_refused",
        at=at,
        model=name,
        version=challenger,
        previous=champion,
        actor=actor,
        reason=reason,
        evidence=evidence,
        key=f"refused {name} {challenger} against {champion} at {at.isoformat()}",
    )
    return _verdict(entry)


def _verdict(entry: Entry) -> Verdict:
    gates, found = judged(entry.evidence)
    promoted = entry.kind not in DONE and entry.evidence.get("how", "approved") == "approved"
    return Verdict(promoted, entry, found, gates)
