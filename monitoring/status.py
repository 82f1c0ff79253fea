"""What a person on call asks first: what serves, since when, why, and what was decided last."""

from typing import Any

from models.blocked import blocked_windows
from models.moves import last_move
from models.stores import Stores
from models.waiting import standing
from models.watch import seen
from monitoring.quarantine import Quarantine

TABLES = ("posts", "snapshots", "labels", "predictions")


def status(stores: Stores) -> dict[str, Any]:
    """Plain values: rows of the lake, entries held in quarantine, and each model's aliases, last move and decision."""
    lake = stores.lake
    return {
        "home": str(stores.settings.home),
        "rows": {table: lake.count(table) for table in TABLES} | {"quarantine": len(Quarantine(lake).entries())},
        "models": {name: _model(stores, name) for name in stores.models},
    }


def _model(stores: Stores, name: str) -> dict[str, Any]:
    move = last_move(stores.ledger, name)
    decision = next(iter(stores.ledger.entries(name, "decision", limit=1)), None)
    waits = standing(stores.registry, stores.ledger, name)
    return {
        **{alias: stores.registry.alias(name, alias) for alias in ("champion", "challenger", "previous")},
        "versions": len(stores.registry.versions(name)),
        "since": move.at if move else None,
        "why": move.reason if move else None,
        "left": move.previous if move and move.kind == "rolled_back" else None,
        "by_hand": move is not None and move.kind == "moved_by_hand",
        "last_decision": decision.reason if decision else None,
        "last_decision_at": decision.at if decision else None,
        "blocked": [str(w) for w in blocked_windows(stores.ledger, name, decision.at)] if decision else [],
        "review": waits.plain() if waits else None,
        "watch": seen(stores.ledger, name),
    }


def lines(found: dict[str, Any]) -> list[str]:
    """The same, for a terminal."""
    names = {"quarantine": "held in quarantine"}
    rows = ", ".join(f"{count:,} {names.get(table, table)}" for table, count in found["rows"].items())
    return [
        f"{found['home']}: {rows}.",
        *(line for name, model in found["models"].items() for line in _lines(name, model)),
    ]


def _lines(name: str, model: dict[str, Any]) -> list[str]:
    if model["champion"] is None and model["by_hand"]:
        what = f"noticed {model['since']:%Y-%m-%d %H:%M}: {model['why']}"
        return ["", f'{name}: {what}. Put one back: trimtab rollback {name} --to VERSION --reason "..."']
    waits = [f"  Waits for review: {model['review']['sentence']}."] if model["review"] else []
    if model["champion"] is None:
        first = f"Train one: trimtab train {name}" if not waits else "One waits for your word."
        return ["", f"{name}: no champion yet. {first}", *waits]
    others = [f"{alias} {model[alias]}" for alias in ("challenger", "previous") if model[alias]]
    versions = f"{model['versions']} versions"
    # The reason of a rollback tells of the version that was left, not of the one that serves.
    left = f"version {model['left']} was taken back: " if model["left"] else ""
    since = f" since {model['since']:%Y-%m-%d %H:%M}" if model["since"] else ""
    since += " or earlier" if model["by_hand"] else ""
    return [
        "",
        f"{name}: version {model['champion']} serves{since} ({', '.join([*others, versions])}).",
        f"  Why: {left}{model['why']}",
        *waits,
        f"  Last decision: {model['last_decision'] or 'none yet'}",
        *([f"  Watched: {model['watch']['sentence']}."] if model["watch"] else []),
        *([f"  Never learned from: what came in {', '.join(model['blocked'])}"] if model["blocked"] else []),
    ]
