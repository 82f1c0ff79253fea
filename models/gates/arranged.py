"""A trial made ready: the challenger scores in a clean process while the champion scores in this one."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from pandas import DataFrame

from models.gates.alone import Attempt, score_alone
from models.gates.behaves import probes
from models.gates.trial import Side, Trial
from models.spec import Model
from trimtab.errors import RegistryError
from trimtab.settings import Gates, Release

if TYPE_CHECKING:
    from models.registry import Registry

SAME_POSTS = 20  # scored in this process as well: MLflow must make the same of the bundle


def arrange(
    registry: Registry,
    model: Model,
    challenger: str,
    champion: str | None,
    rows: DataFrame,
    limits: Gates,
    release: Release,
    interval_share: float = 0.8,
    seed: int = 0,
) -> Trial:
    """Everything that the gates look at. The clean process gets the columns that the model names and no others."""
    asked = probes(model, rows)
    read = rows[[name for name in model.features if name in rows]]
    with ThreadPoolExecutor(1) as beside:
        trying = beside.submit(_attempt, registry, model.name, challenger, [read, *asked.values()], limits)
        before = Side(champion, _scored(registry, model.name, champion, rows)) if champion is not None else None
        attempt = trying.result()
    if not attempt.failure:
        attempt = replace(attempt, failure=_differs(registry, model.name, challenger, read, attempt.answers[0]))
    said = attempt.answers if attempt.answers and not attempt.failure else (DataFrame(), *asked.values())
    return Trial(
        model=model,
        rows=rows,
        challenger=Side(challenger, said[0]),
        champion=before,
        limits=limits,
        release=release,
        attempt=attempt,
        asked=asked,
        answers=dict(zip(asked, said[1:], strict=True)),
        interval_share=interval_share,
        seed=seed,
    )


def _attempt(registry: Registry, name: str, version: str, frames: Sequence[DataFrame], limits: Gates) -> Attempt:
    try:
        return score_alone(registry.folder(name, version), frames, limits.clean_limit_seconds)
    except RegistryError as error:
        return Attempt(0.0, failure=str(error).rstrip("."))


def _scored(registry: Registry, name: str, version: str, rows: DataFrame) -> DataFrame:
    return registry.load(name, version).predict(rows) if len(rows) else rows


def _differs(registry: Registry, name: str, version: str, read: DataFrame, said: DataFrame) -> str:
    """What is wrong where MLflow loads the bundle into this process; nothing where it says the same."""
    try:
        here = _scored(registry, name, version, read.head(SAME_POSTS))
    except RegistryError as error:
        return str(error).rstrip(".")
    numbers = [name for name in said.select_dtypes("number") if name in here]
    same = np.allclose(here[numbers], said[numbers].head(SAME_POSTS), equal_nan=True)
    return "" if same else "it does not score there what it scores here"
