"""`trimtab serve`: holds the socket, starts the workers on it, starts again those that die, and stops them together."""

import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from secrets import token_hex
from threading import Event
from time import monotonic
from types import FrameType

from models.serve import presence
from trimtab.errors import SettingsError
from trimtab.settings import Serving, Settings

BACKLOG = 2048
LOOK_SECONDS = 0.2
MOST_STARTS, WITHIN_SECONDS = 5, 60  # of one worker: one that cannot live is not started for ever
START = "from trimtab.cli import main; main()"
# One thread a worker: workers share the cores, and threads of LightGBM cost a single post more than they give.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
SHARED = "PROMETHEUS_MULTIPROC_DIR"


@dataclass
class Child:
    """One worker's process, and when it was started."""

    number: int
    process: subprocess.Popen[bytes]
    starts: list[float] = field(default_factory=list)


def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. Raises SettingsError for an address that must not or cannot be listened on."""
    listening = listen(settings.serving)
    presence.sweep(settings.home)
    with listening:
        Server(settings, listening, say).run()


def listen(serving: Serving) -> socket.socket:
    """A socket on host and port."""
    if not _loopback(serving.host) and not (serving.api_key and serving.api_key.get_secret_value()):
        raise SettingsError(
            f"{serving.host} can be reached from other machines and no API key is set; set "
            "TRIMTAB_SERVING__API_KEY, or listen on 127.0.0.1."
        )
    family = socket.AF_INET6 if ":" in serving.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((serving.host, serving.port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"{serving.host}:{serving.port} cannot be listened on ({error.strerror or error}); choose another --port."
        ) from error
    return listening


class Server:
    """The process that a person starts."""

    def __init__(self, settings: Settings, listening: socket.socket, say: Callable[[str], None]) -> None:
        self.settings, self.listening, self.say = settings, listening, say
        self.id = token_hex(3)
        self.figures = settings.home / "serving" / f"{self.id}-figures"
        self.children: list[Child] = []
        self.stopping = Event()

    def run(self) -> None:
        before = {each: signal.signal(each, self._stop) for each in (signal.SIGTERM, signal.SIGINT)}
        self.figures.mkdir(parents=True, exist_ok=True)
        try:
            self.children = [self._start(number, []) for number in range(1, self.settings.serving.workers + 1)]
            self._announce()
            while not self.stopping.wait(LOOK_SECONDS):
                self._look()
        finally:
            self._end()
            for each, handler in before.items():
                signal.signal(each, handler)

    def _announce(self) -> None:
        count = self.settings.serving.workers
        workers = "1 worker" if count == 1 else f"{count} workers"
        where = presence.address_of(self.listening)
        self.say(f"Serving on {where} with {workers} (server {self.id}). Docs: {where}/docs. Stop with Ctrl+C.")

    def _start(self, number: int, starts: list[float]) -> Child:
        command = [sys.executable, "-c", START, "--home", str(self.settings.home), "serve-worker"]
        command += ["--socket", str(self.listening.fileno()), "--server", self.id, "--number", str(number)]
        environment = {**ENVIRONMENT, **os.environ, SHARED: str(self.figures)}
        # A group of its own: Ctrl+C reaches this process, which lets the workers end what they are at.
        process = subprocess.Popen(command, env=environment, pass_fds=[self.listening.fileno()], process_group=0)
        return Child(number, process, [*starts, monotonic()])

    def _look(self) -> None:
        """Start again what has died."""
        for at, child in enumerate(self.children):
            status = child.process.poll()
            if status is None:
                continue
            self._forget(child)
            recent = [moment for moment in child.starts if moment > monotonic() - WITHIN_SECONDS]
            if len(recent) >= MOST_STARTS:
                raise SettingsError(
                    f"Worker {child.number} died {len(recent)} times in a minute; see what it said above."
                )
            self.say(f"Worker {child.number} died (status {status}) and is started again.")
            self.children[at] = self._start(child.number, recent)

    def _forget(self, child: Child) -> None:
        presence.remove(self.settings.home, self.id, child.number)
        for file in self.figures.glob(f"gauge_live*_{child.process.pid}.db"):
            file.unlink(missing_ok=True)

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        self.stopping.set()

    def _end(self) -> None:
        """Ask every worker to end, and end what does not."""
        for child in self.children:
            if child.process.poll() is None:
                child.process.terminate()
        deadline = monotonic() + self.settings.serving.stop_seconds + 15
        for child in self.children:
            try:
                child.process.wait(max(deadline - monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
            presence.remove(self.settings.home, self.id, child.number)
        shutil.rmtree(self.figures, ignore_errors=True)


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
