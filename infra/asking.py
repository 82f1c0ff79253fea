"""Short questions over HTTP to what runs on this machine, past any proxy."""

import json
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

_direct = build_opener(ProxyHandler({}))


def answers(url: str, seconds: float) -> bool:
    """Whether it says 200 within so long."""
    try:
        with _direct.open(url, timeout=seconds) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False


def ask(url: str, seconds: float, body: dict[str, Any] | None = None) -> Any:
    """The JSON that it answers, to a POST where there is a `body`. Raises OSError or ValueError."""
    data = None if body is None else json.dumps(body).encode()
    with _direct.open(Request(url, data, {"Content-Type": "application/json"}), timeout=seconds) as answer:  # noqa: S310
        return json.loads(answer.read())
