"""Replay without a server: take the source in, build the features once, run the loop, tell what it did."""

import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flows.past import Progress, take_in
from monitoring.policy import policy as known_policy
from monitoring.replay import Replay, add_metrics
from monitoring.replay import replay as run
from trimtab.settings import Settings
from trimtab.windows import Window


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
    chosen = known_policy(policy)  # a misspelt policy is refused before the work, not after it
    purpose = policy.replace(":", "-")
    with take_in(settings, source, model_name, period, purpose, as_of=as_of, progress=progress) as past:
        model, history = past.model, past.history
        done = run(past.stores, model, history, period, step, chosen, progress)
    overall = add_metrics(model, history, done, as_of)
    return {
        "source": past.source,
        "model": model.name,
        "policy": policy,
        "start": start,
        "end": end,
        "step_days": step / timedelta(days=1),
        "windows": done.windows,
        "totals": _totals(done, overall, model.headline, time.monotonic() - began),
        "sentence": _sentence(done, overall, model.headline, policy),
    }


def _totals(done: Replay, overall: dict[str, float | None], headline: str, seconds: float) -> dict[str, Any]:
    scores = (window["metrics"].get(headline) for window in done.windows if window.get("metrics"))
    by_window = [score for score in scores if score is not None]
    return {
        "windows": len(done.windows),
        "rows": sum(window["rows"] for window in done.windows),
        "metrics": overall,
        f"mean_window_{headline}": sum(by_window) / len(by_window) if by_window else None,
        "decisions": dict(Counter(window["decision"] for window in done.windows)),
        "versions": len({window["version"] for window in done.windows}),
        "seconds": round(seconds, 1),
    }


def _sentence(done: Replay, overall: dict[str, float | None], headline: str, policy: str) -> str:
    asked = sum(window["decision"] == "retrain" for window in done.windows)
    served = len({window["version"] for window in done.windows})
    rows = sum(window["rows"] for window in done.windows)
    return (
        f"{policy}: {len(done.windows)} windows, {rows:,} posts, {_score(overall, headline)}, "
        f"{asked} retrains asked for, {served} versions served."
    )


def _score(overall: dict[str, float | None], headline: str) -> str:
    if not overall:
        return "no labelled rows"
    found = overall[headline]
    return f"{headline} {found:.4f}" if found is not None else f"{headline} not a number"
