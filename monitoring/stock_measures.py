"""What Evidently's defaults would have said of a window, as measures: what the policies `evidently-*` look at."""

from datetime import datetime, timedelta

from models.history import History
from models.spec import Model
from monitoring.measures import ALL, Measure
from monitoring.stock import StockReference, stock_reference, stock_verdict
from trimtab.settings import Monitoring
from trimtab.windows import Window


class Stock:
    """Verdicts against the posts before a version's training; a reference is prepared once a version."""

    def __init__(self, model: Model, history: History, settings: Monitoring) -> None:
        self.model, self.history = model, history
        self.days = timedelta(days=settings.reference_days)
        self._of = ""
        self._prepared: dict[str, StockReference] = {}

    def measures(self, version: str, trained_at: datetime, window: Window) -> tuple[Measure, ...]:
        """One of kind `drift` a feature: its score, its threshold, and whether Evidently says that it drifted."""
        current, found = self.history.scored_in(window), []
        for name, before in self._reference(version, trained_at).items():
            said = stock_verdict(before, current[name])
            found.append(
                Measure("drift", name, ALL, said.score, said.threshold, said.drifted, len(current), stock=str(said))
            )
        return tuple(found)

    def _reference(self, version: str, trained_at: datetime) -> dict[str, StockReference]:
        if self._of != version:
            rows = self.history.scored_in(Window(trained_at - self.days, trained_at))
            self._of = version
            self._prepared = {name: stock_reference(rows[name]) for name in self.model.features if name in rows}
        return self._prepared
