"""A backtest for those who read it: the report, its picture, and MLflow, where policies are compared side by side."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from models.registry import PolicyRun, Registry, log_backtest
from monitoring.chart import draw
from monitoring.hindsight import Account
from trimtab.settings import Settings


def publish(
    settings: Settings,
    found: dict[str, Any],
    accounts: Sequence[Account],
    oracle: Account,
    measure: str,
    report: Path,
    picture: Path,
) -> None:
    """Log to MLflow, then put the files in place; `report`, which is last, is there only when all else is."""
    told = found["policies"]
    title = f"{found['source']}, {found['model']}: {found['sentence']}"
    with TemporaryDirectory() as folder:
        draw(accounts, oracle, title, measure, Path(folder, "backtest.png"))
        Path(folder, "backtest.json").write_text(json.dumps(found, indent=2, default=str), encoding="utf-8")
        log_backtest(
            Registry(settings.mlflow_path).store,
            found["model"],
            f"{found['source']} {found['start']:%Y-%m-%d} to {found['end']:%Y-%m-%d}",
            {name: str(found[name]) for name in ("source", "model", "start", "end", "step_days")},
            found["sentence"],
            [_run(account, told[account.policy]) for account in (*accounts, oracle) if account.policy in told],
            Path(folder),
        )
        for made, place in (("backtest.png", picture), ("backtest.json", report)):
            _put(Path(folder, made), place)


def _run(account: Account, told: dict[str, Any]) -> PolicyRun:
    totals = told["totals"]
    figures = {name: float(value) for name, value in totals.items() if isinstance(value, int | float)}
    figures |= {name: value for name, value in totals["metrics"].items() if value is not None}
    judged = [window for window in account.windows if window["mean_loss"] is not None]
    ends = [window["end"] for window in account.windows]
    series = {
        "window_loss": [(window["end"], window["mean_loss"]) for window in judged],
        "cost_so_far": list(zip(ends, account.costs.cumsum().tolist(), strict=True)),
    }
    return PolicyRun(account.policy, figures, series)


def _put(made: Path, place: Path) -> None:
    """Whole or not at all: copied beside its place first, since that may be another disk."""
    draft = place.with_name(f".{place.name}.part")
    shutil.copyfile(made, draft)
    draft.replace(place)
