"""A source's past, ready to be lived through again: taken in, features built once, in a home of its own."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from models.history import History, load_history
from models.spec import Model
from models.stores import Stores
from monitoring.door import Door, ingest
from trimtab.authors import Authors
from trimtab.errors import LakeError, NotEnoughData
from trimtab.settings import Settings
from trimtab.source import load
from trimtab.windows import Window

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Past:
    """`stores` is a scratch home over the real lake, so that nothing of production is touched."""

    source: str
    stores: Stores
    model: Model
    history: History


@contextmanager
def take_in(
    settings: Settings,
    source: Path,
    model_name: str,
    period: Window,
    purpose: str,
    *,
    as_of: datetime,
    progress: Progress,
) -> Iterator[Past]:
    """The history of `period` and of the training rows before it. Of `settings.home` only the lake is written to."""
    mapping = load(source)
    with _scratch(settings, f"{mapping.name}-{model_name}-{purpose}") as stores:
        model = stores.model(model_name)
        progress(0, 1, "taking the source in")
        ingest(Door(stores.lake, Authors.of(settings.home), settings.ingest, as_of), mapping)
        progress(0, 1, "building features")
        stores.refresh_features(as_of)
        since = period.start - timedelta(days=settings.training.history_days)
        history = load_history(stores, model, Window(since, period.end), as_of)
        if history.scored_in(period).empty:
            raise NotEnoughData(f"No post of {mapping.name} became known in {period}; choose a period that has posts.")
        yield Past(mapping.name, stores, model, history)


@contextmanager
def _scratch(settings: Settings, name: str) -> Iterator[Stores]:
    """A home of its own for registry, ledger and features, over the real lake; two at once would wipe each other's."""
    home = settings.home / "replays" / name
    home.parent.mkdir(parents=True, exist_ok=True)
    claim = FileLock(home.with_name(f"{name}.lock"))
    try:
        claim.acquire(timeout=0)
    except Timeout as error:
        raise LakeError(f"Another run works in {home}; wait until it has ended, or give this one a --home.") from error
    try:
        shutil.rmtree(home, ignore_errors=True)
        release = settings.release.model_copy(update={"promotion": "auto"})  # nobody reviews the past
        stores = Stores(settings.model_copy(update={"home": home, "release": release}))
        stores.lake = Stores(settings).lake
        yield stores
    finally:
        claim.release()
