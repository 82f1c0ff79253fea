"""A home that has lived: windows judged for a long time, with what happens in between; nothing was trained for it.

Only what the status reads is there: the ledger, the versions in the registry, and posts in the lake.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from models.stores import Stores
from trimtab.ledger import Ledger
from trimtab.posts import POSTS
from trimtab.settings import Monitoring, Settings

START = datetime(2025, 1, 6, tzinfo=UTC)
DAY = timedelta(days=1)
COLUMNS = ("chars", "author_mean_28d", "topic_mean_90d", "domain_posts_7d", "text of shares", "hour")
USUAL = {"engagement": 1.1, "sentiment": 0.92}
RETRAIN, REFUSED, QUARANTINE, HAND, ROLLBACK = 61, 97, 113, 197, 199  # every so many windows


@dataclass
class Life:
    """One model as it goes."""

    name: str
    draw: np.random.Generator
    version: int = 1
    loss: float = 1.0
    made: list[dict[str, Any]] = field(default_factory=list)


def lived(home: Path, windows: int, posts_a_day: int = 100) -> Stores:
    """Daily windows of both models, made from a seed if they are not there."""
    stores = Stores(Settings(home=home, monitoring=Monitoring(window_days=1)))
    if stores.settings.ledger_path.exists():
        return stores
    stores.settings.reports_path.mkdir(parents=True)
    for number, name in enumerate(USUAL):
        life = Life(name, np.random.default_rng(number), loss=USUAL[name])
        _first(stores.ledger, life)
        for window in range(windows):
            _live(stores.ledger, life, window)
        _register(stores, life)
    _posts(stores, windows, posts_a_day)
    return stores


def _first(ledger: Ledger, life: Life) -> None:
    about: dict[str, Any] = {"at": START, "model": life.name, "version": "1", "actor": "train flow"}
    ledger.append("trained", reason="the first version", **about)
    ledger.append("promoted", reason=f"No version of {life.name} served before.", **about)


def _live(ledger: Ledger, life: Life, window: int) -> None:
    start, end = START + window * DAY, START + (window + 1) * DAY
    life.loss *= float(np.exp(life.draw.normal(0.001, 0.02)))
    action = _action(window)
    told = _evidence(life, start, end, action)
    reasons = ["the loss on 812 mature posts is up by 2.1 %, within what days differ by", "chars may have moved"]
    sentence = (
        f"{life.name} version {life.version}, {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}: {'; '.join(reasons)}"
    )
    about: dict[str, Any] = {"at": end, "model": life.name, "actor": "monitor flow"}
    key = f"decision/{life.name}/{end.isoformat()}/{life.version}"
    told |= {"action": action, "reasons": reasons, "window_start": start.isoformat(), "window_end": end.isoformat()}
    ledger.append(
        "decision", version=str(life.version), reason=f"{sentence}: {action}.", evidence=told, key=key, **about
    )
    if action == "retrain":
        _retrained(ledger, life, about, refused=window % REFUSED == REFUSED - 1)
    if action == "rollback":
        life.version -= 1
        left = {"version": str(life.version), "previous": str(life.version + 1)}
        ledger.append("rolled_back", reason="its loss is 0.12 higher on the same 700 posts", **left, **about)


def _action(window: int) -> str:
    if window > RETRAIN and window % ROLLBACK == ROLLBACK - 1:
        return "rollback"
    if window % RETRAIN == RETRAIN - 1 or window % REFUSED == REFUSED - 1:
        return "retrain"
    return "quarantine" if window % QUARANTINE == QUARANTINE - 1 else "none"


def _retrained(ledger: Ledger, life: Life, about: dict[str, Any], refused: bool) -> None:
    new = {"version": str(life.version + 1), "previous": str(life.version)}
    told = about | {"actor": "retrain flow"}
    ledger.append("retrain_started", reason="a retrain would gain 0.1", evidence={"what": "retrain"}, **told)
    ledger.append("trained", version=new["version"], reason="a retrain would gain 0.1", **told)
    ledger.append("gates_judged", reason=f"Gates {'failed: better' if refused else 'passed: loads'}.", **new, **told)
    kind = "promotion_refused" if refused else "promoted"
    ledger.append(kind, reason="Challenger beats champion by 0.1 in mae on the same 600 fresh posts.", **new, **told)
    if not refused:
        life.version += 1
        life.loss = USUAL[life.name]


def _evidence(life: Life, start: datetime, end: datetime, action: str) -> dict[str, Any]:
    """As monitoring.wording writes it down."""
    loss, half = life.loss, life.loss * 0.06
    streams = {f"drift {name}": float(spent) for name, spent in zip(COLUMNS, life.draw.gamma(0.3, 0.2, 6), strict=True)}
    streams["performance mean_loss"] = float(life.draw.gamma(0.5, 0.3)) + (1.0 if action == "retrain" else 0.0)
    spent = sum(streams.values())
    calls = streams["performance mean_loss"] >= 1
    alarm = {"raised": spent >= 1, "calls": calls, "spent": spent, "changed_at": start.isoformat(), "streams": streams}
    told = {"mean_loss": loss, "mean_loss_low": loss - half, "mean_loss_high": loss + half}
    told |= {
        "estimated_loss": loss * float(np.exp(life.draw.normal(0, 0.03))),
        "loss_rise": loss / USUAL[life.name] - 1,
    }
    told = {name: float(f"{value:.4g}") for name, value in told.items()}
    return {"model": life.name, "version": str(life.version), "rows": 900, "alarm": alarm, "performance": told}


def _register(stores: Stores, life: Life) -> None:
    """Versions without files: the status reads names, aliases and tags."""
    client = stores.registry.store.client
    client.create_registered_model(life.name)
    newest = max(int(entry.version or 0) for entry in stores.ledger.entries(life.name))
    for _ in range(newest):
        client.create_model_version(life.name, stores.registry.store.path.as_uri(), await_creation_for=0)
    stores.registry.set_alias(life.name, "champion", str(life.version))


def _posts(stores: Stores, windows: int, a_day: int) -> None:
    rows = windows * a_day
    moments = [START + n * DAY / a_day for n in range(rows)]
    made: dict[str, Any] = {name: [None] * rows for name in POSTS.names}
    made |= {"post_id": [f"p{n}" for n in range(rows)], "source": ["simulated"] * rows}
    made |= {"published_at": moments, "known_at": moments}
    stores.lake.append("posts", pa.Table.from_pydict(made, schema=POSTS))
