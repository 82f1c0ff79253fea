"""`trimtab serve`."""

import click

from trimtab.cli.main import cli, now, settings_of


@cli.command()
@click.option("--host", help="Address to listen on (TRIMTAB_SERVING__HOST; default 127.0.0.1).")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="0 takes a free one (TRIMTAB_SERVING__PORT; default 8710)."
)
@click.option("--workers", type=click.IntRange(1, 256), help="Processes (TRIMTAB_SERVING__WORKERS; default 1).")
@click.pass_context
def serve(context: click.Context, host: str | None, port: int | None, workers: int | None) -> None:
    """Answer POST /v1/score by the champions, and follow them. Ends cleanly on Ctrl+C and SIGTERM."""
    settings = settings_of(context)
    from models.serve.server import serve as run

    given = {"host": host, "port": port, "workers": workers}
    serving = settings.serving.model_copy(update={name: value for name, value in given.items() if value is not None})
    run(settings.model_copy(update={"serving": serving}), say=click.echo)


@cli.command(hidden=True)
@click.option("--socket", "descriptor", type=int, required=True)
@click.option("--server", required=True)
@click.option("--number", type=int, required=True)
@click.pass_context
def serve_worker(context: click.Context, descriptor: int, server: str, number: int) -> None:
    """One worker of `trimtab serve`, which starts it."""
    settings = settings_of(context)
    from models.serve.process import run_worker

    run_worker(settings, descriptor, server, number, now)


@cli.command(hidden=True)
@click.pass_context
def serve_features(context: click.Context) -> None:
    """The process of `trimtab serve` that keeps online features at the present."""
    settings = settings_of(context)
    from models.serve.process import run_freshener

    run_freshener(settings, now)
