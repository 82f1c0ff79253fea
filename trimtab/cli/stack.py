"""`trimtab up`."""

import os
from pathlib import Path

import click

from trimtab.cli.main import cli, settings_of


@cli.command()
@click.argument("sources", nargs=-1, type=click.Path(path_type=Path))
@click.pass_context
def up(context: click.Context, sources: tuple[Path, ...]) -> None:
    """Start everything on this machine: flows on schedule, their servers, the scoring API and the status page.

    The data of each SOURCE.yaml are ingested on schedule too. Ends all of it on Ctrl+C and SIGTERM.
    """
    settings = settings_of(context)
    from infra.up import Stack
    from trimtab.source import load

    given = tuple(path.absolute() for path in (*settings.sources, *sources))
    for path in given:
        load(path)  # a slip is found now, not at the first tick
    settings = settings.model_copy(update={"sources": tuple(dict.fromkeys(given))})
    if not Stack(settings, dict(os.environ), os.getpid(), _say).run():
        context.exit(1)


def _say(line: str) -> None:
    click.echo(line)
