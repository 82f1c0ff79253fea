"""What a decision card rests on, gathered from registry and ledger and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.gates import GatesReport
from models.registry import Registry
from models.registry.marks import params_of
from models.scores import Comparison
from trimtab.ledger import Entry, Ledger
from trimtab.settings import Cost

MADE = ("retrain", "recalibrate")  # decisions that a version comes of


@dataclass(frozen=True)
class Case:
    """`before` are the parameters of the champion's run, `params` those of the challenger's."""

    model: str
    version: str
    champion: str | None
    at: datetime
    reason: str  # that the version was made for
    price: float  # of making it, in the currency of `cost`
    params: Mapping[str, str]
    before: Mapping[str, str]
    comparison: Comparison | None
    gates: GatesReport
    decision: Entry | None  # that asked for the version; None where a person did
    cost: Cost


def gather(
    registry: Registry,
    ledger: Ledger,
    name: str,
    version: str,
    champion: str | None,
    cost: Cost,
    at: datetime,
    evidence: Mapping[str, Any],
) -> Case:
    """The case of a version that passed the gates; `evidence` is what they said."""
    info = registry.info(name, version)
    gates, comparison = judged(evidence)
    return Case(
        model=name,
        version=version,
        champion=champion,
        at=at,
        reason=info.reason,
        price=cost.recalibrate_cost if info.base else cost.retrain_cost,
        params=params_of(registry, name, version),
        before=params_of(registry, name, champion) if champion else {},
        comparison=comparison,
        gates=gates,
        decision=_decision(ledger, name, info.as_of),
        cost=cost,
    )


def judged(evidence: Mapping[str, Any]) -> tuple[GatesReport, Comparison | None]:
    """What the gates said, from an entry's evidence."""
    kept = evidence.get("comparison")
    return GatesReport.from_evidence(evidence.get("gates", ())), Comparison.from_evidence(kept) if kept else None


def _decision(ledger: Ledger, name: str, as_of: datetime) -> Entry | None:
    """The decision that asked for a version of `as_of`: a version is trained as of the moment of its decision."""
    asked = (entry for entry in reversed(ledger.entries(name, "decision")) if entry.at == as_of)
    return next((entry for entry in asked if entry.evidence.get("action") in MADE), None)
