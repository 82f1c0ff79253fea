"""A Prefect API for the flows of this process."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from prefect.settings import PREFECT_API_URL, temporary_settings

from flows import server
from trimtab import addresses
from trimtab.errors import TrimtabError
from trimtab.guard import LEFT_SECONDS, guarded

START_SECONDS = 120
STOP_SECONDS = 15


@contextmanager
def prefect_session(home: Path) -> Iterator[str]:
    """The API that PREFECT_API_URL names, or that of a `trimtab up` on `home`, or a server of our own.

    Never two servers on one database: both would schedule. Ours stops with us, listens on loopback only and keeps its
    database in home/prefect, so that runs can be looked at afterwards; what it says goes to home/prefect/server.log.
    """
    named = PREFECT_API_URL.value()
    if named:
        yield named
        return
    running = _running(home)
    if running:
        with _told(running):
            yield running
        return
    folder = home / "prefect"
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    process = _start(folder, port)
    url = f"http://127.0.0.1:{port}/api"
    try:
        _wait_until_healthy(url, process, folder / "server.log")
        with _told(url):
            yield url
    finally:
        _stop(process)


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Prefect, in this process, talks to the API at `url`."""
    with temporary_settings({PREFECT_API_URL: url}):
        try:
            yield
        finally:
            _drain()


def _running(home: Path) -> str | None:
    """The API of a `trimtab up` on `home`, if it answers."""
    up = addresses.started(home)
    url = f"{up[1].prefect}/api" if up and up[1].prefect else None
    return url if url and _healthy(url) else None


def _start(folder: Path, port: int) -> subprocess.Popen:
    environ = os.environ | server.environment(folder) | {"PREFECT_UI_ENABLED": "false"}
    with (folder / "server.log").open("ab") as log:
        return subprocess.Popen(
            guarded([*server.command("127.0.0.1", port)], STOP_SECONDS),
            env=environ,
            stdout=log,
            stderr=log,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )


def _wait_until_healthy(url: str, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _healthy(url):
            return
        time.sleep(0.1)
    ended = f"stopped with code {process.returncode}" if process.poll() is not None else "was not ready"
    raise TrimtabError(
        f"The Prefect server {ended} within {START_SECONDS} s of its start; see {log}, or name your own with "
        "PREFECT_API_URL."
    )


def _healthy(url: str) -> bool:
    try:
        with urlopen(f"{url}/health", timeout=5) as answer:  # noqa: S310 - loopback only
            return bool(answer.status == 200)
    except OSError:
        return False


def _drain() -> None:
    # Events and logs are sent in the background: what is not sent before the server stops is lost, loudly.
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (EventsWorker, APILogWorker):
        worker.drain_all(timeout=10)


def _stop(process: subprocess.Popen) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(STOP_SECONDS + LEFT_SECONDS + 5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
