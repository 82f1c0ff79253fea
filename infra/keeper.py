"""One part, from its first start to its end: healthy, started again when it dies, given up when it cannot live."""

import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from infra import logs
from infra.asking import answers
from infra.memory import megabytes
from infra.parts import Part
from trimtab.guard import LEFT_SECONDS, descendants, end, guarded, of_session

LOOK_SECONDS, ANSWER_SECONDS = 0.2, 10
BACKOFF_SECONDS = (0.5, 2, 5, 15, 30)  # before each start after a death at once; one more is not made
SETTLED_SECONDS = 60  # a part that lived so long once healthy did not die at once
TAIL_LINES = 5
GUARD_SECONDS = 10  # beyond what its command gets


class Keeper:
    """Keeps `part` running, in a thread of its own, until it is stopped."""

    def __init__(
        self, part: Part, environ: Mapping[str, str], log: Path, healthy_seconds: float, say: Callable[[str], None]
    ) -> None:
        self.part, self.log, self.say = part, log, say
        self.healthy, self.hopeless, self.seconds = threading.Event(), threading.Event(), 0.0
        self.late = threading.Event()  # it lives, and was not healthy in time
        self.tried = threading.Event()  # its first start has come to something, good or bad
        self._environ = {**environ, **part.environment}
        self._patience, self._stopping = healthy_seconds, threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._thread = threading.Thread(target=self._keep, name=part.name, daemon=True)

    def start(self, ready: Callable[[threading.Event], None]) -> None:
        """Begin; `ready` waits until the part's turn to start has come, or its event is set."""
        self._ready = ready
        self._thread.start()

    @property
    def pid(self) -> int | None:
        """Of the guard, below which all of the part's processes are; None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def memory_mb(self) -> float:
        return megabytes(self.pid) if self.pid else 0.0

    def stop(self) -> None:
        """Ask the part to end; it is not started again."""
        self._stopping.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()

    def end(self) -> None:
        """Stop it, wait for its end, and at last enforce it."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join(self.part.stop_seconds + GUARD_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End everything of it at once."""
        self._stopping.set()
        if pid := self.pid:
            end([*descendants(pid), pid], 0)
            self._thread.join(GUARD_SECONDS)

    def _keep(self) -> None:
        self._ready(self._stopping)
        while not self._stopping.is_set():
            settled = self._run()
            self.healthy.clear()
            self._deaths = 1 if settled else self._deaths + 1
            self.tried.set()
            if self._stopping.is_set() or not self._goes_on():
                return

    def _run(self) -> bool:
        """One life; whether it was a long one, once healthy."""
        began = time.monotonic()
        try:
            process = self._process = self._spawn()
        except OSError as error:  # a full disk, or too many processes
            self._ending = f"could not be started ({error})"
            return False
        if self._stopping.is_set():  # asked while it was being started
            process.terminate()
        self._until_healthy(process, began)
        code, well = process.wait(), time.monotonic()
        assert process.stdin is not None
        process.stdin.close()
        end(of_session(process.pid), LEFT_SECONDS)  # nothing, unless somebody killed the guard
        self._ending = _how(code)
        return self.healthy.is_set() and well - began - self.seconds >= SETTLED_SECONDS

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._said = logs.size(self.log)
        with logs.open_log(self.log) as log:
            return subprocess.Popen(
                guarded(self.part.command, self.part.stop_seconds),
                env=self._environ,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _until_healthy(self, process: subprocess.Popen[bytes], began: float) -> None:
        while process.poll() is None and not self._stopping.is_set():
            if self._answers():
                self.seconds = time.monotonic() - began
                self.healthy.set()
                self.tried.set()
                self.late.clear()
                self.say(f"{self._title} is {'back' if self._deaths else 'healthy'} after {self.seconds:.1f} s.")
                return
            if not self.late.is_set() and time.monotonic() - began > self._patience:
                self.late.set()
                self.tried.set()
                self.say(f"{self._title} lives but is not healthy after {self._patience:.0f} s; see {self.log}.")
            self._stopping.wait(LOOK_SECONDS)

    def _answers(self) -> bool:
        if self.part.health:
            return answers(self.part.health, ANSWER_SECONDS, self.part.excuse)
        return self.part.says is None or logs.says(self.log, self.part.says, self._said)

    def _goes_on(self) -> bool:
        """Whether it is started again; waits before."""
        if self._deaths > len(BACKOFF_SECONDS):
            last = "".join(f"\n    {line}" for line in logs.tail(self.log, TAIL_LINES))
            self.say(
                f"{self._title} {self._ending} {self._deaths} times in a row and is given up; last in {self.log}:{last}"
            )
            self.hopeless.set()
            return False
        pause = BACKOFF_SECONDS[self._deaths - 1]
        self.say(f"{self._title} {self._ending} and is started again in {pause:g} s.")
        return not self._stopping.wait(pause)

    @property
    def _title(self) -> str:
        return self.part.title[0].upper() + self.part.title[1:]


def _how(code: int) -> str:
    """The end of a guard's command, in words."""
    if code < 0 or code > 128:
        return f"was ended by signal {abs(code) if code < 0 else code - 128}"
    return f"ended with code {code}"
