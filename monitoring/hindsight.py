"""What each course cost, once every label is in, and what the best one would have cost."""

import math
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from pandas import DataFrame, Timestamp, concat

from models.history import History
from models.spec import Model
from monitoring.backtest import Course, Progress, first_version, rows_in, run, windows_of
from monitoring.oracle import cheapest
from monitoring.policy import ORACLE, Policy
from monitoring.pool import Candidate, Pool
from monitoring.wording import finite
from trimtab.errors import NotEnoughData
from trimtab.settings import Cost, Settings
from trimtab.windows import Window

GRID = timedelta(days=28)  # at which the oracle may train, besides whenever a policy did


@dataclass(frozen=True)
class Account:
    """One policy's course with its figures; arrays have one entry a window."""

    policy: str
    windows: list[dict[str, Any]] = field(repr=False)
    rows: np.ndarray = field(repr=False)  # labelled posts
    losses: np.ndarray = field(repr=False)  # summed over them
    paid: np.ndarray = field(repr=False)
    error_cost: float
    metrics: dict[str, float | None]

    @property
    def costs(self) -> np.ndarray:
        return self.error_cost * self.losses + self.paid

    @property
    def cost(self) -> float:
        return float(self.costs.sum())

    @property
    def mean_loss(self) -> float:
        return float(self.losses.sum() / self.rows.sum()) if self.rows.sum() else math.nan

    @property
    def promoted(self) -> int:
        return sum(bool(window["promoted"]) for window in self.windows)

    def report(self, oracle: "Account") -> dict[str, Any]:
        """Plain values for JSON; regret is what it cost more than the oracle."""
        asked = Counter(window["decision"] for window in self.windows)
        totals = {
            "windows": len(self.windows),
            "posts": int(sum(window["rows"] for window in self.windows)),
            "labelled_posts": int(self.rows.sum()),
            "mean_loss": self.mean_loss,
            "metrics": self.metrics,
            "decisions": dict(asked),
            "retrains": asked["retrain"],
            "recalibrations": asked["recalibrate"],
            "promoted": self.promoted,
            "paid": float(self.paid.sum()),
            "cost": self.cost,
            "regret": self.cost - oracle.cost,
        }
        return {"totals": totals, "windows": self.windows}


