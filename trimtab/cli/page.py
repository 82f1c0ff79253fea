"""`trimtab page`."""

import click

from trimtab.cli.main import cli, now, settings_of


@cli.command()
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="0 takes a free one (TRIMTAB_UP__PAGE_PORT; default 8720)."
)
@click.pass_context
def page(context: click.Context, port: int | None) -> None:
    """The status page, on this machine alone: what serves, how well, what was decided and why."""
    settings = settings_of(context)
    from monitoring.page.server import serve

    serve(settings, settings.up.page_port if port is None else port, now, click.echo)
