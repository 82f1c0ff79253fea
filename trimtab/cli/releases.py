"""Commands about releases: what can be shown of them, and what a person says to them."""

import json

import click

from trimtab.cli.main import cli, json_option, now, settings_of


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
