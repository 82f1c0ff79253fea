"""The charts of the page: SVG by matplotlib, to stand within the page.

Text stays text, colours are the page's own (CSS variables, so that light and dark both work), and the same figures give
the same bytes. matplotlib is imported when one is drawn, without pyplot and so without state.
"""

import io
import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from threading import Lock
from typing import Any

import numpy as np

WIDTH, HEIGHT, TEXT = 420, 210, 12.5  # in points; a phone shows them at three quarters
INK, MUTED, LINE, CALC, EST, ACT, WATCH = (f"#0{n}0{n}0{n}" for n in range(1, 8))
VARIABLES = {INK: "ink", MUTED: "muted", LINE: "line", CALC: "calc", EST: "est", ACT: "act", WATCH: "watch"}
MOST = 1.5  # limits of the alarm shown; beyond, an arrow says so
FAR = 3.0  # times the usual loss, beyond which an arrow says so: one bad week must not flatten a year
SIGNS = {"promoted": ("^", CALC), "moved_by_hand": ("D", WATCH), "rolled_back": ("v", ACT), "refused": ("x", MUTED)}
NAMED, NAMES = ("promoted", "rolled_back", "moved_by_hand"), 6  # marks with the version that answers from then on
_drawing = Lock()  # matplotlib's settings are of the whole process


def performance(name: str, windows: Sequence[dict[str, Any]], marks: Sequence[dict[str, Any]]) -> str:
    """The loss of each window: calculated with its interval, estimated, and what was usual; marks above."""
    figure, axes = _figure()
    ends = [window["end"] for window in windows]
    loss, low, high = (_column(windows, column) for column in ("loss", "loss_low", "loss_high"))
    estimate, usual = _column(windows, "estimate"), _column(windows, "usual")
    axes.fill_between(ends, low, high, color=CALC, alpha=0.18, linewidth=0)
    axes.plot(ends, usual, color=MUTED, linewidth=1, linestyle=(0, (1, 2)))
    few = {"marker": "o", "markersize": 3.5} if len(windows) <= 30 else {}
    axes.plot(ends, estimate, color=EST, linewidth=1.5, linestyle=(0, (4, 2)), **few)
    axes.plot(ends, loss, color=CALC, linewidth=2 if len(windows) <= 120 else 1.3, **few)
    _losses_within(axes, ends, loss, np.concatenate([low, high, estimate, usual]))
    _dates(axes, windows, marks)
    _mark(axes, marks, windows)
    return _svg(figure, f"{name}-errors", f"Error of the {name} model, window by window", _told(windows, marks))


def evidence(name: str, windows: Sequence[dict[str, Any]], marks: Sequence[dict[str, Any]]) -> str:
    """Evidence of each window as a share of the alarm's limit: from the errors below, all of it above."""
    figure, axes = _figure()
    spent, own = np.nan_to_num(_column(windows, "spent")), np.nan_to_num(_column(windows, "deciding"))
    ends = [window["end"] for window in windows]
    for values, colour, alpha in ((spent, CALC, 0.35), (np.minimum(own, spent), CALC, 1.0)):
        axes.add_patch(_bars(axes, ends, windows, np.minimum(values, MOST), colour, alpha))
    axes.axhline(1, color=ACT, linewidth=1.2, linestyle=(0, (4, 2)))
    over = np.flatnonzero(spent > MOST)
    middles = [windows[n]["end"] - 0.4 * (windows[n]["end"] - windows[n]["start"]) for n in over.tolist()]
    axes.plot(middles, np.full(len(over), MOST), "^", color=CALC, markersize=4, linestyle="none", clip_on=False)
    axes.set_ylim(0, MOST * 1.04)
    axes.set_yticks([0, 0.5, 1, 1.5], ["0", "50 %", "100 %", "150 %"])
    _dates(axes, windows, marks)
    raised = sum(window["raised"] for window in windows)
    said = f"{len(windows)} windows; the limit was reached in {raised}, and called for a look in "
    said += f"{sum(window['calls'] for window in windows)}. The table below has every value."
    return _svg(figure, f"{name}-evidence", f"Evidence that the world of the {name} model moved", said)


