"""`trimtab runner`, which `trimtab up` starts."""

import click

from trimtab.cli.main import cli, settings_of


@cli.command(hidden=True)
@click.pass_context
def runner(context: click.Context) -> None:
    """Serve every deployment of the home to the Prefect server that PREFECT_API_URL names."""
    settings = settings_of(context)
    from flows.runner import serve

    serve(settings, say=lambda line: click.echo(line))
