"""What a flow run shows in Prefect: its decision, the window's table, a comparison, links, and how far long work is.

An artifact is for looking at: outside of a flow run there is none, and one that cannot be written stops nothing. Keys
are made of the model and of what is shown, so that Prefect keeps the history of each.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from prefect.artifacts import LinkArtifact, MarkdownArtifact, ProgressArtifact, TableArtifact, update_progress_artifact
from prefect.context import FlowRunContext
from prefect.logging import get_run_logger

from models.stores import Stores
from monitoring import shown
from monitoring.measures import Measure
from monitoring.outlook import outlook
from monitoring.pointers import Link, links_of
from monitoring.workspace import project_id
from trimtab import addresses
from trimtab.entry import Entry


def show_decision(stores: Stores, entry: Entry, measures: Iterable[Measure]) -> None:
    """The decision on a window, all that was measured of it, and a link to each page about it."""
    _tried(lambda: _decision(stores, entry, tuple(measures)))


def show_challenger(stores: Stores, entry: Entry) -> None:
    """A new version against the champion and the gates; `entry` is what became of it."""
    _tried(lambda: _challenger(stores, entry))


@contextmanager
def progress(model: str, what: str) -> Iterator[Callable[[float, str], None]]:
    """A bar in the UI; call it with the percentage done and what is done now."""
    bar = ProgressArtifact(key=key(model, f"{what}-progress"), progress=0.0, description=f"{what}: begun")
    artifact = _tried(bar.create)

    def moved(percent: float, words: str) -> None:
        if artifact is not None:
            _tried(lambda: update_progress_artifact(artifact.id, percent, description=f"{what}: {words}"))

    yield moved
    moved(100.0, "done")


def _decision(stores: Stores, entry: Entry, measures: tuple[Measure, ...]) -> None:
    links, end = _links(stores, entry), str(entry.evidence.get("window_end", ""))[:10]
    text = shown.decision(entry, measures, _outlook(stores, entry), links)
    what = f"The decision on the window of {entry.model} up to {end}: {entry.evidence['action']}"
    MarkdownArtifact(key=key(entry.model, "decision"), markdown=text, description=what).create()
    if found := shown.rows(measures):
        about = f"Everything that was measured of the window of {entry.model} up to {end}, most evidence first"
        TableArtifact(key=key(entry.model, "window"), table=found, description=about).create()
    _show_links(entry, links)


def _challenger(stores: Stores, entry: Entry) -> None:
    links = _links(stores, entry)
    what = f"{entry.model} {entry.version} against the version that served, and the gates: {entry.what}"
    text = shown.challenger(entry, links)
    MarkdownArtifact(key=key(entry.model, "challenger"), markdown=text, description=what).create()
    _show_links(entry, links)


def key(model: str, what: str) -> str:
    """Small letters, digits and dashes, as Prefect wants them."""
    return re.sub(r"[^a-z0-9]+", "-", f"{model} {what}".lower()).strip("-")


def _links(stores: Stores, entry: Entry) -> tuple[Link, ...]:
    settings = stores.settings
    at = addresses.read(settings.home, settings.links)
    series = (Link("series over time", f"{at.evidently}/projects/{project_id(entry.model)}"),) if at.evidently else ()
    return (*links_of(entry, at, settings.home), *series)


def _outlook(stores: Stores, entry: Entry) -> str:
    entries = stores.ledger.entries(entry.model)
    return outlook(stores.ledger, entries, entry.model, entry.version, entry.at, stores.settings)


def _show_links(entry: Entry, links: Iterable[Link]) -> None:
    """Those that Prefect's pages may open: a file on this machine they may not."""
    for link in links:
        if link.url.startswith("http"):
            about = f"{link.name} of {entry.model}"
            LinkArtifact(key=key(entry.model, link.name), link=link.url, link_text=about, description=about).create()


def _tried(work: Callable[[], Any]) -> Any:
    """What it returns; None outside of a flow run, and where it could not be done."""
    if FlowRunContext.get() is None:
        return None
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - the work is done; only its picture is missing
        get_run_logger().warning(f"An artifact could not be shown: {type(error).__name__}.")
        return None
