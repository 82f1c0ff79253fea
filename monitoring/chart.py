"""The picture of a backtest: what each policy lost over time, when it retrained, and what that came to.

matplotlib is imported when it is drawn, without pyplot and so without state.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np

from monitoring.hindsight import Account
from monitoring.policy import DEFAULT, ORACLE

COLOURS = ("#c05621", "#6b46c1", "#2f855a", "#b83280", "#975a16", "#2c7a7b", "#4a5568")
OURS, BEST = "#2b6cb0", "#a0aec0"
SMOOTHED = 1 / 20  # of all windows in one point of a line
LINE = 0.065  # of the lower panel's height, that a line of text takes


def draw(accounts: Sequence[Account], oracle: Account, title: str, measure: str, path: Path) -> None:
    """Three panels over one time axis: the loss, the retrains as marks, and the regret as it grew."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 8.5), layout="constrained")
    FigureCanvasAgg(figure)
    upper, strip, lower = figure.subplots(3, 1, sharex=True, height_ratios=(6, 0.4 + 0.25 * (len(accounts) + 1), 4))
    shown = [*(account for account in accounts if account.policy != ORACLE), oracle]
    colours = _colours([account.policy for account in shown])
    wide = _wide(oracle)
    ends = [window["end"] for window in oracle.windows]
    for row, account in enumerate(shown):
        style: dict[str, Any] = {"color": colours[account.policy], **_width(account.policy)}
        upper.plot(ends, _smoothed(account, wide), label=_legend(account), **style)
        _mark(strip, account, ends, -row, colours[account.policy])
        if account is not oracle:
            lower.plot(ends, np.cumsum(account.costs - oracle.costs), **style)
    _name_ends(lower, [(a.policy, a.cost - oracle.cost) for a in shown if a is not oracle], ends[-1], colours)
    smooth = f", mean of {wide} windows" if wide > 1 else ""
    _dress(upper, "\n".join(wrap(title, 120)), f"{measure}{smooth}")
    upper.legend(frameon=False, fontsize=8, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.02))
    strip.set_yticks([-row for row in range(len(shown))], [account.policy for account in shown], fontsize=8)
    strip.set_ylim(0.6 - len(shown), 0.6)
    _dress(strip, "new versions (triangle) and refused challengers (cross)", "")
    _dress(lower, "", "cost above the oracle's,\nsummed up")
    ticks = AutoDateLocator(maxticks=9)
    lower.xaxis.set_major_locator(ticks)
    lower.xaxis.set_major_formatter(ConciseDateFormatter(ticks))
    lower.axhline(0, color=BEST, linewidth=1)
    figure.savefig(path, dpi=110)


def _mark(axes: Any, account: Account, ends: list[datetime], row: int, colour: str) -> None:
    """A triangle where a version was made and promoted, a cross where one was made and refused."""
    made = np.array([bool(window.get("challenger")) for window in account.windows])
    good = np.array([bool(window["promoted"]) for window in account.windows])
    for kept, sign, size in ((made & good, "v", 6), (made & ~good, "x", 5)):
        where = np.flatnonzero(kept)
        axes.plot(
            [ends[n] for n in where], np.full(len(where), row), sign, color=colour, markersize=size, linestyle="none"
        )


def _name_ends(axes: Any, regrets: Sequence[tuple[str, float]], end: datetime, colours: dict[str, str]) -> None:
    """Name and regret at the end of each line, moved apart where lines end close together."""
    low, high = axes.get_ylim()
    step, floor = (high - low) * LINE, low
    for policy, regret in sorted(regrets, key=lambda pair: pair[1]):
        floor = max(regret, floor + step)
        label = f"{policy} {regret:,.{1 if abs(regret) < 10 else 0}f}"
        axes.annotate(
            label, (end, floor), (8, 0), textcoords="offset points", color=colours[policy], va="center", fontsize=9
        )


def _wide(account: Account) -> int:
    """Windows in one point: of whole weeks, so that no weekend shows."""
    step = account.windows[0]["end"] - account.windows[0]["start"]
    week = max(1, round(timedelta(days=7) / step))
    return week * max(1, round(len(account.windows) * SMOOTHED / week))


def _smoothed(account: Account, wide: int) -> np.ndarray:
    """Losses over rows of the `wide` windows up to each; NaN where these hold no rows."""
    losses, rows = (
        np.convolve(values, np.ones(wide))[: len(values)] for values in (account.losses, account.rows.astype(float))
    )
    return np.divide(losses, rows, out=np.full(len(losses), np.nan), where=rows > 0)


def _legend(account: Account) -> str:
    return f"{account.policy}: {account.mean_loss:.4f}, {account.promoted} new versions, cost {account.cost:,.0f}"


def _width(policy: str) -> dict[str, Any]:
    if policy == ORACLE:
        return {"linewidth": 1.5, "linestyle": "--", "zorder": 1}
    return {"linewidth": 2.4, "zorder": 3} if policy == DEFAULT else {"linewidth": 1.3, "zorder": 2}


def _colours(policies: Sequence[str]) -> dict[str, str]:
    fixed = {DEFAULT: OURS, ORACLE: BEST}
    rest = [policy for policy in policies if policy not in fixed]
    return fixed | {policy: COLOURS[n % len(COLOURS)] for n, policy in enumerate(rest)}


def _dress(axes: Any, title: str, label: str) -> None:
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e2e8f0", linewidth=0.8)
