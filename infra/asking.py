"""Short questions over HTTP to what runs on this machine, past any proxy."""

import json
from base64 import b64encode
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

_direct = build_opener(ProxyHandler({}))


def answers(url: str, seconds: float, excuse: str | None = None) -> bool:
    """Whether it says 200 within so long, or an error that holds the words of `excuse`."""
    try:
        with _direct.open(url, timeout=seconds) as answer:
            return bool(answer.status == 200)
    except HTTPError as error:
        return excuse is not None and excuse.encode() in error.read()
    except (OSError, ValueError, HTTPException):
        return False


def ask(url: str, seconds: float, body: dict[str, Any], headers: Mapping[str, str]) -> Any:
    """The JSON that a POST of `body` is answered with. Raises OSError or ValueError."""
    asked = Request(url, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})  # noqa: S310
    with _direct.open(asked, timeout=seconds) as answer:
        return json.loads(answer.read())


def credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """The header that Prefect's own client would send, from the variables that it reads."""
    if key := environ.get("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    if pair := environ.get("PREFECT_API_AUTH_STRING"):
        return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
    return {}
