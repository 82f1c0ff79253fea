"""`trimtab up`: everything on this machine, from the first port to the last process."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

import filelock

from infra import ports
from infra.parts import parts, wanted_ports
from infra.supervise import Supervisor
from trimtab import addresses
from trimtab.addresses import Addresses
from trimtab.errors import SettingsError
from trimtab.settings import Settings

LOOK_SECONDS, TIDY_SECONDS = 0.2, 30
LOCK = "up.lock"


@dataclass
class Stack:
    """What one `trimtab up` runs. `environ` is what its parts inherit; `say` gets one line at a time."""

    settings: Settings
    environ: Mapping[str, str]
    pid: int
    say: Callable[[str], None]
    asked: int = 0  # times that we were asked to end
    _ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> bool:
        """Run until SIGTERM, SIGINT or SIGHUP; whether every part was kept. One at a time on a home."""
        with _alone(self.settings), self._signals():
            own = not self.environ.get("PREFECT_API_URL")
            chosen = ports.choose(wanted_ports(self.settings, own))
            there = parts(self.settings, chosen, self._prefect_api(chosen))
            for part in there:
                if part.port and part.port.replaced:
                    self.say(part.port.sentence(part.title))
            found = {part.name: part.address for part in there if part.name in Addresses.__dataclass_fields__}
            addresses.write(self.settings.home, Addresses(**{"prefect": self._named_ui(), **found}), self.pid)
            try:
                up = self.settings.up
                return self._keep(
                    Supervisor(there, self.environ, self.settings.home / "logs", up.healthy_seconds, self.say)
                )
            finally:
                addresses.forget(self.settings.home)

    def _keep(self, stack: Supervisor) -> bool:
        began = time.monotonic()
        try:
            stack.start()
            while not stack.settled and not self._ended.wait(LOOK_SECONDS):
                pass
            if not self._ended.is_set():
                self.say("\n".join(table(stack, time.monotonic() - began)))
            while not stack.hopeless and not self._ended.wait(TIDY_SECONDS):
                stack.tidy()
        finally:
            self._stop(stack)
        return not any(keeper.hopeless.is_set() for keeper in stack.keepers.values())

    def _stop(self, stack: Supervisor) -> None:
        self.say("Stopping every part; Ctrl+C again ends them at once.")
        ending = threading.Thread(target=stack.stop, daemon=True)
        asked = self.asked
        ending.start()
        while ending.is_alive() and self.asked == asked:
            ending.join(LOOK_SECONDS)
        stack.kill()
        self.say("All parts have ended.")

    def _prefect_api(self, chosen: Mapping[str, ports.Choice]) -> str:
        named = self.environ.get("PREFECT_API_URL")
        if named:
            self.say(f"PREFECT_API_URL names {named}: no Prefect server is started, and flows run there.")
            return named
        return f"http://{ports.HOST}:{chosen['prefect'].port}/api"

    def _named_ui(self) -> str | None:
        """Of a server that is somebody else's: Prefect serves its UI beside its API."""
        named = self.environ.get("PREFECT_API_URL")
        return named.rstrip("/").removesuffix("/api") if named else None

    @contextmanager
    def _signals(self) -> Iterator[None]:
        which = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        before = {each: signal.signal(each, self._end) for each in which}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _end(self, signum: int, frame: FrameType | None) -> None:
        self.asked += 1
        self._ended.set()


def table(stack: Supervisor, seconds: float) -> list[str]:
    """Each part with its address, the time that it took and its memory."""
    rows = [("part", "address", "healthy after", "memory")]
    sizes = {name: keeper.memory_mb for name, keeper in stack.keepers.items()}
    for name, keeper in stack.keepers.items():
        took = f"{keeper.seconds:.1f} s" if keeper.healthy.is_set() else "not healthy"
        rows.append((keeper.part.title, keeper.part.address or "-", took, f"{sizes[name]:.0f} MB"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    good = "Everything is healthy" if stack.healthy else "The rest is healthy"
    return ["", *lines, f"{good} after {seconds:.0f} s, {sum(sizes.values()):.0f} MB together. Stop with Ctrl+C.", ""]


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    settings.home.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(settings.home / LOCK, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise SettingsError(f"{_who(settings)}; stop that one first, or use another --home.") from error
    try:
        yield
    finally:
        lock.release()


def _who(settings: Settings) -> str:
    started = addresses.started(settings.home)
    if started is None:
        return f"trimtab up is starting or ending already on {settings.home}"
    pid, there = started
    where = there.page or there.prefect or there.score
    return f"trimtab up runs already on {settings.home} (process {pid}, look at {where})"
