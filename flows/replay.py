"""Replay without a server: take the source in, build the features once, run the loop, tell what it did."""

import shutil
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from models.history import load_history
from models.stores import Stores
from monitoring.door import Door, ingest
from monitoring.policy import policy as known_policy
from monitoring.replay import Replay, add_metrics
from monitoring.replay import replay as run
from trimtab.authors import Authors
from trimtab.settings import Settings
from trimtab.source import load
from trimtab.windows import Window

Progress = Callable[[int, int, str], None]


def replay(
    settings: Settings,
    source: Path,
    model_name: str,
    start: datetime,
    end: datetime,
    step: timedelta,
    policy: str,
    *,
    as_of: datetime,
    progress: Progress,
) -> dict[str, Any]:
    """The report: each window with what happened, and totals. Of `settings.home` only the lake is written to."""
    began, period = time.monotonic(), Window(start, end)
    known_policy(policy)  # a misspelt policy is refused before the work, not after it
    mapping = load(source)
    scratch = _scratch(settings, f"{mapping.name}-{model_name}-{policy.replace(':', '-')}")
    model = scratch.model(model_name)
    progress(0, 1, "taking the source in")
    ingest(Door(scratch.lake, Authors.of(settings.home), settings.ingest, as_of), mapping)
    progress(0, 1, "building features")
    scratch.refresh_features(as_of)
    since = start - timedelta(days=settings.training.history_days)
    history = load_history(scratch, model, Window(since, end), as_of)
    done = run(scratch, model, history, period, step, policy, progress)
    overall = add_metrics(model, history, done, as_of)
    return {
        "source": mapping.name,
        "model": model.name,
        "policy": policy,
        "start": start,
        "end": end,
        "step_days": step / timedelta(days=1),
        "windows": done.windows,
        "totals": _totals(done, overall, model.headline, time.monotonic() - began),
        "sentence": _sentence(done, overall, model.headline, policy),
    }


def _scratch(settings: Settings, name: str) -> Stores:
    """A home of its own for the replay's registry, ledger and features, over the real lake."""
    home = settings.home / "replays" / name
    shutil.rmtree(home, ignore_errors=True)
    stores = Stores(settings.model_copy(update={"home": home}))
    stores.lake = Stores(settings).lake
    return stores


def _totals(done: Replay, overall: dict[str, float], headline: str, seconds: float) -> dict[str, Any]:
    by_window = [window["metrics"][headline] for window in done.windows if window.get("metrics")]
    return {
        "windows": len(done.windows),
        "rows": sum(window["rows"] for window in done.windows),
        "metrics": overall,
        f"mean_window_{headline}": sum(by_window) / len(by_window) if by_window else None,
        "decisions": dict(Counter(window["decision"] for window in done.windows)),
        "versions": len({window["version"] for window in done.windows}),
        "seconds": round(seconds, 1),
    }


def _sentence(done: Replay, overall: dict[str, float], headline: str, policy: str) -> str:
    asked = sum(window["decision"] == "retrain" for window in done.windows)
    served = len({window["version"] for window in done.windows})
    score = f"{headline} {overall[headline]:.4f}" if overall else "no labelled rows"
    return (
        f"{policy}: {len(done.windows)} windows, {sum(window['rows'] for window in done.windows):,} posts, {score}, "
        f"{asked} retrains asked for, {served} versions served."
    )
