"""A serving worker in this process, asked over real HTTP."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx

from models.promotion import promote
from models.serve.address import url_of
from models.serve.process import uvicorn_server
from models.serve.worker import ServingWorker
from models.stores import Stores
from tests import tiny_stores
from trimtab.settings import Serving, Settings

MODELS = ("tests.tiny_model",)
POST = {
    "post_id": "reddit:p1",
    "platform": "reddit",
    "topic": "cats",
    "author": "ana",
    "text": "Look at this great cat!",
}


def now() -> datetime:
    return datetime.now(UTC)


def home_with_versions(home: Path, champion: str | None = "1") -> Stores:
    """Three versions of `tiny`, one of them champion."""
    home.mkdir(parents=True, exist_ok=True)
    registry = tiny_stores.with_versions(home / "mlflow")
    stores = Stores(Settings(home=home, models=MODELS))
    stores.registry = registry
    if champion is not None:
        move(stores, champion)
    return stores


def move(stores: Stores, version: str) -> None:
    promote(stores.registry, stores.ledger, "tiny", version, at=now(), actor="test", reason="Because.")


@dataclass
class Served:
    """One worker and a client of it."""

    worker: ServingWorker
    client: httpx.Client
    log: list[str] = field(default_factory=list)

    def score(self, *posts: dict[str, Any], **more: Any) -> httpx.Response:
        return self.client.post("/v1/score", json={"posts": list(posts or [POST]), **more})

    def first(self, *posts: dict[str, Any], **more: Any) -> dict[str, Any]:
        """The first score of the first post."""
        answer = self.score(*posts, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()["posts"][0]["scores"][0]

    def ready(self) -> dict[str, Any]:
        return self.client.get("/readyz").json()

    def acks(self) -> list[tuple[str | None, int]]:
        """(version, move) of the acknowledgements, from old to new."""
        found = self.worker.follower.ledger.entries("tiny", "acknowledged")
        return [(entry.version, entry.evidence["move"]) for entry in found]


@contextmanager
def serving(home: Path, models: tuple[str, ...] = MODELS, wait: bool = True, **options: Any) -> Iterator[Served]:
    """A worker over `home`, which polls twenty times a second; ended as SIGTERM ends it."""
    given = {"poll_seconds": 0.05, "log_seconds": 0.1, "registry_seconds": 5.0, **options}
    settings = Settings(home=home, models=models, serving=Serving(**given))
    listening = socket.create_server(("127.0.0.1", 0))
    worker = ServingWorker(Stores(settings), "test", 1, url_of(listening), now)
    server = uvicorn_server(worker)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    key = settings.serving.api_key
    headers = {"X-API-Key": key.get_secret_value()} if key else {}
    try:
        with httpx.Client(base_url=worker.address, timeout=30, headers=headers) as client:
            served = Served(worker, client)
            until(lambda: server.started)
            if wait:
                until(lambda: served.ready()["ready"])
            yield served
    finally:
        server.should_exit = True
        thread.join(timeout=20)


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that is to come by itself."""
    end = monotonic() + seconds
    while not true():
        assert monotonic() < end, "It did not come."
        sleep(0.01)


def away(path: Path) -> Path:
    """Take a folder or file away; returns where it lies now."""
    hidden = path.with_name(f"{path.name}.away")
    shutil.move(path, hidden)
    return hidden
