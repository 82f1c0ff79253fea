"""The flow `ingest`: files of a source through the door, into the tables."""

from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from flows.running import flow_of, step
from flows.steps import moment, open_stores
from monitoring import door
from trimtab import source
from trimtab.authors import Authors

read_source = step("read source", source.load)
let_in = step("let in", door.ingest)


def open_door(home: str | None, as_of: datetime, until: datetime | None) -> door.Door:
    """The edge of a run: settings and the author key are read here and nowhere below."""
    stores = open_stores(home)
    return door.Door(stores.lake, Authors.of(stores.settings.home), stores.settings.ingest, as_of, until)


@flow_of("ingest", "source", "until")
def ingest(
    source: str, home: str | None = None, as_of: datetime | None = None, until: datetime | None = None
) -> dict[str, Any]:
    """Let in what the files of a source hold and did not hold before; returns counts and a sentence.

    Args:
        source: Path of the source's YAML file.
        home: Folder of every store. Empty: TRIMTAB_HOME.
        as_of: Moment at which the files are read (UTC). Empty: now.
        until: Leave what was learned at that moment or later for a later run (UTC). Empty: leave nothing.
    """
    started = perf_counter()
    entrance = open_door(home, moment(as_of), moment(until) if until else None)
    mapping = read_source(Path(source))
    summary = let_in(entrance, mapping)
    return summary.to_dict() | {"seconds": round(perf_counter() - started, 1)}
