"""The HTTP surface: routes, and errors as one sentence each."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from models.serve.gate import TAKEN, App, Gate
from models.serve.schemas import Post, Refusal, ScoreAnswer, ScoreRequest
from models.serve.worker import ServingWorker
from trimtab.errors import TrimtabError, hint
from trimtab.settings import Serving

log = logging.getLogger("trimtab.serve")
ABOUT = """Scores of posts by the versions that the registry calls `champion`.

Every answer names the version that made it, and whether it knew the momentum of author, topic and link."""
KEY = {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "The body cannot be read"},
    401: {"model": Refusal, "description": "No or another API key"},
    404: {"model": Refusal, "description": "No such model"},
    413: {"model": Refusal, "description": "Too many bytes or posts"},
    422: {"model": Refusal, "description": "Not what this API takes"},
    503: {"model": Refusal, "description": "No version is loaded yet"},
}


class Refused(Exception):
    """A request that is answered with a status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def create_app(worker: ServingWorker) -> App:
    """The app of one worker, which starts and stops with it."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        await worker.start()
        yield
        await worker.stop()

    app = FastAPI(title="trimtab", description=ABOUT, version="1", lifespan=life, redoc_url=None)
    serving = worker.settings.serving
    _routes(app, worker)
    _errors(app, serving)
    _described(app)
    key = serving.api_key.get_secret_value() if serving.api_key else ""
    return Gate(app, worker.live, worker.metrics, key=key, most_bytes=serving.most_bytes)


def _routes(app: FastAPI, worker: ServingWorker) -> None:
    @app.post("/v1/score", response_model=ScoreAnswer, responses=REFUSALS, summary="Score one post or many")
    async def score(asked: ScoreRequest, request: Request) -> Response:
        _within(asked, worker)
        generation = request.scope[TAKEN] = worker.live.take()
        names = _named(asked, worker, list(generation.bundles))
        bundles = [generation.bundles[name] for name in names]
        return Response(await worker.score(asked.posts, bundles, asked.explain), media_type="application/json")

    @app.get("/v1/models", summary="What serves")
    async def models() -> dict[str, Any]:
        return {"models": worker.models()}

    @app.get("/healthz", summary="Whether the process lives")
    async def health() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", summary="Whether every model with a champion is loaded", responses={503: {}})
    async def ready() -> JSONResponse:
        found = worker.readiness()
        return JSONResponse(found, 200 if found["ready"] else 503)

    @app.get("/metrics", summary="Figures for Prometheus", response_class=Response)
    async def metrics() -> Response:
        return Response(worker.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _described(app: FastAPI) -> None:
    """The key in the description: the gate asks for it, before FastAPI."""
    told = app.openapi()
    told["components"]["securitySchemes"] = KEY
    told["security"] = [{"key": []}, {}]


def _within(asked: ScoreRequest, worker: ServingWorker) -> None:
    if too_many := _too_many(len(asked.posts), asked.explain, worker.settings.serving):
        raise Refused(413, too_many)


def _too_many(posts: int, explain: bool, serving: Serving) -> str | None:
    """The sentence that refuses so many posts; None where they are taken."""
    most = serving.most_explained if explain else serving.most_posts
    what = " with reasons" if explain else ""
    return (
        f"{posts:,} posts were sent; one request takes at most {most:,}{what}. Send several." if posts > most else None
    )


def _too_many_of(error: RequestValidationError, serving: Serving) -> str | None:
    """The same, of a body that was refused for its posts before it became a request."""
    for each in error.errors():
        if each["type"] == "too_long" and each["loc"] == ("body", "posts"):
            return _too_many(len(error.body["posts"]), error.body.get("explain") is True, serving)
    return None


def _named(asked: ScoreRequest, worker: ServingWorker, loaded: list[str]) -> list[str]:
    """Models to ask, each once."""
    names = list(dict.fromkeys(asked.models or loaded))
    unknown = [name for name in names if name not in worker.follower.models]
    if unknown:
        known = ", ".join(worker.follower.models)
        found = hint(unknown[0], worker.follower.models)
        raise Refused(404, f"No model is called '{unknown[0][:100]}'.{found} Known: {known}.")
    if not names or set(names) - set(loaded):
        absent = ", ".join(name for name in names if name not in loaded) or "any model"
        raise Refused(503, f"No version of {absent} is loaded; /readyz says why.")
    return names


def _errors(app: FastAPI, serving: Serving) -> None:
    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return JSONResponse({"error": str(error)}, error.status)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        if too_many := _too_many_of(error, serving):
            return JSONResponse({"error": too_many}, 413)
        return JSONResponse({"error": sentence_of(error)}, 422)

    @app.exception_handler(HTTPException)
    async def plain(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": f"{error.detail}."}, error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def failed(_: Request, error: Exception) -> JSONResponse:
        told = str(error) if isinstance(error, TrimtabError) else "The server failed; its log has the reason."
        return JSONResponse({"error": told}, 500)


def sentence_of(error: RequestValidationError) -> str:
    """The first thing that is wrong with a body, where it is and what was wanted."""
    first = error.errors()[0]
    place = [part for part in first["loc"] if part != "body"]
    if first["type"] == "json_invalid":
        return f"The body is not JSON: {first['ctx']['error']} at character {place[0]}."
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")
    if first["type"] == "extra_forbidden":
        known = Post.model_fields if len(place) > 1 else ScoreRequest.model_fields
        return f"'{where[:200]}' is not a field.{hint(str(place[-1]), known)} Known: {', '.join(known)}."
    said = str(first["msg"]).removeprefix("Value error, ")
    return f"{where or 'The body'}: {said[:1].lower()}{said[1:]}."
