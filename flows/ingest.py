"""The flow `ingest`: files of a source through the door, into the tables."""

from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from prefect import flow

from flows.steps import moment, open_stores, step
from monitoring import door
from trimtab import source
from trimtab.authors import Authors

read_source = step("read source", source.load)
let_in = step("let in", door.ingest)


def open_door(home: str | None, as_of: datetime, until: datetime | None) -> door.Door:
    """The edge of a run: settings and the author key are read here and nowhere below."""
    stores = open_stores(home)
    return door.Door(stores.lake, Authors.of(stores.settings.home), stores.settings.ingest, as_of, until)


@flow(name="ingest")
def ingest(
    source: str, home: str | None = None, as_of: datetime | None = None, until: datetime | None = None
) -> dict[str, Any]:
    """Let in what the files of SOURCE.yaml hold; returns the counts and the sentence of IngestSummary.

    `until` leaves what was learned at that moment or later for a later run.
    """
    started = perf_counter()
    entrance = open_door(home, moment(as_of), until)
    mapping = read_source(Path(source))
    summary = let_in(entrance, mapping)
    return summary.to_dict() | {"seconds": round(perf_counter() - started, 1)}
