"""The page that a person opens: a window's columns, with the numbers and verdicts that decided.

The one importer of Evidently. Nothing is decided here: its own Jensen-Shannon distance is drawn, column by column, of
the very cells that were counted (monitoring.spaces), and beside our verdict stands what its defaults would have said.
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pandas import DataFrame, Series

from monitoring.column_measures import Column
from monitoring.measures import ALL, Measure
from monitoring.spaces import Space
from monitoring.stock import StockVerdict

if TYPE_CHECKING:
    from evidently.legacy.model.widget import BaseWidgetInfo

DRAWINGS = 12  # columns; each costs a tenth of a second and 10 kB
DRAWN_ROWS = 500_000  # a side, at most: what is beyond keeps the shares and not the size
MOST = 10.0  # limits: evidence beyond is not counted out
BARS = 30  # on screen at once; the others are a drag away
HEAD = (
    "what",
    "compared as",
    "in this window",
    "usual in the reference",
    "threshold (of a column: 99 % of the reference's windows)",
    "surprise of the newest day (sd)",
    "evidence spent (share of the limit)",
    "verdict",
    "rows",
    "Evidently's defaults would say",
)


def report(
    path: Path,
    *,
    title: str,
    verdict: str,
    columns: Sequence[Column],
    measures: Sequence[Measure] = (),
) -> None:
    """One HTML page at `path`, whole or not at all, that loads nothing from outside.

    `title` says model, window and reference; `verdict` the decision on the window, in one line. The table holds the
    measures of the columns and those of other kinds; the 12 columns that moved or surprise most are drawn.
    """
    methods = {id(c.measure): c.space.method for c in columns if c.space}
    ordered = sorted([*(c.measure for c in columns), *measures], key=_most_evidence)
    drawn = sorted((c for c in columns if c.measure.judged), key=lambda c: _most_interesting(c.measure))
    drawings = [widget for column in drawn[:DRAWINGS] for widget in _drawing(column)]
    _write(path, _page(title, verdict, [_row(m, methods.get(id(m), "-")) for m in ordered], drawings))


def stock_by_evidently(reference: Series, current: Series) -> StockVerdict:
    """The defaults themselves, slow: what monitoring.stock is held to. Raises ValueError as they do."""
    _quiet()
    from evidently.core.datasets import infer_column_type
    from evidently.legacy.calculations.stattests import get_stattest

    kind = infer_column_type(reference)
    sides = [side.replace([-np.inf, np.inf], np.nan).dropna() for side in (reference, current)]
    test = get_stattest(*sides, kind, None)
    said = test(*sides, kind, None)
    return StockVerdict(test.display_name, float(said.drift_score), said.actual_threshold, bool(said.drifted))


def _most_evidence(measure: Measure) -> tuple[bool, float, float, str, str]:
    return not measure.judged, -_or(measure.spent, 0), -_or(measure.surprise, 0), measure.name, measure.slice


def _most_interesting(measure: Measure) -> tuple[bool, float, str]:
    return not measure.alarm, -abs(_or(measure.surprise, 0)), measure.name


def _row(measure: Measure, method: str) -> tuple[str, ...]:
    verdict = ("moved" if measure.alarm else "as before") if measure.judged else "not judged"
    numbers = (_shown(number, ".3f") for number in (measure.value, measure.usual, measure.threshold))
    return (
        _named(measure),
        method,
        *numbers,
        _shown(measure.surprise, "+.1f"),
        _evidence(measure.spent),
        verdict,
        f"{measure.rows:,}",
        measure.stock or "-",
    )


def _named(measure: Measure) -> str:
    part = "" if measure.slice == ALL else f", {measure.slice}"
    return f"{measure.name}{part}" if measure.kind == "drift" else f"{measure.kind}: {measure.name}{part}"


def _evidence(spent: float) -> str:
    """Evidence is a product over days: of a clear case its size tells no more than that it was far beyond enough."""
    shown = f"over {MOST:,.0%}" if spent > MOST else _shown(spent, ".0%")
    return shown.replace("%", " %")


def _shown(number: float, form: str) -> str:
    return format(number, form) if math.isfinite(number) else "-"


def _or(number: float, otherwise: float) -> float:
    return number if math.isfinite(number) else otherwise


def _page(title: str, verdict: str, rows: list[tuple[str, ...]], drawings: "list[BaseWidgetInfo]") -> str:
    _quiet()
    from evidently.core.metric_types import render_widgets
    from evidently.legacy.renderers.html_widgets import header_text, table_data

    table = table_data(column_names=HEAD, data=[tuple(_harmless(cell) for cell in row) for row in rows])
    heads = [header_text(label=_harmless(line)) for line in (title, verdict)]
    return render_widgets([*heads, table, *drawings])


def _drawing(column: Column) -> "list[BaseWidgetInfo]":
    """Evidently's drawing of the shares; its threshold is set where its verdict is ours, which rests on many days."""
    _quiet()
    from evidently import DataDefinition, Dataset, Report
    from evidently.metrics import ValueDrift

    measure, space = column.measure, column.space
    assert space is not None
    name = _harmless(f"{_named(measure)} ({space.method})")
    cells = np.array([_harmless(cell) for cell in space.cells], dtype=object)
    definition = DataDefinition(categorical_columns=[name])
    sides = [
        Dataset.from_pandas(DataFrame({name: np.repeat(cells, _fewer(side))}), data_definition=definition)
        for side in (column.now, column.before)
    ]
    threshold = measure.value * 0.999 if measure.alarm else measure.value * 1.001 + 1e-9
    metric = ValueDrift(column=name, method="jensenshannon", threshold=threshold)
    widgets = Report([metric]).run(*sides).context.get_metric_result(metric).get_widgets()
    for widget in widgets:
        _in_order(widget, _order(space, cells, column.before, column.now))
    return widgets


def _fewer(counts: np.ndarray) -> np.ndarray:
    return np.ceil(counts * min(1.0, DRAWN_ROWS / counts.sum())).astype(int)


def _order(space: Space, cells: np.ndarray, before: np.ndarray, now: np.ndarray) -> list[str]:
    """Of what was seen: bins and values as they rise, names and words by how much their share moved."""
    seen = before + now > 0
    if space.edges or space.values:
        return list(cells[seen])
    moved = np.abs(before / before.sum() - now / now.sum())[seen]
    return list(cells[seen][np.argsort(-moved, kind="stable")])


def _in_order(widget: "BaseWidgetInfo", order: list[str]) -> None:
    """The bars in this order and in per cent, since the sides differ in size; the page's button shows the counts."""
    for tab in widget.tabs or []:
        bars, layout = tab.widget.params["data"], tab.widget.params["layout"]
        shown = [-0.5, min(len(order), BARS) - 0.5]
        layout["xaxis"].update(type="category", categoryorder="array", categoryarray=order, range=shown)
        layout["yaxis"]["title"] = {"text": "Percent"}
        layout["updatemenus"][0]["active"] = 1
        for bar in bars:
            bar["visible"] = not bar["visible"]


def _harmless(text: str) -> str:
    """Evidently puts texts into a script of the page as they are; a topic may be called </script>."""
    return text.replace("<", "\u2039")


def _write(path: Path, page: str) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(page, encoding="utf-8")
    part.replace(path)


def _quiet() -> None:
    """Evidently's usage statistics off, before it is imported."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
