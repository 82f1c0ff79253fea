"""A real HTTP server in a thread that takes alerts, refuses them, or never answers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


class Listener:
    """`got` holds the bodies that were posted; `answer` is the status it gives, None for silence."""

    def __init__(self, answer: int | None = 200) -> None:
        self.answer, self.got, self.release = answer, [], Event()
        self.got: list[dict[str, Any]]
        self.address = ""

    @property
    def sentences(self) -> list[str]:
        return [body["message"].splitlines()[0] for body in self.got]


@contextmanager
def listening(answer: int | None = 200) -> Iterator[Listener]:
    listener = Listener(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 - as http.server calls it
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if listener.answer is None:
                listener.release.wait(60)
                return
            if listener.answer == 200:
                listener.got.append(json.loads(body))
            self.send_response(listener.answer)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.address = f"127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield listener
    finally:
        listener.release.set()
        server.shutdown()
        server.server_close()
