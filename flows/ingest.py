"""The flow `ingest`: files of a source through the door, into the tables."""

from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.steps import moment
from monitoring import door
from trimtab import settings, source
from trimtab.authors import Authors
from trimtab.lake import Lake

read_source = task(name="read source", cache_policy=NO_CACHE)(source.load)
let_in = task(name="let in", cache_policy=NO_CACHE)(door.ingest)


def open_door(home: str | None, as_of: datetime, until: datetime | None) -> door.Door:
    """The edge of a run: settings and the author key are read here and nowhere below."""
    known = settings.load(Path(home) if home else None)
    return door.Door(Lake(known.lake_path), Authors.of(known.home), known.ingest, as_of, until)


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
