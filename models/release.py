"""Whether a challenger becomes champion: both score the same fresh mature rows, now, and the better one serves."""

from dataclasses import dataclass
from datetime import datetime

from pandas import DataFrame

from models.card import refused_note
from models.evaluate import Unscorable, compare
from models.promotion import barred, promote, recover
from models.registry import Registry
from models.scores import Comparison
from models.spec import Model
from trimtab.errors import NotEnoughData
from trimtab.ledger import Entry, Ledger
from trimtab.settings import Release


@dataclass(frozen=True)
class Verdict:
    """What became of a challenger, and on which argument. Prints as one sentence."""

    promoted: bool
    entry: Entry
    comparison: Comparison | None

    def __str__(self) -> str:
        done = "promoted" if self.promoted else "not promoted"
        return f"{self.entry.model} {self.entry.version} was {done}: {self.entry.reason}"


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
) -> Verdict:
    """Promote `challenger` if its loss on `fresh` (rows with target) is lower and the interval excludes zero.

    Never on stored metrics. Without a champion there is nothing to beat. While it is judged, and while fresh rows are
    too few, it is called `challenger`. A refusal is written to the ledger and on its card.
    """
    name = model.name
    with registry.lock(name):
        recover(registry, ledger, name, at=at)
        champion = registry.alias(name, "champion")
        if champion in (None, challenger):
            reason = f"No version of {name} served before."
            return _verdict(promote(registry, ledger, name, challenger, at=at, actor=actor, reason=reason))
        if challenger in barred(ledger, name):
            reason = f"Version {challenger} was rolled back before and is barred."
            return _refuse(registry, ledger, name, challenger, champion, None, at, actor, reason)
        registry.set_alias(name, "challenger", challenger)
        try:
            found = compare(
                model,
                champion,
                challenger,
                fresh,
                registry.load(name, champion).predict(fresh) if len(fresh) else fresh,
                registry.load(name, challenger).predict(fresh) if len(fresh) else fresh,
                seed=seed,
                resamples=release.resamples,
                confidence=release.confidence,
            )
        except (NotEnoughData, Unscorable) as error:
            return _refuse(registry, ledger, name, challenger, champion, None, at, actor, str(error))
        if not found.better:
            return _refuse(registry, ledger, name, challenger, champion, found, at, actor, str(found))
        evidence = {"comparison": found.evidence()}
        entry = promote(registry, ledger, name, challenger, at=at, actor=actor, reason=str(found), evidence=evidence)
        return _verdict(entry)


def _refuse(
    registry: Registry,
    ledger: Ledger,
    name: str,
    challenger: str,
    champion: str | None,
    found: Comparison | None,
    at: datetime,
    actor: str,
    reason: str,
) -> Verdict:
    registry.note(name, challenger, refused_note(at, actor, reason, found), found)
    if found is not None and registry.alias(name, "challenger") == challenger:
        registry.set_alias(name, "challenger", None)
    entry = ledger.append(
        "promotion_refused",
        at=at,
        model=name,
        version=challenger,
        previous=champion,
        actor=actor,
        reason=reason,
        evidence={"comparison": found.evidence()} if found else {},
        key=f"refused {name} {challenger} against {champion} at {at.isoformat()}",
    )
    return _verdict(entry)


def _verdict(entry: Entry) -> Verdict:
    kept = entry.evidence.get("comparison")
    return Verdict(entry.kind != "promotion_refused", entry, Comparison.from_evidence(kept) if kept else None)