class Hindsight:
    """Every labelled post of consecutive windows, as `as_of` knows it, and what each version says of it."""

    def __init__(
        self, model: Model, history: History, windows: Sequence[Window], first: Candidate, as_of: datetime, cost: Cost
    ) -> None:
        """`first` served when the windows began. Raises NotEnoughData where no post of them has an outcome."""
        self.model, self.history, self.windows, self.first, self.cost = model, history, windows, first, cost
        rows = history.labelled(as_of, since=windows[0].start)
        self.rows = rows[rows["event_timestamp"] < Timestamp(windows[-1].end)].reset_index(drop=True)
        if self.rows.empty:
            raise NotEnoughData(
                f"No post of {windows[0].start:%Y-%m-%d} to {windows[-1].end:%Y-%m-%d} has an outcome, so that nothing "
                "can be compared; choose a period in which outcomes came."
            )
        ends = [Timestamp(window.end) for window in windows]
        self.window = np.searchsorted(ends, self.rows["event_timestamp"].tolist(), side="right")
        self.counts = np.bincount(self.window, minlength=len(windows))
        self._sums: dict[str, np.ndarray] = {}
        self._worst = 0.0
        self._worst = float(self._losses(first, self.rows).max())

    def account(self, course: Course) -> Account:
        """The figures of a course; fills `labelled_rows`, `mean_loss` and `metrics` of its windows."""
        told = self._told(course)
        sums = np.array([self.sums(course.served[w["version"]])[n] for n, w in enumerate(course.windows)])
        for number, window in enumerate(course.windows):
            low, high = np.searchsorted(self.window, [number, number + 1])
            window["labelled_rows"] = int(high - low)
            window["mean_loss"] = float(sums[number] / (high - low)) if high > low else None
            window["metrics"] = self._metrics(told, slice(low, high)) if high > low else {}
        paid = np.array([window["paid"] for window in course.windows])
        whole = self._metrics(told, slice(None))
        return Account(course.policy, course.windows, self.counts, sums, paid, self.cost.error_cost, whole)

    def oracle(self, pool: Pool) -> Account:
        """The cheapest course over the versions of the pool; each change costs what its training cost."""
        versions = [self.first, *(made for made in pool.made if made.version != self.first.version)]
        costs = self.cost.error_cost * np.column_stack([self.sums(version) for version in versions])
        prices = self._prices(versions)
        path = cheapest(costs, prices, np.where(np.arange(len(versions)) == 0, 0.0, np.inf)).versions
        records = [
            record(window, rows_in(self.history, window), versions[now], versions[then], float(prices[now, then]))
            for window, now, then in zip(self.windows, path, (*path[1:], path[-1]), strict=True)
        ]
        return self.account(Course(ORACLE, records, {versions[now].version: versions[now] for now in path}))

    def sums(self, candidate: Candidate) -> np.ndarray:
        """The version's losses summed a window; inf in windows that began before its training."""
        if candidate.version not in self._sums:
            there = np.array([window.start >= candidate.trained_at for window in self.windows])
            kept = there[self.window]
            losses = self._losses(candidate, self.rows[kept])
            summed = np.bincount(self.window[kept], losses, minlength=len(self.windows))
            self._sums[candidate.version] = np.where(there, summed, np.inf)
        return self._sums[candidate.version]

    def _losses(self, candidate: Candidate, rows: DataFrame) -> np.ndarray:
        """One a row; a post that a version gave no number for counts as the worst that the first version did."""
        if rows.empty:
            return np.zeros(0)
        losses = np.asarray(self.model.losses(rows, candidate.predict(rows)), dtype=float)
        return np.where(np.isfinite(losses), losses, self._worst)

    def _told(self, course: Course) -> DataFrame:
        """What was said of each of `rows` by the version that served then."""
        names = np.array([window["version"] for window in course.windows])[self.window]
        parts = [course.served[name].predict(self.rows[names == name]) for name in dict.fromkeys(names)]
        return concat(parts).loc[self.rows.index]

    def _metrics(self, told: DataFrame, part: slice) -> dict[str, float | None]:
        found = self.model.metrics(self.rows.iloc[part], told.iloc[part])
        return {name: finite(value) for name, value in found.items()}

    def _prices(self, versions: list[Candidate]) -> np.ndarray:
        """What changing from one version (row) to another (column) costs; back to what was paid for, nothing."""
        retrain, recalibrate = self.cost.retrain_cost, self.cost.recalibrate_cost
        prices = np.empty((len(versions), len(versions)))
        for column, to in enumerate(versions):
            trained = 0.0 if self.first.version in (to.version, to.base) else retrain
            prices[:, column] = trained + (recalibrate if to.base else 0.0)
            for row, come in enumerate(versions):
                if come is to or come.base == to.version:
                    prices[row, column] = 0.0
                elif to.base == come.version:
                    prices[row, column] = recalibrate
        return prices


def record(window: Window, rows: int, now: Candidate, then: Candidate, price: float) -> dict[str, Any]:
    """A window of the oracle: a change is paid for at its end, as by any policy."""
    action = "none" if now is then else "recalibrate" if then.base else "retrain"
    return {
        "start": window.start,
        "end": window.end,
        "rows": rows,
        "version": now.version,
        "decision": action,
        "challenger": None if now is then else then.version,
        "promoted": now is not then,
        "paid": price,
    }


def live_through(
    pool: Pool,
    period: Window,
    step: timedelta,
    policies: Sequence[Policy],
    settings: Settings,
    as_of: datetime,
    *,
    grid: bool,
    progress: Progress,
) -> tuple[list[Account], Account]:
    """Every policy over the same past with the same pool, and the oracle; `grid` gives it versions of its own."""
    courses = [
        run(pool.model, pool.history, period, step, each, settings, pool, progress=progress) for each in policies
    ]
    if grid:
        train_grid(pool, period, progress)
    windows, first = windows_of(period, step), first_version(pool, period.start)
    hindsight = Hindsight(pool.model, pool.history, windows, first, as_of, settings.cost)
    return [hindsight.account(course) for course in courses], hindsight.oracle(pool)


def train_grid(pool: Pool, period: Window, progress: Progress) -> None:
    """Have the pool hold a version every GRID, for the oracle to choose from."""
    whole = int((period.end - period.start) / GRID)
    for number in range(1, whole + 1):
        progress(number, whole, f"{ORACLE}: training")
        with suppress(NotEnoughData):
            pool.train(period.start + number * GRID)