def posts(days: Sequence[dict[str, Any]]) -> str:
    """Posts that arrived, a day."""
    figure, axes = _figure(HEIGHT * 0.7)
    counts = np.array([each["posts"] for each in days], dtype=float)
    moments = [datetime.combine(each["day"], datetime.min.time()) for each in days]
    windows = [{"start": moment, "end": moment + timedelta(days=1)} for moment in moments]
    axes.add_patch(_bars(axes, [window["end"] for window in windows], windows, counts, CALC, 1.0))
    axes.set_ylim(0, max(counts.max() * 1.1, 1))
    _few_ticks(axes)
    _dates(axes, windows)
    said = (
        f"{days[0]['day']} to {days[-1]['day']}: {counts.mean():,.0f} posts a day on average, {counts[-1]:,.0f} last."
    )
    return _svg(figure, "posts", "Posts that arrived, day by day", said)


def _column(windows: Sequence[dict[str, Any]], name: str) -> np.ndarray:
    return np.array([np.nan if window[name] is None else window[name] for window in windows], dtype=float)


def _losses_within(axes: Any, ends: Sequence[datetime], loss: np.ndarray, others: np.ndarray) -> None:
    """An axis that a few very bad windows do not squash: these are arrows, with their value."""
    known = loss[np.isfinite(loss)]
    seen = np.concatenate([known, others[np.isfinite(others)]])
    if not len(seen):
        axes.set_ylim(0, 1)
        axes.set_yticks([])
        return
    usual = float(np.median(known if len(known) else seen))
    top = min(float(seen.max()), FAR * usual) if usual > 0 else float(seen.max())
    least = min(float(seen.min()), top)
    room = max(top - least, abs(top) * 0.1, 1e-9)
    axes.set_ylim(least - 0.1 * room if least < 0.5 * top else max(0.0, least - 0.3 * room), top + 0.28 * room)
    for n in np.flatnonzero(loss > top).tolist():
        axes.plot([ends[n]], [top + 0.03 * room], "^", color=CALC, markersize=5, clip_on=False)
        if (loss > top).sum() <= 4:
            axes.annotate(
                f"{loss[n]:.3g}", (ends[n], top), (-8, -2), textcoords="offset points", ha="right", color=CALC
            )
    _few_ticks(axes)


def _few_ticks(axes: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(4, prune="upper"))


def _span(windows: Sequence[dict[str, Any]], marks: Sequence[dict[str, Any]]) -> tuple[datetime, datetime]:
    """From the first window to the last, or to what has happened since."""
    return windows[0]["start"], max([windows[-1]["end"], *(mark["at"] for mark in marks)])


def _dates(axes: Any, windows: Sequence[dict[str, Any]], marks: Sequence[dict[str, Any]] = ()) -> None:
    """The first day and the last, and one between: more would not be read on a phone."""
    first, last = _span(windows, marks)
    axes.set_xlim(first, last + (last - first) * 0.015)
    form = "{0:%b} {0.year}" if last - first > timedelta(days=500) else "{0.day} {0:%b} {0.year}"
    ticks = [first, first + (last - first) / 2, last]
    axes.set_xticks(ticks, [form.format(tick) for tick in ticks])
    for label, side in zip(axes.get_xticklabels(), ("left", "center", "right"), strict=True):
        label.set_horizontalalignment(side)


def _mark(axes: Any, marks: Sequence[dict[str, Any]], windows: Sequence[dict[str, Any]]) -> None:
    """Symbols along the top, each on its line; quarantined windows are shaded."""
    first, last = _span(windows, marks)
    shown = [mark for mark in marks if first <= mark["at"] <= last]
    low, high = axes.get_ylim()
    for mark in shown:
        if mark["start"] is not None:
            axes.axvspan(max(mark["start"], first), mark["at"], color=WATCH, alpha=0.25, linewidth=1)
    for kind, (sign, colour) in SIGNS.items():
        moments = [mark["at"] for mark in shown if mark["kind"] == kind]
        axes.plot(*_lines(moments, low, high), color=colour, linewidth=0.7, alpha=0.6)
        axes.plot(
            moments, np.full(len(moments), high - 0.04 * (high - low)), sign, color=colour, markersize=6, clip_on=False
        )
    for mark in _apart([mark for mark in shown if mark["kind"] in NAMED], (last - first) / 12)[-NAMES:]:
        place = (mark["at"], high)
        axes.annotate(
            f"v{mark['version']}", place, (0, 4), textcoords="offset points", ha="center", fontsize=10, color=MUTED
        )


def _apart(marks: Sequence[dict[str, Any]], room: timedelta) -> list[dict[str, Any]]:
    """Marks whose names have room, counted from the newest."""
    kept: list[dict[str, Any]] = []
    for mark in reversed(marks):
        if not kept or kept[0]["at"] - mark["at"] >= room:
            kept.insert(0, mark)
    return kept


