"""Processes that a server starts, starts again when they die, and ends."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic

START = "from trimtab.cli import main; main()"
# One thread a process: they share the cores, and threads of LightGBM cost a single post more than they give.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
MOST_STARTS, WITHIN_SECONDS = 5, 60  # one that cannot live is not started for ever


class Child:
    """`trimtab <command>` as a process."""

    def __init__(
        self, name: str, home: Path, command: Sequence[str], sockets: Sequence[int], environment: Mapping[str, str]
    ) -> None:
        self.name, self._sockets = name, tuple(sockets)
        self._command = [sys.executable, "-c", START, "--home", str(home), *command]
        self._environment = {**ENVIRONMENT, **os.environ, **environment}
        self._starts: list[float] = []
        self.start()

    def start(self) -> None:
        """A group of its own: Ctrl+C reaches the server, which lets its children end what they are at."""
        self.process = subprocess.Popen(
            self._command, env=self._environment, pass_fds=self._sockets, process_group=0, stdin=subprocess.DEVNULL
        )
        self._starts = [moment for moment in self._starts if moment > monotonic() - WITHIN_SECONDS] + [monotonic()]

    @property
    def hopeless(self) -> bool:
        return len(self._starts) >= MOST_STARTS

    @property
    def status(self) -> int | None:
        """That it ended with, minus the signal where one ended it; None while it lives."""
        return self.process.poll()

    def ask_to_end(self) -> None:
        if self.status is None:
            self.process.terminate()

    def end(self, seconds: float) -> None:
        """Wait for the end, and at last enforce it."""
        try:
            self.process.wait(max(seconds, 0.1))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
