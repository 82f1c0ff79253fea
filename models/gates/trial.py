"""What the gates look at: the challenger and, where one serves, the champion, on the same fresh mature rows."""

from dataclasses import dataclass, field

from pandas import DataFrame

from models.spec import Model
from trimtab.settings import Gates, Release


@dataclass(frozen=True)
class Side:
    """A version and what it said of the fresh rows, in their order."""

    version: str
    predictions: DataFrame = field(repr=False)


@dataclass(frozen=True)
class Trial:
    """`rows` have a target and were learned from by neither side; without a champion there is nothing to beat."""

    model: Model
    rows: DataFrame = field(repr=False)
    challenger: Side
    champion: Side | None
    limits: Gates
    release: Release
    interval_share: float
    seed: int = 0
