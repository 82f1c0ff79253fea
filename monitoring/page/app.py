"""The page over HTTP, for this machine alone: `/`, `/status.json`, `/reports/...`, `/healthz`. It only reads."""

import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from models.stores import Stores
from monitoring.page.render import Drawings, refused, render
from monitoring.status import status
from trimtab.errors import TrimtabError

log = logging.getLogger("trimtab.page")
HOSTS = ["127.0.0.1", "localhost"]  # a page elsewhere must not read ours by a name of its own
OURS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
THEIRS = OURS | {  # a report runs its own scripts, reaches nothing, and has none of the rights of the page's origin
    "Content-Security-Policy": "sandbox allow-scripts allow-downloads; default-src 'none'; "
    "script-src 'unsafe-inline' 'unsafe-eval' blob:; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "worker-src blob:; base-uri 'none'; frame-ancestors 'none'"
}


@dataclass
class Seen:
    """The newest status, kept for as long as the stores say the same, and a minute at most."""

    stores: Stores
    now: Callable[[], datetime]
    drawings: Drawings = field(default_factory=Drawings)
    _lock: Lock = field(default_factory=Lock)
    _mark: object = None
    _found: dict[str, Any] = field(default_factory=dict)
    _page: str = ""

    def look(self) -> tuple[dict[str, Any], str]:
        """(status, page) of now."""
        with self._lock:
            now = self.now()
            mark = (fingerprint(self.stores), f"{now:%Y-%m-%d %H:%M}")
            if mark != self._mark:
                self._found = status(self.stores, now)
                self._page = render(self._found, now, self.drawings)
                self._mark = mark
            return self._found, self._page


def fingerprint(stores: Stores) -> tuple[object, ...]:
    """What changes when the status does: the newest entry, what came in, and every write to the registry."""
    newest = [entry.hash for entry in stores.ledger.entries(limit=1)]
    lake = tuple(stores.lake.version(table) for table in ("posts", "labels", "quarantine"))
    database = stores.registry.store.database
    files = (database, database.with_name(f"{database.name}-wal"), stores.settings.home / "up.json")
    return (*newest, lake, *(_stamp(path) for path in files))


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def create_app(stores: Stores, now: Callable[[], datetime]) -> FastAPI:
    """The app; it has looked once before it answers, since the first look imports MLflow."""
    seen = Seen(stores, now)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(_answer, seen, lambda found, page: None)
        yield

    app = FastAPI(title="trimtab status", lifespan=life, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)
    _routes(app, seen)
    _errors(app, now)
    return app


def _routes(app: FastAPI, seen: Seen) -> None:
    @app.get("/", response_model=None)
    def page() -> Any:
        return _answer(seen, lambda found, page: HTMLResponse(page, headers=OURS))

    @app.get("/status.json", response_model=None)
    def as_json() -> Any:
        def told(found: dict[str, Any], page: str) -> Response:
            return Response(plain(found), media_type="application/json", headers=OURS)

        return _answer(seen, told, as_json=True)

    @app.get("/healthz")
    def health() -> JSONResponse:
        return JSONResponse({"status": "alive"})

    @app.get("/reports/{model}/{name}")
    def report(model: str, name: str) -> Response:
        path = report_at(seen.stores.settings.reports_path, model, name)
        if path is None:
            raise HTTPException(404, "There is no such report")
        return Response(path.read_bytes(), media_type="text/html; charset=utf-8", headers=THEIRS)


def report_at(reports: Path, model: str, name: str) -> Path | None:
    """The page of a window, and nothing else that lies below or beside the reports."""
    try:
        folder = (reports / model).resolve()
        path = (folder / name).resolve()
        inside = folder.parent == reports.resolve() and path.parent == folder
        return path if inside and path.suffix == ".html" and path.is_file() else None
    except (OSError, ValueError):  # a name that no file can have: too long, or with a zero byte
        return None


def plain(found: dict[str, Any]) -> str:
    """As `trimtab status --json` prints it."""
    return json.dumps(found, indent=2, default=str)


def _answer(seen: Seen, told: Callable[[dict[str, Any], str], Any], as_json: bool = False) -> Any:
    """What the stores say, or why they cannot be read, as a sentence with 503; in JSON its key is `error`."""
    try:
        return told(*seen.look())
    except TrimtabError as error:
        sentence = str(error)
    except Exception as error:  # noqa: BLE001 - a person must not meet a stack dump
        log.exception("The status could not be read.")
        sentence = f"The status could not be read ({type(error).__name__}); the log of this page has the reason."
    if as_json:
        return JSONResponse({"error": sentence}, 503, headers=OURS)
    return HTMLResponse(refused(sentence, seen.now()), 503, headers=OURS)


def _errors(app: FastAPI, now: Callable[[], datetime]) -> None:
    @app.exception_handler(HTTPException)
    async def not_there(_: object, error: HTTPException) -> HTMLResponse:
        return HTMLResponse(refused(f"{error.detail}.", now()), error.status_code, headers=OURS)
