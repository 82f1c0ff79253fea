"""Is each model able to serve, and does one wait for a person?"""

import sqlite3
from collections.abc import Iterator

from infra.doctor.finding import Case, Finding, ok, warning, wrong
from infra.doctor.reading import reading, tables
from models.catalog import load_models
from models.stores import Stores
from models.waiting import waiting
from trimtab.errors import TrimtabError

LONG_DAYS = 3  # that a version may wait for a person


def models(case: Case) -> Iterator[Finding]:
    """Does each champion load, and since when does a challenger wait?"""
    try:
        names = tuple(load_models(case.settings.models))
    except TrimtabError as error:
        yield wrong("models", str(error), "")
        return
    if not (case.settings.mlflow_path / "mlflow.db").exists():
        yield ok("models", f"{' and '.join(names)} can be imported; none has been trained yet.")
        return
    stores = Stores(case.settings)
    for name in names:
        yield _champion(stores, name)
        if _has_entries(case):
            yield from _waits(case, stores, name)


def _champion(stores: Stores, name: str) -> Finding:
    try:
        version = stores.registry.alias(name, "champion")
        if version is None:
            return ok(name, f"{name} has no champion yet; trimtab train {name} makes one.")
        stores.registry.load(name, version)
    except TrimtabError as error:
        return wrong(name, str(error), f'Put another back: trimtab rollback {name} --reason "...".')
    except Exception as error:  # noqa: BLE001 - a version runs code of its own
        first = (str(error).splitlines() or [""])[0]
        sentence = f"Champion {name} {version} cannot be loaded: {type(error).__name__}: {first}."
        return wrong(name, sentence, f'Put another back: trimtab rollback {name} --reason "...".')
    return ok(name, f"Champion {name} {version} loads, and is as it was registered.")


def _waits(case: Case, stores: Stores, name: str) -> Iterator[Finding]:
    wanted = waiting(stores.ledger, name)
    if wanted is None:
        return
    days = (case.now - wanted.at).total_seconds() / 86_400
    said = f"{name} {wanted.version} waits for review since {wanted.at:%Y-%m-%d %H:%M}"
    if days > LONG_DAYS:
        do = f'Decide: trimtab approve {name} {wanted.version} --reason "..." (or refuse).'
        yield warning(name, f"{said}, {days:.0f} days.", do)
    else:
        yield ok(name, f"{said}.")


def _has_entries(case: Case) -> bool:
    """Whether the ledger can be asked without being made, or made over from an older format."""
    try:
        with reading(case.settings.ledger_path) as database:
            return "chain" in tables(database)
    except (OSError, sqlite3.Error):
        return False
