"""One worker as a process: uvicorn on a socket that it was handed."""

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

from models.serve.app import create_app
from models.serve.presence import address_of
from models.serve.worker import ServingWorker
from models.stores import Stores
from trimtab.settings import Settings

SWITCH_SECONDS = 0.0005  # between threads: a look at the registry must not hold up an answer for Python's usual 5 ms


def run(settings: Settings, descriptor: int, server: str, number: int, now: Callable[[], datetime]) -> None:
    """Serve until SIGTERM or SIGINT, or until the server that started this is gone."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format=f"%(asctime)s worker {number}: %(message)s")
    logging.getLogger("trimtab.serve").setLevel(logging.INFO)
    logging.getLogger("feast").setLevel(logging.CRITICAL)
    warnings.simplefilter("ignore")  # of libraries, to their developers
    sys.setswitchinterval(SWITCH_SECONDS)
    listening = socket.socket(fileno=descriptor)
    worker = ServingWorker(Stores(settings), server, number, address_of(listening), now)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    uvicorn_server(worker).run(sockets=[listening])


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
            timeout_graceful_shutdown=seconds,
        )
    )


def _end_with(parent: int) -> None:
    """A server that was killed cannot stop its workers; they stop when it is gone."""
    while os.getppid() == parent:
        sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
