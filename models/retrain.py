"""Train a challenger, compare it with the champion on the same fresh rows, and promote or refuse it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from models.blocked import blocked_windows
from models.history import History
from models.registry import VersionInfo
from models.release import Verdict, judge
from models.spec import Model
from models.stores import Stores
from models.train import Trained, train_challenger
from trimtab.errors import RegistryError


@dataclass(frozen=True)
class Retrained:
    """What came of one retrain."""

    trained: Trained
    verdict: Verdict

    @property
    def sentence(self) -> str:
        return str(self.verdict)

    def summary(self) -> dict[str, Any]:
        """Plain values: what a flow returns and the ledger keeps."""
        return {
            "version": self.trained.version,
            "rows": self.trained.learned_rows,
            "promoted": self.verdict.promoted,
            "sentence": self.sentence,
        }


def retrain(
    stores: Stores,
    model: Model,
    history: History,
    as_of: datetime,
    reason: str,
    key: str,
    *,
    actor: str,
    report: Path | None = None,
    since: datetime | None = None,
    cut: datetime | None = None,
) -> Retrained:
    """One retrain, idempotent by `key`: run again after a kill, it goes on with the version it had registered.

    `since` and `cut` are those of split_fresh: with the ones of a look, it trains the candidate that was measured.
    Nothing that came in during a quarantined window is learned from or judged on.
    Raises RegistryError where the champion was trained later than `as_of`: it may have learned the fresh rows.
    """
    champion_at(stores, model, as_of)
    history = history.without(blocked_windows(stores.ledger, model.name, as_of))
    trained = train_challenger(stores, model, history, as_of, reason, key, report, since=since, cut=cut)
    return conclude(stores, model, trained, as_of, reason, key, actor)


def champion_at(stores: Stores, model: Model, as_of: datetime) -> VersionInfo | None:
    """The champion, if there is one; RegistryError where it was trained later than `as_of`."""
    version = stores.registry.alias(model.name, "champion")
    champion = stores.registry.info(model.name, version) if version is not None else None
    if champion is not None and champion.as_of > as_of:
        raise RegistryError(
            f"{model.name} {version} was trained as of {champion.as_of:%Y-%m-%d %H:%M}, after {as_of:%Y-%m-%d %H:%M}; "
            "train as of a later moment, or use `trimtab replay` for the past."
        )
    return champion


def conclude(
    stores: Stores,
    model: Model,
    trained: Trained,
    as_of: datetime,
    reason: str,
    key: str,
    actor: str,
    base: str | None = None,
) -> Retrained:
    """Put a registered challenger into the ledger, judge it on its fresh rows, promote or refuse it."""
    evidence = {
        "rows": trained.learned_rows,
        "fresh_rows": len(trained.fresh),
        "scorecard": str(trained.scorecard),
        "base": base,
        "seal": stores.registry.info(model.name, trained.version).seal,
    }
    stores.ledger.append(
        "trained",
        at=as_of,
        model=model.name,
        version=trained.version,
        actor=actor,
        reason=reason,
        evidence=evidence,
        key=f"trained/{model.name}/{key}",
    )
    verdict = judge(
        stores.registry,
        stores.ledger,
        model,
        trained.version,
        trained.fresh,
        stores.settings.release,
        at=as_of,
        actor=actor,
        seed=stores.settings.seed,
        limits=stores.settings.gates,
        interval_share=stores.settings.engagement.interval_share,
        cost=stores.settings.cost,
    )
    return Retrained(trained, verdict)
