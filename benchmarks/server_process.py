"""`trimtab serve` as a person starts it, in a process of its own, for as long as a block lasts."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from models.serve import presence
from models.serve.presence import Worker

ROOT = Path(__file__).parents[1]
START_SECONDS, STOP_SECONDS = 240, 60
COMMAND = [sys.executable, "-c", "from trimtab.cli import main; main()"]


@contextmanager
def served(home: Path, workers: int, **variables: str) -> Iterator[tuple[str, int]]:
    """Address and process of a server on a free port, once every worker has a version of each model with a champion."""
    log = home / "serve.log"
    with log.open("wb") as printed:
        words = ["serve", "--port", "0", "--workers", str(workers)]
        process = subprocess.Popen(
            [*COMMAND, "--home", str(home), *words], stdout=printed, stderr=printed, env=environment(**variables)
        )
    try:
        yield _address(home, workers, process, log), process.pid
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def trimtab(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command at its end."""
    command = [*COMMAND, "--home", str(home), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment(**variables))


def environment(**variables: str) -> dict[str, str]:
    """Ours, with modules of the repository importable and `variables` set; models as a list of modules."""
    return os.environ | {"PYTHONPATH": str(ROOT), "DO_NOT_TRACK": "1"} | variables


def models(*modules: str) -> str:
    """A value for TRIMTAB_MODELS."""
    return json.dumps(modules)


def _address(home: Path, workers: int, process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        there = presence.alive(home, datetime.now(UTC))
        if _ready(there, workers):
            return there[0].address
        time.sleep(0.1)
    raise RuntimeError(f"The server did not come up: {log.read_text(encoding='utf-8')}")


def _ready(there: Sequence[Worker], workers: int) -> bool:
    served = [worker.versions for worker in there]
    return len(served) == workers and all(served) and all(versions.keys() == served[0].keys() for versions in served)
