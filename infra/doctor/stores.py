"""Lake, ledger, registry, online features and Prefect's database: there, whole and readable."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from infra.doctor.finding import Case, Finding, ok, warning, wrong
from infra.doctor.reading import damage, reading, revision, tables
from models.registry import Registry
from models.stores import Stores
from trimtab import chain
from trimtab.chain import Head, Verification
from trimtab.ledger_tables import links
from trimtab.posts import TABLES

BACKUP = "Restore it from a backup; see docs/oncall.md."
TRIES = 3  # of reading a ledger that somebody is writing to
LATE = 3  # refreshes that may be missed before the online store counts as old


def lake(case: Case) -> Iterator[Finding]:
    """Can every table be opened, and is every file there that it names?"""
    there = [name for name in TABLES if (case.settings.lake_path / name).exists()]
    bad = [finding for name in there if (finding := _table(case.settings.lake_path / name))]
    yield from bad
    if not there:
        yield ok("lake", f"No posts yet below {case.settings.lake_path}.")
    elif not bad:
        yield ok("lake", f"All {len(there)} tables can be read: {', '.join(there)}.")


def ledger(case: Case) -> Iterator[Finding]:
    """Is it as it was written?"""
    path = case.settings.ledger_path
    try:
        found = _verified(path)
    except FileNotFoundError:
        yield ok("ledger", f"Nothing has been decided yet; there is no {path.name}.")
    except (OSError, sqlite3.Error) as error:
        yield wrong("ledger", f"{path} cannot be read: {error}.", BACKUP)
    else:
        if found.whole:
            yield ok("ledger", str(found))
        else:
            yield wrong("ledger", str(found), "Find out who wrote past trimtab; `trimtab verify` names the entry.")


def registry(case: Case) -> Iterator[Finding]:
    """Is MLflow's database whole, of the schema that this MLflow wants, and does the registry answer?"""
    path = case.settings.mlflow_path / "mlflow.db"
    finding = _sqlite("registry", path, "No version has been registered yet")
    if finding.level == "ok" and path.exists():
        names = Registry(case.settings.mlflow_path).names()  # MLflow refuses another schema than its own
        yield ok("registry", f"{finding.sentence} It answers: {', '.join(names) or 'no model yet'}.")
    else:
        yield finding


def online(case: Case) -> Iterator[Finding]:
    """Do the features at hand for serving hold what the lake holds?"""
    path = case.settings.features_path / "data" / "online.db"
    finding = _sqlite("features", path, "No feature has been put online yet", schema=False)
    if finding.level != "ok" or not path.exists():
        yield finding
        return
    built, _ = Stores(case.settings).features_built()
    age = case.now - built if built else None
    late = LATE * timedelta(minutes=case.settings.schedules.materialise_minutes)
    if age is None or age <= late:
        yield ok("features", f"Features were built as of {built:%Y-%m-%d %H:%M}." if built else finding.sentence)
    else:
        hours = age / timedelta(hours=1)
        old = f"{hours:,.0f} h" if hours < 48 else f"{hours / 24:,.0f} days"
        do = "They are refreshed while trimtab up or trimtab serve runs; see its logs if it does."
        yield warning("features", f"Online features are as of {built:%Y-%m-%d %H:%M}, {old} ago.", do)


def prefect(case: Case) -> Iterator[Finding]:
    """Is the database of Prefect's own server whole?"""
    yield _sqlite("prefect", case.settings.home / "prefect" / "prefect.db", "Prefect has run nothing here yet")


def _table(path: Path) -> Finding | None:
    try:
        table = DeltaTable(str(path))
        gone = [uri for uri in table.file_uris() if not _file(uri).exists()]
        if not gone:
            table.to_pyarrow_dataset().head(1)
            return None
        sentence = f"Table {path.name} names {len(gone)} files that are gone, first {_file(gone[0])}."
    except (DeltaError, OSError, ValueError) as error:  # arrow's errors are OSError and ValueError
        first = (str(error).splitlines() or [type(error).__name__])[0]
        sentence = f"Table {path.name} cannot be read: {first}."
    return wrong("lake", sentence, BACKUP)


def _file(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path) if "://" in uri else uri)


def _verified(path: Path) -> Verification:
    """The chain held against its head; an entry may be added between reading one and the other, so asked again."""

    def once() -> Verification:
        head = Head.read(path.with_suffix(".head"))
        with reading(path) as database:
            if "chain" not in tables(database):
                raise sqlite3.DatabaseError("it holds no entries; or an older trimtab wrote it, then any command helps")
            return chain.verify(path, links(database), head)

    return _repeated(once, lambda found: found.whole)


def _repeated(once: Callable[[], Verification], good: Callable[[Verification], bool]) -> Verification:
    found = once()
    for _ in range(TRIES - 1):
        if good(found):
            break
        found = once()
    return found


def _sqlite(check: str, path: Path, absent: str, schema: bool = True) -> Finding:
    """The file is there, none of its pages is damaged, and its schema was finished."""
    try:
        with reading(path) as database:
            bad, found = damage(database), revision(database)
    except FileNotFoundError:
        return ok(check, f"{absent}; there is no {path}.")
    except sqlite3.Error as error:
        return wrong(check, f"{path} cannot be read: {error}.", BACKUP)
    if bad:
        return wrong(check, f"{path} is damaged: {bad}.", BACKUP)
    if schema and found is None:
        return wrong(check, f"{path} holds no finished schema.", f"Move it away; it is made anew. {BACKUP}")
    version = f", schema {found}" if schema else ""
    return ok(check, f"{path} is whole ({path.stat().st_size / 1e6:.1f} MB{version}).")
