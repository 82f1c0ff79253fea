"""`trimtab page`: the page in uvicorn, on this machine alone."""

import logging
import sys
import warnings
from collections.abc import Callable
from datetime import datetime

import uvicorn

from models.serve.address import listen, url_of
from models.stores import Stores
from monitoring.page.app import create_app
from trimtab.settings import Serving, Settings


def serve(settings: Settings, port: int, now: Callable[[], datetime], say: Callable[[str], None]) -> None:
    """Until SIGTERM or SIGINT. Raises SettingsError where the port is taken."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(asctime)s page: %(message)s")
    warnings.simplefilter("ignore")  # of libraries, to their developers
    with listen(Serving(host="127.0.0.1", port=port)) as listening:
        say(f"The status page is on {url_of(listening)}. Stop with Ctrl+C.")
        app = create_app(Stores(settings), now)
        config = uvicorn.Config(app, lifespan="on", log_config=None, log_level="warning", access_log=False)
        uvicorn.Server(config).run(sockets=[listening])
