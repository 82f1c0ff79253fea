"""Keeps the online store at the present: a process of its own beside the workers, since building features is heavy."""

import logging
from collections.abc import Callable
from datetime import datetime

from models.stores import Stores

log = logging.getLogger("trimtab.serve")
TABLES = ("posts", "snapshots")  # that features are built from


def keep_fresh(stores: Stores, now: Callable[[], datetime], wait: Callable[[], bool]) -> None:
    """Freshen until `wait`, called in between, says that it is enough. What fails is said and tried again."""
    built: object = None
    failing = False
    while True:
        try:
            built, failing = freshen(stores, now(), built), False
        except Exception as error:  # noqa: BLE001 - the lake or the disk may be back next time
            if not failing:
                log.warning(
                    "Online features are not refreshed: %s", (str(error).splitlines() or [type(error).__name__])[0]
                )
            failing = True
        if wait():
            return


def freshen(stores: Stores, as_of: datetime, built: object = None) -> object:
    """Have the online store hold what is in force at `as_of`; returns what the features were built from.

    Given that again, features are built anew only from a lake that has changed. Nothing is done without posts.
    """
    found = {table: stores.lake.version(table) for table in TABLES}
    if found["posts"] < 0:
        return built
    if found != built:
        stores.refresh_features(as_of)
    changed = stores.features.materialize(as_of)
    if any(changed.values()):
        log.info("Online features as of %s: %s.", f"{as_of:%Y-%m-%d %H:%M}", _told(changed))
    return found


def _told(changed: dict[str, int]) -> str:
    return ", ".join(f"{count:,} keys of {view} changed" for view, count in changed.items() if count)
