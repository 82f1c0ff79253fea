"""Backtest: one past lived through under each policy, what each came to, and which one to take."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flows.past import Progress, take_in
from flows.publish import publish
from monitoring.advice import advise, blocks_of
from monitoring.backtest import windows_of
from monitoring.hindsight import live_through
from monitoring.policy import ORACLE, policy
from monitoring.pool import Pool
from trimtab.errors import SettingsError
from trimtab.settings import Settings
from trimtab.windows import Window


def backtest(
    settings: Settings,
    source: Path,
    model_name: str,
    start: datetime,
    end: datetime,
    step: timedelta,
    policies: Sequence[str],
    report: Path,
    picture: Path,
    *,
    as_of: datetime,
    progress: Progress,
) -> dict[str, Any]:
    """The report, which is written to `report` with its `picture`, and logged to MLflow in `settings.home`.

    Both files appear when all is done or not at all. Of `settings.home` only lake and MLflow are written to.
    """
    period, asked = Window(start, end), list(dict.fromkeys(policies))
    windows_of(period, step)  # a slip is said before the work, not after it
    chosen = [policy(name) for name in asked if name != ORACLE]
    if not chosen:
        raise SettingsError("No policy to compare is named besides the oracle; name one, such as budgeted or never.")
    free = ORACLE in asked
    with take_in(settings, source, model_name, period, "backtest", as_of=as_of, progress=progress) as past:
        pool = Pool(past.model, past.history, settings, past.stores.fit_settings)
        accounts, oracle = live_through(pool, period, step, chosen, settings, as_of, grid=free, progress=progress)
    windows = [window["start"] for window in oracle.windows]
    advice = advise({a.policy: a.costs for a in accounts}, blocks_of(windows), seed=settings.seed)
    found = {
        "source": past.source,
        "model": past.model.name,
        "start": start,
        "end": end,
        "step_days": step / timedelta(days=1),
        "costs": settings.cost.model_dump(),
        "policies": {a.policy: a.report(oracle) for a in (*accounts, *([oracle] if free else []))},
        "fits": pool.fits,
        "recommendation": advice.plain(),
        "sentence": str(advice),
    }
    progress(0, 1, "drawing and logging")
    publish(settings, found, accounts, oracle, past.model.headline, report, picture)
    return found
