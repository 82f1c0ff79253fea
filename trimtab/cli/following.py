"""Commands that move `champion` end when the servers have followed."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar

import click

from trimtab.cli.main import now
from trimtab.errors import ServingError

if TYPE_CHECKING:  # pydantic takes longer to import than --help may
    from trimtab.ledger import Entry
    from trimtab.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


def wait_options(command: Command) -> Command:
    """Parameters `wait` (seconds) and `no_wait`."""
    limit = click.FloatRange(min=0, min_open=True)
    wait = click.option("--wait", type=limit, metavar="SECONDS", default=30, show_default=True, help="For servers.")
    return wait(click.option("--no-wait", is_flag=True, help="Do not wait for servers to follow.")(command))


def follow(settings: "Settings", move: "Entry", began: float, seconds: float) -> None:
    """Wait until every worker has acknowledged `move`; ServingError where one has not.

    `began` is when it was decided, by time.monotonic; with `seconds` 0 nothing is waited for.
    """
    if not seconds:
        click.echo("Servers were not waited for; /v1/models of each says what it serves.")
        return
    from models.serve.waiting import Clock, wait
    from trimtab.ledger import Ledger

    clock = Clock(now, lambda: monotonic() - began, sleep)
    try:
        found = wait(settings.home, Ledger(settings.ledger_path), move, seconds, clock)
    except KeyboardInterrupt:
        raise ServingError(
            f"Servers are no longer waited for. {move.model} {move.version} is champion and stays it: "
            "do not run the command again; /v1/models of each server says what it serves."
        ) from None
    if not found.whole:
        raise ServingError(str(found))
    click.echo(str(found))
