"""`trimtab settings`."""

import click

from trimtab.cli.main import cli, settings_of


@cli.command()
@click.option("--changed", is_flag=True, help="Only what is not at its default.")
@click.option("--markdown", "as_page", is_flag=True, help="Print the reference of every setting instead.")
@click.pass_context
def settings(context: click.Context, changed: bool, as_page: bool) -> None:
    """Show every setting in force; a star marks what is not at its default."""
    found = settings_of(context)
    from trimtab import reference

    click.echo(reference.markdown(found).rstrip() if as_page else reference.text(found, changed))
