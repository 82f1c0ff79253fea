"""Train a challenger, compare it with the champion on the same fresh rows, and promote or refuse it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from models.history import History
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
) -> Retrained:
    """One retrain, idempotent by `key`: run again after a kill, it goes on with the version it had registered.

    Raises RegistryError where the champion was trained later than `as_of`: it may have learned the fresh rows.
    """
    champion = stores.registry.alias(model.name, "champion")
    if champion is not None and (trained_at := stores.registry.info(model.name, champion).as_of) > as_of:
        raise RegistryError(
            f"{model.name} {champion} was trained as of {trained_at:%Y-%m-%d %H:%M}, after {as_of:%Y-%m-%d %H:%M}; "
            "train as of a later moment, or use `trimtab replay` for the past."
        )
    trained = train_challenger(stores, model, history, as_of, reason, key, report)
    stores.ledger.append(
        "trained",
        at=as_of,
        model=model.name,
        version=trained.version,
        actor=actor,
        reason=reason,
        evidence={"rows": trained.learned_rows, "fresh_rows": len(trained.fresh), "scorecard": str(trained.scorecard)},
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
    )
    return Retrained(trained, verdict)
