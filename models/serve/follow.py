"""Follows `champion`: loads a new version beside the old, checks it, swaps, acknowledges.

Whatever goes wrong, the last good version keeps serving; a fault is said once, not at every poll.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event, Thread

from models.serve.acks import acknowledge, newest_move
from models.serve.champions import Champions
from models.serve.lane import Patience
from models.serve.live import Bundle, Live
from models.serve.metrics import Metrics
from models.serve.presence import Worker
from models.serve.sample import sample_table
from models.serve.scoring import checked, missing
from models.serve.service import recorded
from models.spec import Model
from trimtab.ledger import Ledger

log = logging.getLogger("trimtab.serve")
DRAIN_SECONDS = 1.0  # waited for requests on the old version before the next poll asks again
FIRST_SECONDS = 60.0  # that the registry gets at the first poll: MLflow is imported and the store opened in it
LOAD_SECONDS = 60.0  # that a version gets to be read and checked, while the last one serves
LONGEST_PAUSE = 64  # polls between two tries of a bundle that was bad


@dataclass
class Followed:
    """Where one model stands."""

    model: Model
    champion: str | None = None  # as the registry last said
    problem: str | None = None
    bad: str | None = None  # version that could not be served
    pause: int = 0  # polls until it is tried again
    pauses: int = 1
    acknowledged: tuple[str, int] | None = None


@dataclass
class Follower:
    """One thread that keeps `live` on the champions."""

    champions: Champions
    ledger: Ledger
    live: Live
    worker: Callable[[], Worker]
    metrics: Metrics
    models: dict[str, Followed]
    patience: Patience
    poll_seconds: float
    now: Callable[[], datetime]
    also: Callable[[], None] = lambda: None  # what else is looked after at every poll
    problem: str | None = None  # of the registry as a whole
    polled: bool = False
    _stop: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def start(self) -> None:
        self._thread = Thread(target=self._run, name="follow", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=2)

    def poll(self) -> None:
        """Look once at every alias and do what follows."""
        seconds = None if self.polled else FIRST_SECONDS
        try:
            found = self.patience.ask(lambda: self.champions.look(self.models), seconds)
        except Exception as error:  # noqa: BLE001 - SQLite, MLflow, the disk: the last good version goes on
            self._say_of_registry(_first_line(error))
            return
        self._say_of_registry(None)
        self.polled = True
        if found is None:
            return
        self.champions.settle(False)
        for name, version in found.items():
            self.models[name].champion = version
        done = [self._follow(self.models[name], version) for name, version in found.items()]
        self.champions.settle(all(done))

    def _run(self) -> None:
        while True:
            try:
                self.poll()
                self.also()
            except Exception:  # noqa: BLE001 - following must go on
                log.exception("Following the champions failed; it is tried again.")
            if self._stop.wait(self.poll_seconds):
                return

    def _follow(self, one: Followed, version: str | None) -> bool:
        """Whether there is nothing left to do."""
        name, serving = one.model.name, self.live.version(one.model.name)
        if version is None:
            if serving is not None:
                self._say(one, f"The registry names no champion of {name}; version {serving} goes on.")
            return True
        if version != serving and not self._switch(one, version):
            return False
        try:
            done = self._acknowledge(one, version)
        except Exception as error:  # noqa: BLE001 - the ledger or the disk; it is tried again
            self._say(one, f"{name} {version} serves, but the ledger cannot be told so: {_first_line(error)}")
            return False
        self._say(one, None)
        return done

    def _switch(self, one: Followed, version: str) -> bool:
        if version == one.bad and one.pause > 0:
            one.pause -= 1
            return False
        try:
            bundle = self.patience.ask(lambda: self._load(one.model, version), LOAD_SECONDS)
        except Exception as error:  # noqa: BLE001 - the code of a bundle may raise anything
            self._refuse(one, version, _first_line(error))
            return False
        self.live.swap(bundle)
        one.bad, one.pauses = None, 1
        self.metrics.swapped(one.model.name, version)
        self.metrics.missing.labels(one.model.name).set(len(missing(one.model)))
        log.info("%s %s serves.", one.model.name, version)
        return True

    def _load(self, model: Model, version: str) -> Bundle:
        registry = self.champions.registry
        loaded, service = registry.load(model.name, version), recorded(registry.about(model.name, version))
        return checked(Bundle(model, loaded, self.now(), service), sample_table())

    def _refuse(self, one: Followed, version: str, why: str) -> None:
        serving = self.live.version(one.model.name)
        rest = f"version {serving} goes on" if serving else "nothing serves"
        one.pauses = min(2 * one.pauses, LONGEST_PAUSE) if version == one.bad else 1
        one.bad, one.pause = version, one.pauses
        self.metrics.refused(one.model.name)
        self._say(one, f"{one.model.name} {version} could not be loaded, {rest}: {why}")

    def _acknowledge(self, one: Followed, version: str) -> bool:
        name = one.model.name
        move = newest_move(self.ledger, name)
        if one.acknowledged == (version, move):
            return True
        if not self.live.alone(name, DRAIN_SECONDS):
            return False
        acknowledge(self.ledger, self.worker(), name, version, move, self.now())
        one.acknowledged = (version, move)
        return True

    def _say(self, one: Followed, problem: str | None) -> None:
        if problem is not None and problem != one.problem:
            log.warning("%s", problem)
        one.problem = problem

    def _say_of_registry(self, problem: str | None) -> None:
        if problem is not None and self.problem is None:
            log.warning("The registry is away, the last good versions go on: %s", problem)
        if problem is None and self.problem is not None:
            log.info("The registry answers again.")
        self.problem = problem


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
