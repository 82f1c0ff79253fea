"""`trimtab serve`: holds the socket, starts the workers on it, starts again those that die, and stops them together."""

import shutil
import signal
import socket
from collections.abc import Callable
from secrets import token_hex
from threading import Event
from time import monotonic
from types import FrameType

from models.serve import presence
from models.serve.address import listen, url_of
from models.serve.children import Child
from trimtab.errors import SettingsError
from trimtab.settings import Settings

LOOK_SECONDS = 0.2
FLUSH_SECONDS = 15  # to write what is left of the log, once requests have ended
SHARED = ("PROMETHEUS_MULTIPROC_DIR", "PROMETHEUS_MULTIPROCESS_DIR")  # the folder's name in prometheus_client and Feast


def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. Raises SettingsError for an address that must not or cannot be listened on."""
    with listen(settings.serving) as listening:
        presence.sweep(settings.home)
        Server(settings, listening, say).run()


class Server:
    """The process that a person starts."""

    def __init__(self, settings: Settings, listening: socket.socket, say: Callable[[str], None]) -> None:
        self.settings, self.listening, self.say = settings, listening, say
        self.id = token_hex(3)
        self.figures = presence.folder(settings.home) / (self.id + presence.FIGURES)
        self.workers: dict[int, Child] = {}
        self.freshener: Child | None = None
        self.stopping = Event()

    def run(self) -> None:
        before = {each: signal.signal(each, self._stop) for each in (signal.SIGTERM, signal.SIGINT)}
        self.figures.mkdir(parents=True, exist_ok=True)
        try:
            self._start()
            while not self.stopping.wait(LOOK_SECONDS):
                self._look()
        finally:
            self._end()
            for each, handler in before.items():
                signal.signal(each, handler)

    def _start(self) -> None:
        home, serving, socket_number = self.settings.home, self.settings.serving, self.listening.fileno()
        for number in range(1, serving.workers + 1):
            command = ["serve-worker", "--socket", str(socket_number), "--server", self.id, "--number", str(number)]
            figures = dict.fromkeys(SHARED, str(self.figures))
            self.workers[number] = Child(f"Worker {number}", home, command, [socket_number], figures)
        if serving.refresh_minutes:
            self.freshener = Child("The process that refreshes features", home, ["serve-features"], [], {})
        workers = "1 worker" if serving.workers == 1 else f"{serving.workers} workers"
        where = url_of(self.listening)
        self.say(f"Serving on {where} with {workers} (server {self.id}). Docs: {where}/docs. Stop with Ctrl+C.")

    def _look(self) -> None:
        """Start again what has died."""
        for number, worker in self.workers.items():
            if worker.status is None:
                continue
            self._forget(number, worker)
            if worker.hopeless:
                raise SettingsError(f"{worker.name} died again and again within a minute; see what it said above.")
            self._revive(worker)
        if self.freshener is not None and self.freshener.status is not None and not self.freshener.hopeless:
            self._revive(self.freshener)

    def _revive(self, child: Child) -> None:
        self.say(f"{child.name} died (status {child.status}) and is started again.")
        child.start()

    def _forget(self, number: int, worker: Child) -> None:
        presence.remove(self.settings.home, self.id, number)
        for file in self.figures.glob(f"gauge_live*_{worker.process.pid}.db"):
            file.unlink(missing_ok=True)

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        self.stopping.set()

    def _end(self) -> None:
        """Ask every process to end, and end what does not."""
        children = [*self.workers.values(), *([self.freshener] if self.freshener else [])]
        for child in children:
            child.ask_to_end()
        deadline = monotonic() + self.settings.serving.stop_seconds + FLUSH_SECONDS
        for child in children:
            child.end(deadline - monotonic())
        for number in self.workers:
            presence.remove(self.settings.home, self.id, number)
        shutil.rmtree(self.figures, ignore_errors=True)
