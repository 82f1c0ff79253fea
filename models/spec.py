"""What a model declares of itself. A new model is one module that exports MODEL = Model(...)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pandas import DataFrame

from trimtab.settings import Settings


@dataclass(frozen=True)
class FitSettings:
    """What fit() may depend on besides the rows."""

    seed: int = 0
    threads: int = 2
    horizon_hours: float = 48.0  # the gap left between the rows learned from and the rows stopped on
    interval_share: float = 0.8  # nominal coverage of [low, high]

    @classmethod
    def of(cls, settings: Settings) -> "FitSettings":
        training, engagement = settings.training, settings.engagement
        return cls(training.seed, training.threads, engagement.horizon_hours, engagement.interval_share)


@dataclass(frozen=True)
class Fitted:
    """A bundle in memory: files that a Scorer loads, and what a reviewer should see of the fit."""

    files: dict[str, bytes]  # booster text, npz, JSON; never a pickle
    params: dict[str, object]
    importance: dict[str, float]  # gain by feature


@dataclass(frozen=True)
class Model:
    """Target, features, fit and metrics of one model.

    `rows` is the training frame: the service's features plus post_id, author, platform, topic, link_domain,
    published_at, event_timestamp (when it was scored), label_known_at and target, sorted by event_timestamp.
    `predictions` is what the Scorer of `scoring` returns for these rows, index kept.
    """

    name: str
    service: str  # Feast feature service
    target: Literal["count", "label"]
    features: tuple[str, ...]  # columns that the Scorer reads
    scoring: str  # self-contained module whose source travels in the bundle and defines Scorer
    fit: Callable[[DataFrame, FitSettings], Fitted]
    losses: Callable[[DataFrame, DataFrame], np.ndarray]  # (rows, predictions) -> one loss a row, lower is better
    metrics: Callable[[DataFrame, DataFrame], dict[str, float]]
    headline: str  # the metric of `metrics` that scorecards lead with; lower is better
    slices: Callable[[DataFrame], DataFrame]  # rows -> one categorical column per way to slice
    # (files of a bundle, recent rows with target that it did not learn from) -> the bundle with the same booster, byte
    # for byte, and a new calibrator; None for a model without one. Raises NotEnoughData.
    recalibrate: Callable[[Mapping[str, bytes], DataFrame, FitSettings], Fitted] | None = None
    # (rows, predictions) -> what the loss does not say, such as how well it ranks; lower is better. A challenger must
    # not be worse in any beyond chance.
    second_measures: Callable[[DataFrame, DataFrame], dict[str, float]] | None = None
