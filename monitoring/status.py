"""What a person on call asks first: what serves, since when, why, and what was decided last.

The status page shows the same values, with the series over time and what happened (monitoring.page).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from models.blocked import blocked_windows
from models.moves import last_move
from models.stores import Stores
from models.waiting import standing
from models.watch import seen
from monitoring.arrivals import arrivals
from monitoring.chronicle import chapters, decided, why
from monitoring.failing import alerts, failing
from monitoring.headline import headline
from monitoring.links import links_of, version_url
from monitoring.outlook import outlook
from monitoring.quarantine import Quarantine
from monitoring.read_once import ReadOnce
from monitoring.status_series import in_a_year, judgements, marks, windows
from monitoring.undone import undone
from trimtab import addresses
from trimtab.addresses import Addresses
from trimtab.ledger import Entry, Ledger

TABLES = ("posts", "snapshots", "labels", "predictions")


def status(stores: Stores, as_of: datetime | None = None) -> dict[str, Any]:
    """Plain values: what came in, what happened, and each model's aliases, decision and series.

    `as_of` is now, which brakes and data that stay away are counted from; None: the newest entry of the ledger.
    """
    lake, settings, ledger = stores.lake, stores.settings, ReadOnce(stores.ledger)
    entries = ledger.entries()
    now = as_of or max((entry.at for entry in entries), default=datetime.fromtimestamp(0, UTC))
    at = addresses.read(settings.home, settings.links)
    held = Quarantine(lake).entries()
    data = arrivals(lake, held)

    def links(entry: Entry) -> list[dict[str, str]]:
        return links_of(entry.evidence, entry.model, entry.version, settings.reports_path, at)

    return {
        "as_of": now,
        "home": str(settings.home),
        "rows": {table: lake.count(table) for table in TABLES} | {"quarantine": len(held)},
        "links": {name: url for name, url in vars(at).items() if url},
        "data": data,
        "models": {name: _model(stores, ledger, name, at, now, data["last"]) for name in stores.models},
        "failing": failing(entries, at),
        "alerts": alerts(entries),
        "history": chapters(entries, held, links),
    }


def _model(
    stores: Stores, ledger: Ledger, name: str, at: Addresses, now: datetime, newest: datetime | None
) -> dict[str, Any]:
    own, settings = ledger.entries(name), stores.settings
    told = _serving(stores, ledger, name, own, at)
    blocked = blocked_windows(ledger, name, now) if told["last_decision"] else ()
    told |= {"blocked": [str(window) for window in blocked], "windows": windows(own, name, settings.reports_path)}
    told |= {"marks": marks(own, blocked), "budget": _budget(stores, own, now)}
    told["outlook"] = outlook(ledger, own, name, told["champion"], now, settings)
    told["headline"] = headline(told, name, newest, settings.monitoring.window_days)
    return told


def _serving(stores: Stores, ledger: Ledger, name: str, own: Sequence[Entry], at: Addresses) -> dict[str, Any]:
    """What serves, why, what waits, and the newest decision, as a person reads them."""
    move = last_move(ledger, name)
    decision = next((entry for entry in reversed(own) if entry.kind == "decision"), None)
    judged = next(reversed(judgements(own)), None)
    waits = standing(stores.registry, ledger, name)
    known = stores.registry.aliases(name)
    aliases = {alias: known.get(alias) for alias in ("champion", "challenger", "previous")}
    return {
        **aliases,
        "versions": len(stores.registry.versions(name)),
        "measure": stores.model(name).headline,
        "since": move.at if move else None,
        "why": move.reason if move else None,
        "left": move.previous if move and move.kind == "rolled_back" else None,
        "by_hand": move is not None and move.kind == "moved_by_hand",
        "last_decision": decision.reason if decision else None,
        "last_decision_at": decision.at if decision else None,
        "decided": {"at": judged.at, "sentence": decided(judged), "why": why(judged)} if judged else None,
        "review": waits.plain() | {"url": version_url(name, waits.version, at)} if waits else None,
        "since_decided": sorted({entry.kind for entry in own if judged and entry.id > judged.id}),
        "undone": undone(judged, own) if judged else None,
        "watch": seen(ledger, name),
        "url": version_url(name, aliases["champion"], at),
    }


def _budget(stores: Stores, own: Sequence[Entry], now: datetime) -> dict[str, Any]:
    """What may be spent on retrains, and what was, in the year up to the newest judgement."""
    end = max((entry.at for entry in own), default=now)
    a_year = stores.settings.monitoring.unneeded_retrains_per_year
    return {"unneeded_retrains_per_year": a_year, "until": end, **in_a_year(own, end)}


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
