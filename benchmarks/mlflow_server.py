"""`mlflow models serve` on a version of ours, for as long as a block lasts."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from socket import create_server
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from benchmarks.server_process import START_SECONDS, STOP_SECONDS, environment
from models.stores import Stores


@contextmanager
def mlflow_served(stores: Stores, model: str, version: str, workers: int) -> Iterator[tuple[str, psutil.Process]]:
    """Its address and its process, once it answers. One thread a worker, as ours."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["--model-uri", f"models:/{model}/{version}", "--env-manager", "local", "--host", "127.0.0.1"]
    words += ["--port", str(port), "--workers", str(workers)]
    uri = stores.registry.store.uri
    variables = environment(OMP_NUM_THREADS="1", MLFLOW_TRACKING_URI=uri, MLFLOW_REGISTRY_URI=uri)
    log = stores.settings.home / "mlflow-serve.log"
    with log.open("wb") as printed:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "models", "serve", *words],
            stdout=printed, stderr=printed, env=variables, start_new_session=True,
        )  # fmt: skip
    try:
        _until_up(f"http://127.0.0.1:{port}/ping", process)
        yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # uvicorn and its workers are in the same group
        process.wait(STOP_SECONDS)


def _until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.3)
    raise RuntimeError("`mlflow models serve` did not come up; mlflow-serve.log below the home says why.")
