"""The processes that a server starts: workers, uvicorn on a socket that they were handed, and one for the features."""

import logging
import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable
from datetime import datetime
from time import sleep

import uvicorn

from models.serve.address import url_of
from models.serve.app import create_app
from models.serve.freshen import keep_fresh
from models.serve.worker import ServingWorker
from models.stores import Stores
from trimtab.settings import Settings

SWITCH_SECONDS = 0.0005  # between threads: a look at the registry must not hold up an answer for Python's usual 5 ms

IDLE_SECONDS = 75  # that a connection is kept for the next request; a client must not find it closed while it sends


def run_worker(settings: Settings, descriptor: int, server: str, number: int, now: Callable[[], datetime]) -> None:
    """Serve until SIGTERM or SIGINT, or until the server that started this is gone."""
    _prepare(f"worker {number}")
    sys.setswitchinterval(SWITCH_SECONDS)
    listening = socket.socket(fileno=descriptor)
    worker = ServingWorker(Stores(settings), server, number, url_of(listening), now)
    uvicorn_server(worker).run(sockets=[listening])


def run_freshener(settings: Settings, now: Callable[[], datetime]) -> None:
    """Keep the online store at the present until SIGTERM, or until the server that started this is gone."""
    _prepare("features")
    os.nice(10)  # answers come first
    enough = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: enough.set())
    keep_fresh(Stores(settings), now, lambda: enough.wait(60 * settings.serving.refresh_minutes))


def _prepare(name: str) -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format=f"%(asctime)s {name}: %(message)s")
    logging.getLogger("trimtab.serve").setLevel(logging.INFO)
    logging.getLogger("feast").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")  # of libraries, to their developers
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def uvicorn_server(worker: ServingWorker) -> uvicorn.Server:
    """The app of a worker in uvicorn, silent but for what goes wrong."""
    seconds = int(max(worker.settings.serving.stop_seconds, 1))
    return uvicorn.Server(
        uvicorn.Config(
            create_app(worker),
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=seconds,
        )
    )


def _end_with(parent: int) -> None:
    """A server that was killed cannot stop its workers; they stop when it is gone."""
    while os.getppid() == parent:
        sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
