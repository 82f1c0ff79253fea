"""Commands about releases: what can be shown of them, and what a person says to them."""

import getpass
import json
from time import monotonic
from typing import TYPE_CHECKING, Literal

import click

from trimtab.cli.following import follow, wait_options
from trimtab.cli.main import cli, json_option, now, settings_of

if TYPE_CHECKING:  # what is imported here is waited for by --help
    from models.stores import Stores
    from trimtab.entry import Entry

Kind = Literal["approved", "refused"]


@cli.command()
@click.option("--noted", metavar="ID:HASH", help="An entry that was noted elsewhere, as an earlier verify printed it.")
@json_option
@click.pass_context
def verify(context: click.Context, noted: str | None, as_json: bool) -> None:
    """Is the ledger as it was written? Exits with 1 and names the first entry that does not fit."""
    settings = settings_of(context)
    from dataclasses import asdict

    from trimtab.chain import Head
    from trimtab.ledger import Ledger

    found = Ledger(settings.ledger_path).verify(Head.parse(noted) if noted else None)
    if as_json:
        click.echo(json.dumps(asdict(found) | {"whole": found.whole, "sentence": str(found)}, indent=2, default=str))
    else:
        click.echo(str(found), err=not found.whole)
    if not found.whole:
        context.exit(1)


@cli.command()
@click.argument("model")
@click.option("--reason", required=True, help="Why; kept in the ledger.")
@click.option("--to", "version", help="This version instead of the previous champion.")
@wait_options
@click.pass_context
def rollback(context: click.Context, model: str, reason: str, version: str | None, wait: float, no_wait: bool) -> None:
    """Put MODEL's previous champion back, and see that it serves. Exits with 1 where a server has not followed."""
    settings = settings_of(context)
    from models.promotion import rollback as put_back
    from models.stores import Stores

    stores = Stores(settings)
    name = _trained(stores, model)
    at, began = now(), monotonic()
    bad, good = put_back(stores.registry, stores.ledger, name, at=at, actor="command line", reason=reason, to=version)
    move = stores.ledger.entries(name, "rolled_back", limit=1)[0]
    click.echo(f"{name} {good} is champion again in place of {bad}; reason kept in the ledger: {move.reason}")
    follow(settings, move, began, 0 if no_wait else wait)


@cli.command()
@click.argument("model")
@click.argument("version")
@json_option
@click.pass_context
def reproduce(context: click.Context, model: str, version: str, as_json: bool) -> None:
    """Make VERSION of MODEL again from its data of then: the same, byte for byte? Exits with 1 where it is not."""
    settings = settings_of(context)
    from models.reproduce import reproduce as make_again
    from models.stores import Stores

    stores = Stores(settings)
    found = make_again(stores, stores.model(model), version, at=now(), actor="command line")
    if as_json:
        click.echo(json.dumps(found.plain() | {"sentence": str(found)}, indent=2, default=str))
    else:
        click.echo("\n".join([*found.lines(), str(found)]))
    if not found.exact:
        context.exit(1)


@cli.command()
@click.argument("model")
@click.argument("version")
@click.option("--reason", required=True, help="Why; kept in the ledger and on the version's page.")
@click.option("--by", help="Who says so (default: your name on this machine).")
@wait_options
@click.pass_context
def approve(
    context: click.Context, model: str, version: str, reason: str, by: str | None, wait: float, no_wait: bool
) -> None:
    """Promote VERSION of MODEL, which waits for review, and see that it serves.

    Exits with 1 where what was reviewed cannot be promoted, or a server has not followed.
    """
    ended, began = _say(context, "approved", model, version, reason, by)
    settings = settings_of(context)
    from models.moves import last_move
    from trimtab.ledger import Ledger

    move = last_move(Ledger(settings.ledger_path), ended.model)
    if move is not None and move.version == ended.version:  # else it has left since: an approval may be said twice
        follow(settings, move, began, 0 if no_wait else wait)


@cli.command()
@click.argument("model")
@click.argument("version")
@click.option("--reason", required=True, help="Why; kept in the ledger and on the version's page.")
@click.option("--by", help="Who says so (default: your name on this machine).")
@click.pass_context
def refuse(context: click.Context, model: str, version: str, reason: str, by: str | None) -> None:
    """End the wait of VERSION of MODEL; the champion stays."""
    _say(context, "refused", model, version, reason, by)


@cli.command()
@click.argument("model", required=False)
@click.pass_context
def release(context: click.Context, model: str | None) -> None:
    """Carry out what people said in MLflow of versions that wait: the tick, to be run every few minutes."""
    settings = settings_of(context)
    from flows.release import release as flow
    from flows.session import prefect_session
    from models.catalog import load_models, pick

    if model is not None:
        pick(load_models(settings.models), model)
    with prefect_session(settings.home):
        click.echo(flow(model=model, home=str(settings.home), as_of=now())["sentence"])


def _say(
    context: click.Context, kind: Kind, model: str, version: str, reason: str, by: str | None
) -> "tuple[Entry, float]":
    """How the review ended, and when that was decided, by time.monotonic."""
    settings = settings_of(context)
    from models.review import say
    from models.stores import Stores
    from models.waiting import outcome
    from models.word import Word

    stores = Stores(settings)
    word = Word(kind, by or _user(), reason)
    name, began = _trained(stores, model), monotonic()
    ended = say(stores.registry, stores.ledger, name, version, word, at=now())
    click.echo(outcome(ended))
    return ended, began


def _trained(stores: "Stores", model: str) -> str:
    """The name of a model that has a version. Opens the registry, before the time is taken."""
    from trimtab.errors import UnknownModel

    name = stores.model(model).name
    if name not in stores.registry.names():
        raise UnknownModel.untrained(name)
    return name


def _user() -> str:
    """The name of who runs the command, as the system knows it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in a container
        return "somebody at the command line"