def _lines(moments: Sequence[datetime], low: float, high: float) -> tuple[list[datetime], list[float]]:
    """Upright lines as one line with gaps, which many marks ask for."""
    return [moment for moment in moments for _ in range(3)], [low, high, math.nan] * len(moments)


def _bars(
    axes: Any,
    ends: Sequence[datetime],
    windows: Sequence[dict[str, Any]],
    heights: np.ndarray,
    colour: str,
    alpha: float,
) -> Any:
    """All bars as one path, which 400 windows ask for."""
    from matplotlib.dates import date2num
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    right = np.asarray(date2num(list(ends)))
    left = right - 0.8 * (right - np.asarray(date2num([window["start"] for window in windows])))
    zero = np.zeros(len(heights))
    corners = [(left, zero), (left, heights), (right, heights), (right, zero), (left, zero)]
    kept = heights > 0
    vertices = np.stack([np.stack(corner, axis=1)[kept] for corner in corners], axis=1).reshape(-1, 2)
    codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], int(kept.sum()))
    axes.xaxis_date()
    return PathPatch(Path(vertices, codes), facecolor=colour, alpha=alpha, linewidth=0)


def _told(windows: Sequence[dict[str, Any]], marks: Sequence[dict[str, Any]]) -> str:
    """What a reader who cannot see the chart gets at once; the table has all of it."""
    known = [window for window in windows if window["loss"] is not None]
    newest = known[-1] if known else None
    said = [f"{len(windows)} windows, {windows[0]['start']:%Y-%m-%d} to {windows[-1]['end']:%Y-%m-%d}."]
    if newest is not None:
        said.append(f"Newest calculated loss {newest['loss']:.3g} ({newest['loss_low']} to {newest['loss_high']}).")
    said += [f"{mark['at']:%Y-%m-%d}: {mark['sentence']}." for mark in marks[-5:]]
    return " ".join([*said, "The table below has every value."])


def _figure(height: float = HEIGHT) -> tuple[Any, Any]:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 72, height / 72), facecolor="none")
    FigureCanvasSVG(figure)
    axes = figure.add_axes((0.125, 26 / height, 0.855, 1 - 50 / height), facecolor="none")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.tick_params(colors=MUTED, labelsize=TEXT, length=0)
    axes.grid(axis="y", color=LINE, linewidth=0.7)
    axes.set_axisbelow(True)
    return figure, axes


def _svg(figure: Any, key: str, title: str, told: str) -> str:
    """As it stands in a page: no header, no sizes, ids of its own, a title and a description for those who listen."""
    from matplotlib import rc_context

    kept = io.StringIO()
    with _drawing, rc_context({"svg.fonttype": "none", "svg.hashsalt": key, "path.simplify_threshold": 0.3}):
        figure.savefig(kept, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    body = kept.getvalue()
    _, box, inner = re.split(r'<svg[^>]*viewBox="([^"]+)"[^>]*>', body, maxsplit=1)
    inner = _smaller(inner)
    for colour, variable in VARIABLES.items():
        inner = inner.replace(colour, f"var(--{variable})")
    head = f'<svg viewBox="{box}" role="img" aria-labelledby="{escape(key)}-t {escape(key)}-d">'
    about = f'<title id="{escape(key)}-t">{escape(title)}</title><desc id="{escape(key)}-d">{escape(told)}</desc>'
    return head + about + inner


def _smaller(svg: str) -> str:
    """Without what a page does not need: comments, styles, fonts, ids of groups, and digits that nobody can see."""
    for part in (r"<metadata>.*?</metadata>", r"<style.*?</style>", r"<!--.*?-->", r"<defs>\s*</defs>"):
        svg = re.sub(part, "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<g) id="[^"]*"', r"\1", svg)
    svg = re.sub(r"\s*font-(family|size): [^;\"]*;", "", svg)
    svg = re.sub(r' transform="rotate\(-0 [^)]*\)"', "", svg)
    svg = re.sub(r"\d+\.\d{2,}", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), svg)
    svg = re.sub(r' d="([^"]*)"', lambda path: f' d="{_path(path[1])}"', svg)
    return re.sub(r"\s*\n\s*", "", re.sub(r"<g>\s*</g>|<g/>", "", svg))


def _path(data: str) -> str:
    """Tenths of a point, and no blanks where a letter parts the numbers."""
    tenths = re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), data)
    return re.sub(r"\s*([MLCzQ])\s*", r"\1", tenths).strip()
