"""What was asked of a training: with the rows that it was asked of and the settings, all that decides its bundle."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pandas import DataFrame

from models.history import History
from models.spec import Fitted


@dataclass(frozen=True)
class Base:
    """The version whose booster is shared: its files, and the moment that it was trained for."""

    version: str
    as_of: datetime
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Request:
    """`since` and `cut` are those of models.train.split_fresh; with a `base`, only a calibrator is fitted."""

    as_of: datetime
    since: datetime | None = None
    cut: datetime | None = None
    base: Base | None = None


@dataclass(frozen=True)
class Made:
    """A training that was carried out and has no version yet; `fresh` are the rows that it did not learn from."""

    request: Request
    history: History
    learned: DataFrame
    fresh: DataFrame
    fitted: Fitted
