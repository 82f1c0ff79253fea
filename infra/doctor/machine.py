"""Disk, ports and clock."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from infra import ports
from infra.doctor.finding import Case, Finding, ok, warning, wrong
from infra.doctor.reading import reading
from infra.parts import wanted_ports
from trimtab import addresses

WRONG_BYTES, WARNING_BYTES = 500_000_000, 3_000_000_000
AHEAD = timedelta(minutes=5)  # that clocks of machines may differ
BUILT = datetime(2025, 1, 1, tzinfo=UTC)  # no machine that this runs on is older
GB = 1e9


def disk(case: Case) -> Iterator[Finding]:
    """Is there room where the stores are, and may we write there?"""
    home = case.settings.home
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(there).free
    said = f"{free / GB:.1f} GB are free at {there}"
    if free < WRONG_BYTES:
        yield wrong("disk", f"{said}; a flow that cannot write fails.", "Free some: HOME/reports and HOME/logs first.")
    elif free < WARNING_BYTES:
        yield warning("disk", f"{said}.", "Free some before the stores need it.")
    else:
        yield ok("disk", f"{said}.")
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield wrong("disk", f"{there} cannot be written to by this user.", "Give the right to, or use another --home.")


def open_ports(case: Case) -> Iterator[Finding]:
    """Are the ports that `trimtab up` wants free, or held by itself?"""
    own = _own_ports(case)
    wanted = wanted_ports(case.settings, own_prefect=not case.environ.get("PREFECT_API_URL"))
    if own:
        yield ok("ports", f"A trimtab up holds {', '.join(map(str, sorted(own)))}.")
        return
    taken = {name: port for name, port in wanted.items() if port and ports.taken(port)}
    for name, port in taken.items():
        by = f" by {who}" if (who := ports.holder(port)) else ""
        setting = "TRIMTAB_SERVING__PORT" if name == "score" else f"TRIMTAB_UP__{name.upper()}_PORT"
        do = f"trimtab up will take another and say so; free it, or name another by {setting}."
        yield warning("ports", f"Port {port}, wanted for {name}, is taken{by}.", do)
    if not taken:
        yield ok("ports", f"Ports {', '.join(str(port) for port in wanted.values() if port)} are free.")


def clock(case: Case) -> Iterator[Finding]:
    """Does the clock agree with what was written last?"""
    said = f"It is {case.now:%Y-%m-%d %H:%M} UTC"
    if case.now < BUILT:
        yield wrong("clock", f"{said} by this machine, before trimtab was written.", "Set the clock; run NTP.")
        return
    newest = _newest_entry(case.settings.ledger_path)
    if newest and newest > case.now + AHEAD:
        told = f"the ledger's newest entry is of {newest:%Y-%m-%d %H:%M}, in the future"
        yield wrong("clock", f"{said}, and {told}.", "Set the clock (run NTP), or find who wrote with another --as-of.")
    else:
        yield ok("clock", f"{said}; nothing in the ledger is later.")


def _own_ports(case: Case) -> set[int]:
    up = addresses.started(case.settings.home)
    urls = [url for url in vars(up[1]).values() if url] if up else []
    return {port for url in urls if (port := urlsplit(url).port)}


def _newest_entry(path: Path) -> datetime | None:
    try:
        with reading(path) as database:
            found = database.execute("SELECT max(at) FROM entries").fetchone()[0]
            return datetime.fromisoformat(found) if found else None
    except (OSError, sqlite3.Error, ValueError):  # the ledger has a check of its own
        return None
