"""The pictures of a run page. matplotlib is imported when one is drawn, without pyplot and so without state."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pandas import DataFrame, Series, qcut

from models.scores import Comparison

BLUE, GREY, RED, GREEN = "#2b6cb0", "#a0aec0", "#c53030", "#2f855a"
BINS = 10


def calibration_plot(rows: DataFrame, predictions: DataFrame, path: Path) -> None:
    """Said against seen: each class by its probability, or the predicted value with its interval."""
    classes = [name for name in predictions if str(name).startswith("p_")]
    if classes:
        _classes(rows["target"], predictions[classes], path)
    elif "value" in predictions:
        _values(rows["target"], predictions, path)


def importance_plot(importance: Mapping[str, float], path: Path) -> None:
    """The twenty features that gained most, as shares of the whole gain."""
    total = sum(importance.values()) or 1.0
    top = sorted(importance.items(), key=lambda item: item[1])[-20:]
    figure, axes = _figure(7, 0.4 + 0.28 * max(len(top), 3), "Share of the gain by feature")
    axes.barh([name for name, _ in top], [gain / total for _, gain in top], color=BLUE)
    axes.xaxis.set_major_formatter("{x:.0%}")
    _save(figure, path)


def slices_plot(comparison: Comparison, path: Path) -> None:
    """Challenger minus champion, overall and slice by slice, with intervals; left of zero is better."""
    lines = [(f"{part.slicing} {part.slice} ({part.rows:,})", part.delta) for part in comparison.slices[:40]]
    lines = [(f"all posts ({comparison.rows:,})", comparison.delta), *lines][::-1]
    title = f"{comparison.measure}: version {comparison.challenger} minus version {comparison.champion}"
    figure, axes = _figure(8, 1 + 0.28 * len(lines), title)
    for at, (_, delta) in enumerate(lines):
        colour = GREEN if delta.high < 0 else RED if delta.low > 0 else GREY
        axes.plot([delta.low, delta.high], [at, at], color=colour, linewidth=2)
        axes.plot([delta.value], [at], "o", color=colour)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(lines)), [name for name, _ in lines])
    axes.set_xlabel("better  <  0  <  worse")
    _save(figure, path)


def _classes(target: Series, probabilities: DataFrame, path: Path) -> None:
    figure, axes = _figure(4.4, 4.4, "Share seen against probability said, fresh posts")
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    for name in probabilities:
        seen = (target == str(name).removeprefix("p_")).to_numpy(dtype=float)
        said = probabilities[name].to_numpy()
        parts = _deciles(said)
        axes.plot(_means(said, parts), _means(seen, parts), "o-", label=str(name).removeprefix("p_"), markersize=4)
    axes.set_xlabel("probability said")
    axes.set_ylabel("share seen")
    axes.legend(frameon=False)
    _save(figure, path)


def _values(target: Series, predictions: DataFrame, path: Path) -> None:
    seen, said = target.to_numpy(dtype=float), predictions["value"].to_numpy()
    parts = _deciles(said)
    title = "Outcome against prediction, fresh posts"
    if {"low", "high"} <= set(predictions):
        low, high = predictions["low"].to_numpy(), predictions["high"].to_numpy()
        title += f"\n{np.mean((low <= seen) & (seen <= high)):.0%} of outcomes lie in their interval"
    figure, axes = _figure(4.4, 4.4, title)
    if {"low", "high"} <= set(predictions):
        axes.fill_between(_means(said, parts), _means(low, parts), _means(high, parts), color=BLUE, alpha=0.15)
    axes.plot(said, seen, ".", color=GREY, markersize=1.5, alpha=0.4, rasterized=True)
    axes.plot(_means(said, parts), _means(seen, parts), "o-", color=BLUE, markersize=4, label="mean outcome by decile")
    ends = [min(said.min(), seen.min()), max(said.max(), seen.max())]
    axes.plot(ends, ends, color="black", linewidth=0.8)
    axes.set_xlabel("predicted")
    axes.set_ylabel("outcome")
    axes.legend(frameon=False)
    _save(figure, path)


def _deciles(said: np.ndarray) -> np.ndarray:
    return qcut(Series(said).rank(method="first"), min(BINS, len(said)), labels=False).to_numpy()


def _means(values: np.ndarray, parts: np.ndarray) -> np.ndarray:
    return np.bincount(parts, values) / np.bincount(parts)


def _figure(width: float, height: float, title: str) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_title(title, fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=90)
