"""Versions trained on past data, in memory: made once, shared by every policy of a backtest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from itertools import count
from typing import Any

from pandas import DataFrame
from pandas.util import hash_pandas_object

from models.bundle import scorer_of
from models.history import History
from models.spec import FitSettings, Fitted, Model
from models.train import split_calibration, split_fresh
from trimtab.errors import NotEnoughData
from trimtab.settings import Settings
from trimtab.windows import Window

Fit = Callable[[DataFrame, FitSettings], Fitted]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A version that exists in memory only; `fresh` are the rows with target that it can be judged on."""

    version: str
    trained_at: datetime
    files: Mapping[str, bytes] = field(repr=False)
    scoring: str  # module that defines its Scorer
    learned_at: datetime  # when its booster was trained: a recalibration makes no booster younger
    fresh_since: datetime | None = None  # it learned nothing known from here on; None: the usual cut
    fresh: DataFrame = field(repr=False, default_factory=DataFrame)
    learned_rows: int = 0
    base: str | None = None  # the version whose booster it shares

    @cached_property
    def _scorer(self) -> Any:
        return scorer_of(self.scoring, self.files)

    def predict(self, frame: DataFrame) -> DataFrame:
        """What the version says of each row, index kept."""
        return self._scorer.predict(frame)


class Pool:
    """The versions of one model over one history; the same request twice is trained once.

    `model` fits once what it is given twice: hand it to whatever may fit the same rows again.
    """

    def __init__(self, model: Model, history: History, settings: Settings, fit_settings: FitSettings) -> None:
        self.fits = 0  # that were really run
        self.model, self.history = replace(model, fit=self._shared(model.fit)), history
        self.training, self.fit_settings = settings.training, fit_settings
        self._made: dict[tuple[object, ...], Candidate | NotEnoughData] = {}

    def train(
        self,
        as_of: datetime,
        since: datetime | None = None,
        cut: datetime | None = None,
        blocked: tuple[Window, ...] = (),
    ) -> Candidate:
        """A version of everything mature at `as_of`; `since` and `cut` are those of models.train.split_fresh.

        Posts of `blocked` windows are neither learned from nor judged on. Raises NotEnoughData, each time.
        """
        key = ("retrain", as_of, since, cut, blocked)
        return self._once(key, lambda: self._train(as_of, since, cut, blocked))

    def recalibrate(
        self,
        base: Candidate,
        as_of: datetime,
        since: datetime | None = None,
        cut: datetime | None = None,
        blocked: tuple[Window, ...] = (),
    ) -> Candidate:
        """The booster of `base` with a calibrator of now. Raises NotEnoughData, each time."""
        key = ("recalibrate", base.version, as_of, since, cut, blocked)
        return self._once(key, lambda: self._recalibrate(base, as_of, since, cut, blocked))

    @property
    def made(self) -> list[Candidate]:
        """Every version so far, in the order of their training."""
        return [made for made in self._made.values() if isinstance(made, Candidate)]

    def _train(
        self, as_of: datetime, since: datetime | None, cut: datetime | None, blocked: tuple[Window, ...]
    ) -> Candidate:
        rows = self._mature(as_of, blocked)
        learned, fresh = split_fresh(rows, as_of, self.training, since=since, cut=cut)
        fitted = self.model.fit(learned, self.fit_settings)
        return self._candidate(_name(as_of, since), as_of, fitted, learned, fresh, as_of if since else cut)

    def _recalibrate(
        self,
        base: Candidate,
        as_of: datetime,
        since: datetime | None,
        cut: datetime | None,
        blocked: tuple[Window, ...],
    ) -> Candidate:
        rows, fit = self._mature(as_of, blocked), self.model.recalibrate
        if fit is None or rows.empty:
            raise NotEnoughData(f"{self.model.name} has no calibrator, or no mature rows to refit it on; retrain it.")
        learned, fresh = split_calibration(rows, as_of, base.trained_at, self.training, since=since, cut=cut)
        name, fitted = _name(as_of, since, "recalibrated"), fit(base.files, learned, self.fit_settings)
        return self._candidate(name, as_of, fitted, learned, fresh, as_of if since else cut, base)

    def _candidate(
        self,
        name: str,
        as_of: datetime,
        fitted: Fitted,
        learned: DataFrame,
        fresh: DataFrame,
        fresh_since: datetime | None,
        base: Candidate | None = None,
    ) -> Candidate:
        return Candidate(
            version=self._unique(name),
            trained_at=as_of,
            files=fitted.files,
            scoring=self.model.scoring,
            learned_at=base.learned_at if base else as_of,
            fresh_since=fresh_since,
            fresh=fresh,
            learned_rows=len(learned),
            base=base.version if base else None,
        )

    def _unique(self, name: str) -> str:
        """What else makes versions of a day differ (the cut, what is left out, the booster) is too long for a name."""
        taken = {made.version for made in self.made}
        others = (f"{name} ({number})" for number in count(2))
        return name if name not in taken else next(other for other in others if other not in taken)

    def _mature(self, as_of: datetime, blocked: tuple[Window, ...]) -> DataFrame:
        """As production gathers them: of the last history_days, as they were known."""
        since = as_of - timedelta(days=self.training.history_days)
        return self.history.without(blocked).labelled(as_of, since=since)

    def _shared(self, fit: Fit) -> Fit:
        """A look fits the very candidate that a retrain then trains, and policies look at the same day."""
        found: dict[tuple[int, bytes], Fitted] = {}

        def once(rows: DataFrame, settings: FitSettings) -> Fitted:
            digest = hash_pandas_object(rows[["post_id", "target"]], index=False).to_numpy().tobytes()
            key = len(rows), blake2b(digest, digest_size=16).digest()
            if key not in found:
                self.fits += 1
                found[key] = fit(rows, settings)
            return found[key]

        return once

    def _once(self, key: tuple[object, ...], make: Callable[[], Candidate]) -> Candidate:
        if key not in self._made:
            try:
                self._made[key] = make()
            except NotEnoughData as error:
                self._made[key] = error
        made = self._made[key]
        if isinstance(made, NotEnoughData):
            raise made
        return made


def _name(as_of: datetime, since: datetime | None, how: str = "") -> str:
    """The day (and hour, where it is not midnight) of the training, then how it differs from the usual one."""
    hour = "" if as_of.hour == as_of.minute == 0 else f"T{as_of:%H:%M}"
    year = "" if since and since.year == as_of.year else "%Y-"
    return " ".join(filter(None, (f"{as_of:%Y-%m-%d}{hour}", how, f"since {since:{year}%m-%d}" if since else "")))
