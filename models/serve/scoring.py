"""A version's word on some posts, as plain values. The bundle's own code makes the prediction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from pandas import DataFrame

from models.serve.live import Bundle
from models.serve.online import SERVED, Table
from models.spec import Model
from trimtab.errors import RegistryError
from trimtab.posts import SENTIMENTS

MOST_REASONS = 10
COUNT, LABEL = ("value", "low", "high"), ("label", *(f"p_{name}" for name in SENTIMENTS))


@dataclass(frozen=True)
class Said:
    """What one version says of some posts: a list by column, in the order of the posts."""

    model: str
    version: str
    at: datetime
    columns: dict[str, list[Any]]
    reasons: list[list[dict[str, Any]]] | None = None


def say(bundle: Bundle, table: Table, at: datetime, explain: bool = False) -> Said:
    """Score the rows of `table`; a feature of the model that it lacks is missing for every row."""
    score = bundle.loaded.score
    found = score(table.columns) if score is not None else bundle.loaded.predict(_frame(bundle, table))
    columns = {name: found[name].tolist() for name in wanted(bundle.model.target)}
    reasons = _reasons(bundle.loaded.explain(_frame(bundle, table))) if explain else None
    return Said(bundle.model.name, bundle.version, at, columns, reasons)


def _frame(bundle: Bundle, table: Table) -> DataFrame:
    absent = set(bundle.model.features).difference(table.columns)
    return table.frame.assign(**dict.fromkeys(absent, np.nan)) if absent else table.frame


def missing(model: Model) -> list[str]:
    """Features of a model that no post is served with; they are NaN in every row."""
    return [name for name in model.features if name not in SERVED]


def wanted(target: str) -> tuple[str, ...]:
    """Columns of the predictions of a model."""
    return COUNT if target == "count" else LABEL


def fault(bundle: Bundle, table: Table) -> str | None:
    """Why a bundle is not fit to serve, judged by what it says of some rows; None for one that is."""
    try:
        said = say(bundle, table, bundle.since).columns
    except Exception as error:  # noqa: BLE001 - code of a bundle may raise anything
        return f"it cannot score ({type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]})"
    if any(len(values) != len(table) for values in said.values()):
        return "it does not give one prediction a post"
    numbers = np.array([values for name, values in said.items() if name != "label"], dtype=float)
    if not np.isfinite(numbers).all():
        return "its predictions are not numbers"
    if bundle.model.target == "count":
        value, low, high = numbers
        return None if (low <= value).all() and (value <= high).all() else "its values lie outside their intervals"
    known = set(said["label"]) <= set(SENTIMENTS) and np.allclose(numbers.sum(axis=0), 1, atol=1e-3)
    return None if known else "its probabilities do not add up, or its labels are not known"


def checked(bundle: Bundle, table: Table) -> Bundle:
    """The bundle, if it is fit to serve; RegistryError if not."""
    if why := fault(bundle, table):
        raise RegistryError(f"{bundle.model.name} {bundle.version} is not served: {why}.")
    return bundle


def _reasons(contributions: DataFrame) -> list[list[dict[str, Any]]]:
    """The largest of each row that are not nothing, largest first."""
    names, values = np.array(contributions.columns), contributions.to_numpy(float)
    order = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :MOST_REASONS]
    return [
        [{"feature": str(names[at]), "adds": float(row[at])} for at in places if row[at]]
        for row, places in zip(values, order, strict=True)
    ]
