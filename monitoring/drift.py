"""Has the world moved? Each column's distance from its reference, measured by Evidently.

The one importer of Evidently. Its methods are called column by column, in the space and with the threshold
of our choosing (monitoring.spaces): its own defaults find a +30 % shift of heavy-tailed counts 13 % of the
time at 5,000 rows. The report draws the very samples that were measured, so it shows the numbers that decide.

A window is compared fairly with whole weeks only; for a shorter one, give the same weekdays of the
reference (`same_weekdays`).
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas import DataFrame
from pandas.api.types import is_numeric_dtype

from monitoring.comparable import Comparable, comparable
from monitoring.measures import ALL, Kind, Measure, unjudged
from monitoring.season import same_weekdays
from monitoring.spaces import Kind as ColumnKind
from trimtab.settings import Monitoring

__all__ = ["drift", "same_weekdays"]

if TYPE_CHECKING:
    from evidently.legacy.model.widget import BaseWidgetInfo


def drift(
    reference: DataFrame,
    current: DataFrame,
    columns: Mapping[str, ColumnKind],
    settings: Monitoring,
    report: Path | None = None,
    *,
    kind: Kind = "drift",
    title: str = "Drift",
) -> tuple[Measure, ...]:
    """One measure a column, in the order of `columns`; with `report`, also an HTML page there.

    Alarm: value >= threshold, the larger of settings.drift_distance (what matters) and the distance that
    chance alone reaches once in a thousand windows of this size (what can be known): at 7 days of 100 posts
    a distance of 0.2 is noise, at 5,000 rows it is not. A column that is missing, empty, constant on both
    sides or has under settings.min_rows usable values is not judged. `title` says model, window, reference.
    """
    pairs = {name: _pair(reference, current, name, column, settings) for name, column in columns.items()}
    measures = tuple(_measure(name, pair, settings, kind, len(current)) for name, pair in pairs.items())
    if report is not None:
        _write(report, _page(title, measures, pairs))
    return measures


def _pair(
    reference: DataFrame, current: DataFrame, name: str, column: ColumnKind, settings: Monitoring
) -> Comparable | None:
    if name not in reference or name not in current:
        return None
    return comparable(reference[name], current[name], column, settings.min_rows)


def _measure(name: str, pair: Comparable | None, settings: Monitoring, kind: Kind, rows: int) -> Measure:
    if pair is None:
        return unjudged(kind, name, rows)
    threshold = max(settings.drift_distance, pair.floor)
    value = _distance(pair, threshold)
    return Measure(kind, name, ALL, value, threshold, value >= threshold, pair.rows)


def _distance(pair: Comparable, threshold: float) -> float:
    """Evidently's own statistic, without the drawing that its metric does on every run."""
    _quiet()
    from evidently.legacy.calculations.stattests import jensenshannon_stat_test, wasserstein_stat_test
    from evidently.legacy.core import ColumnType

    tests = {
        "wasserstein": (wasserstein_stat_test, ColumnType.Numerical),
        "jensenshannon": (jensenshannon_stat_test, ColumnType.Categorical),
    }
    test, column = tests[pair.method]
    return float(test(pair.reference, pair.current, column, threshold).drift_score)


def _page(title: str, measures: tuple[Measure, ...], pairs: Mapping[str, Comparable | None]) -> str:
    """Our table of verdicts on top, then Evidently's drawing of each column, largest distance first."""
    _quiet()
    from evidently.core.metric_types import render_widgets
    from evidently.legacy.renderers.html_widgets import header_text, table_data

    ordered = sorted(measures, key=lambda m: (-(m.value / m.threshold) if m.judged else 0.0, m.name))
    head = ("column", "compared as", "method", "distance", "threshold", "verdict", "rows")
    table = table_data(column_names=head, data=[_row(m, pairs[m.name]) for m in ordered])
    drawings = [widget for m in ordered if (pair := pairs[m.name]) for widget in _drawing(m, pair)]
    return render_widgets([header_text(label=title), table, *drawings])


def _row(measure: Measure, pair: Comparable | None) -> tuple[str, ...]:
    if pair is None:
        return measure.name, "-", "-", "-", "-", "not judged", f"{measure.rows:,}"
    verdict = "moved" if measure.alarm else "as before"
    numbers = f"{measure.value:.3f}", f"{measure.threshold:.3f}"
    return measure.name, pair.space, pair.method, *numbers, verdict, f"{measure.rows:,}"


def _drawing(measure: Measure, pair: Comparable) -> "list[BaseWidgetInfo]":
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    name = f"{measure.name} ({pair.space})"
    wasserstein = pair.method == "wasserstein"
    columns: dict[str, Any] = {"numerical_columns" if wasserstein else "categorical_columns": [name]}
    definition = DataDefinition(**columns)
    current, reference = (
        Dataset.from_pandas(_harmless(side).to_frame(name), data_definition=definition)
        for side in (pair.current, pair.reference)
    )
    metric = ValueDrift(column=name, method=pair.method, threshold=measure.threshold)
    snapshot = Report([metric]).run(current, reference)
    return snapshot.context.get_metric_result(metric).get_widgets()


def _harmless(side: pd.Series) -> pd.Series:
    """Evidently puts values into a script of the page as they are; a topic may be called </script>."""
    return side if is_numeric_dtype(side) else side.str.replace("<", "\u2039", regex=False)


def _write(path: Path, page: str) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(page, encoding="utf-8")
    part.replace(path)


def _quiet() -> None:
    """Evidently's usage statistics off, before it is imported."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
