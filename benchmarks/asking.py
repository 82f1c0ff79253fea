"""Clients in a pool of threads: each asks, reads the whole answer, and asks again."""

import http.client
import json
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Answer:
    """What came back; `version` and `scored_at` are the server's, None where it failed."""

    seconds: float
    failure: str | None
    version: str | None = None
    scored_at: datetime | None = None


class Asking:
    """Asks for the score of one post from `threads` connections at once, from the beginning of the block to its end."""

    def __init__(self, address: str, body: bytes, threads: int) -> None:
        self.host, self.body = urlsplit(address).netloc, body
        self.answers: list[Answer] = []
        self.seconds = 0.0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(threads)]

    def __enter__(self) -> "Asking":
        self._began = time.perf_counter()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.seconds = time.perf_counter() - self._began

    @property
    def failures(self) -> list[str]:
        return [answer.failure for answer in self.answers if answer.failure]

    def _ask(self) -> None:
        connection = http.client.HTTPConnection(self.host, timeout=TIMEOUT_SECONDS)
        while not self._stop.is_set():
            began = time.perf_counter()
            try:
                told = self._once(connection)
            except (OSError, http.client.HTTPException) as error:
                connection.close()  # opened anew by the next request
                told = Answer(0.0, f"{type(error).__name__}: {error}")
            self.answers.append(Answer(time.perf_counter() - began, told.failure, told.version, told.scored_at))
        connection.close()

    def _once(self, connection: http.client.HTTPConnection) -> Answer:
        connection.request("POST", "/v1/score", self.body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            return Answer(0.0, f"{response.status} {body[:200].decode(errors='replace')}")
        told = json.loads(body)
        versions = {score["version"] for post in told["posts"] for score in post["scores"]}
        return Answer(0.0, None, "/".join(sorted(versions)), datetime.fromisoformat(told["scored_at"]))
