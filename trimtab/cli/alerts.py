"""The command about alerts: is everybody reached?"""

import click

from trimtab.cli.main import cli, now, settings_of
from trimtab.errors import SettingsError


@cli.command()
@click.option("--test", "test", is_flag=True, help="Send a test to every receiver and say which took it.")
@click.pass_context
def alert(context: click.Context, test: bool) -> None:
    """Send the alerts that are due, or a test; exits with 1 where a receiver did not take it."""
    settings = settings_of(context)
    if not (settings.alerts.urls or settings.alerts.blocks):
        raise SettingsError(
            "No receiver of alerts is set, so nobody is told; name one with TRIMTAB_ALERTS__URLS (as apprise writes "
            "addresses) or TRIMTAB_ALERTS__BLOCKS (Prefect blocks, as type/name)."
        )
    from contextlib import nullcontext

    from flows.session import prefect_session
    from flows.tell import send, try_out
    from models.stores import Stores

    with prefect_session(settings.home) if settings.alerts.blocks else nullcontext():  # blocks are kept by the server
        if test:
            answers = try_out(settings, now())
        else:
            sent = send(Stores(settings), now())
            click.echo(sent.sentence)  # why one did not take it is in the log, as it is for a flow
            context.exit(1 if sent.failed else 0)
    for name, why in answers.items():
        click.echo(f"{name} {why or 'took it'}", err=why is not None)
    if any(answers.values()):
        context.exit(1)
