"""A drift incident on a stack started by `trimtab up`: data, decision, event, challenger, promotion, rollback."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from models.promotion import promote
from monitoring.due import floored
from tests import tiny_lake
from tests.listening import Listener, listening
from tests.living import COMMAND, NAME, SECONDS, Deployed, environment, settings_of
from tests.processes import until
from tests.tiny_incident import written
from trimtab import addresses
from trimtab.addresses import Addresses
from trimtab.settings import Links

WEEK = timedelta(days=7)
HISTORY_DAYS, A_DAY = 63, 60
SERVED, MOVED = timedelta(days=28), timedelta(days=16)  # before the end of the newest window
REASON = "the drill of Monday: version 2 likes short posts too much"


class Stack(Deployed):
    """`trimtab up` on a home, its runs, and where its parts are."""

    def __init__(self, home: Path, environ: dict[str, str], told: Listener) -> None:
        self.home, self.environ, self.told, self.settings = home, environ, told, settings_of(environ)
        self.printed = home / "printed"
        home.mkdir(parents=True, exist_ok=True)
        with self.printed.open("wb") as out:
            self.process = subprocess.Popen([*COMMAND, "up"], env=environ, stdout=out, stderr=out)

    @property
    def said(self) -> str:
        return self.printed.read_text()

    @property
    def at(self) -> Addresses:
        return addresses.read(self.home, Links())

    @property
    def api(self) -> str:
        return f"{self.at.prefect}/api"

    def wait(self) -> None:
        until(lambda: "Everything is healthy" in self.said or self.process.poll() is not None, SECONDS)
        assert self.process.poll() is None, self.said

    def end(self) -> None:
        """All of it."""
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def command(self, *words: str) -> str:
        done = subprocess.run(
            [*COMMAND, *words], env=self.environ, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def stack_of(folder: Path) -> Iterator[Stack]:
    """Everything healthy, on a home with a source that turned a while ago; nothing has been taken in yet."""
    end = newest_window()
    source = written(folder / "in", end, HISTORY_DAYS, A_DAY, end - MOVED)
    ports = {f"UP__{part}_PORT": "0" for part in ("PREFECT", "MLFLOW", "EVIDENTLY", "PAGE")} | {"SERVING__PORT": "0"}
    known = {"MONITORING__WINDOW_DAYS": "7", "MONITORING__MIN_ROWS": "50", "COST__ERROR_COST": "0.1"}
    sources = {"SOURCES": json.dumps([str(source)]), "ALERTS__LEAST": "info"}
    with listening() as told:
        stack = Stack(folder / "home", environment(folder / "home", told.address, **ports, **known, **sources), told)
        try:
            stack.wait()
            yield stack
        finally:
            stack.end()


def newest_window() -> datetime:
    """The end of the newest that is over."""
    return floored(datetime.now(UTC) - timedelta(hours=6), WEEK)


def send_again(stack: Stack, times: int) -> None:
    """The event of the decision, which the monitor has sent once, as others on the same decision."""
    asked = {"filter": {"event": {"prefix": ["trimtab.decision."]}}, "limit": 1}
    until(lambda: stack.ask("events/filter", asked)["events"], SECONDS)
    event = stack.ask("events/filter", asked)["events"][0]
    for _ in range(times):
        stack.ask("events", [event | {"id": str(uuid4()), "occurred": datetime.now(UTC).isoformat()}])


def live_through(stack: Stack) -> None:
    """The first version; then the monitor alone is started, and what follows follows by itself; at last a rollback."""
    since = newest_window() - SERVED
    stack.complete("ingest/forum")
    stores = stack.stores
    version = tiny_lake.train(stores, tiny_lake.MODEL, since)
    promote(stores.registry, stores.ledger, NAME, version, at=since, actor="ana", reason="The first version.")
    stack.complete("release/all")  # from here on what happens is news
    stack.complete(f"score/{NAME}")
    stack.complete(f"monitor/{NAME}")
    decided = stores.ledger.entries(NAME, "decision")[-1]
    assert decided.evidence["action"] == "retrain", decided.reason
    send_again(stack, 4)
    until(lambda: stores.ledger.entries(NAME, "acted"), SECONDS)
    until(lambda: not stack.unfinished(), SECONDS)
    stack.command("rollback", NAME, "--reason", REASON)
    stack.complete("release/all")
