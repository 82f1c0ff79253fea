"""`trimtab up` and `trimtab doctor`."""

import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trimtab.cli.main import cli, json_option, now, settings_of
from trimtab.errors import SettingsError

if TYPE_CHECKING:
    from trimtab.settings import Settings


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
    """A terminal or pipe that is gone does not end what runs."""
    with suppress(OSError):
        click.echo(line)


@cli.command()
@json_option
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Check installation, stores, ports, clock, schedules and models, and say what to do. Only looks.

    Exits with 1 if something is wrong.
    """
    settings, trouble = _settings_or_defaults(context)
    from infra.doctor.examine import examine, fit
    from infra.doctor.finding import Case

    found = []
    for finding in examine(Case(settings, now(), dict(os.environ), trouble)):
        found.append(finding)
        if not as_json:
            click.echo(str(finding))
    if as_json:
        click.echo(json.dumps({"fit": fit(found), "findings": [asdict(each) for each in found]}, indent=2))
    if not fit(found):
        context.exit(1)


def _settings_or_defaults(context: click.Context) -> "tuple[Settings, str | None]":
    """Settings, and what is wrong with them; then all but `home` is at its default. Makes no folder."""
    from trimtab import settings
    from trimtab.quiet import SILENCE

    for name, value in SILENCE.items():
        os.environ.setdefault(name, value)
    try:
        found, trouble = settings.load(context.obj), None
    except SettingsError as error:
        home = context.obj or Path(os.environ.get("TRIMTAB_HOME", ".trimtab"))
        found, trouble = settings.Settings.model_construct(home=home.expanduser().resolve()), str(error)
    os.environ.setdefault("PREFECT_HOME", str(found.home / "prefect"))
    return found, trouble
