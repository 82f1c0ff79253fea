"""Before the app: who may ask, and how much. Around it: how long an answer took, and which versions it was on."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from pydantic_core import to_json

from models.serve.live import Generation, Live
from models.serve.metrics import Metrics

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
OPEN = ("/healthz", "/readyz")  # probes carry no key
PATHS = (*OPEN, "/v1/score", "/v1/models", "/metrics", "/docs", "/openapi.json")
TAKEN = "trimtab.generation"  # in the scope: what the request was answered from
BODY_SECONDS = 30


class Gate:
    """An ASGI app around another."""

    def __init__(self, app: App, live: Live, metrics: Metrics, *, key: str, most_bytes: int) -> None:
        self._app, self._live, self._metrics = app, live, metrics
        self._key, self._most_bytes = key.encode(), most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = perf_counter(), 500

        async def noted(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._answer(scope, receive, noted)
        finally:
            taken: Generation | None = scope.get(TAKEN)
            if taken is not None:
                self._live.give_back(taken)
            path = scope["path"] if scope["path"] in PATHS else "other"
            self._metrics.requests.labels(path, status).inc()
            self._metrics.seconds.labels(path).observe(perf_counter() - started)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        if self._key and scope["path"] not in OPEN and not self._knows(headers):
            await refuse(send, 401, "This server wants its API key in the header X-API-Key.")
            return
        if scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        body = await self._body(headers, receive, send)
        if body is not None:
            await self._app(scope, _replay(body, receive), send)

    def _knows(self, headers: dict[bytes, bytes]) -> bool:
        return hmac.compare_digest(headers.get(b"x-api-key", b""), self._key)

    async def _body(self, headers: dict[bytes, bytes], receive: Receive, send: Send) -> bytes | None:
        """The whole body; None where the request was refused, or the client went."""
        told = headers.get(b"content-length", b"")
        try:
            if told.isdigit() and int(told) > self._most_bytes:
                raise OverflowError
            async with asyncio.timeout(BODY_SECONDS):
                return await self._read(receive)
        except OverflowError:
            sentence = f"The request is larger than {self._most_bytes:,} bytes; send fewer posts at a time."
            await refuse(send, 413, sentence, close=True)
        except TimeoutError:
            await refuse(send, 408, f"The request did not arrive within {BODY_SECONDS} s; send it again.", close=True)
        return None

    async def _read(self, receive: Receive) -> bytes | None:
        parts, size = [], 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._most_bytes:
                raise OverflowError
            if not message.get("more_body", False):
                return b"".join(parts)


async def refuse(send: Send, status: int, sentence: str, close: bool = False) -> None:
    """One sentence as the whole answer; `close` where the rest of the request is not wanted."""
    headers = [(b"content-type", b"application/json")] + [(b"connection", b"close")] * close
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": to_json({"error": sentence})})


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once more, then whatever comes."""
    left = [body]

    async def replayed() -> MutableMapping[str, Any]:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return replayed
