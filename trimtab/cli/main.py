"""The group, its errors and its edge: here, and only here, the clock and the environment are read."""

import os
import sys
import traceback
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trimtab.errors import TrimtabError

if TYPE_CHECKING:  # pydantic takes longer to import than --help may
    from trimtab.settings import Settings

UNEXPECTED = 70  # EX_SOFTWARE of sysexits.h


class Moment(click.ParamType):
    """A date or an ISO 8601 moment; UTC where no zone is given."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        from trimtab.windows import utc

        return value if isinstance(value, datetime) else utc(str(value))


MOMENT = Moment()
as_of_option = click.option("--as-of", type=MOMENT, help="See only what was known by then (default: now).")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--home", type=click.Path(path_type=Path), help="Folder of every store (TRIMTAB_HOME; default .trimtab).")
@click.version_option(package_name="trimtab")
@click.pass_context
def cli(context: click.Context, home: Path | None) -> None:
    """Retraining that can be trusted.

    The journey: ingest -> train -> score -> monitor -> retrain, or rollback.
    """
    context.obj = home


def settings_of(context: click.Context) -> "Settings":
    """Settings read once, and the frameworks told to keep quiet before any of them is imported."""
    from trimtab import settings
    from trimtab.quiet import silence

    found = settings.load(context.obj)
    os.environ["TRIMTAB_HOME"] = str(found.home)  # for the flows' own processes
    silence(os.environ, found.home)
    return found


def now() -> datetime:
    return datetime.now(UTC)


# Modules that register themselves.
COMMANDS = ("alerts", "commands", "configured", "init", "looking", "page", "releases", "runner", "serving", "stack")


def register() -> None:
    """Have every module of commands put its own into `cli`."""
    for name in COMMANDS:
        import_module(f"trimtab.cli.{name}")


def main() -> None:
    """Run a command and leave with its exit code; whatever goes wrong ends in one sentence and a non-zero exit."""
    register()
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)  # click returns the code of a command that called exit
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except TrimtabError as error:
        _stop(str(error), 1)
    except (KeyboardInterrupt, click.exceptions.Abort):
        _stop("Interrupted; what was committed is kept, and the same command goes on from there.", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        _stop(f"{error.strerror or error}{where}. Put it right and run the command again.", 1)
    except Exception as error:  # noqa: BLE001 - the last door: a person must not meet a stack dump
        _stop(
            f"Unexpected {type(error).__name__}: {_first_line(error)} The whole trace is in {_keep_trace()}.",
            UNEXPECTED,
        )


def _stop(sentence: str, code: int) -> None:
    click.echo(f"trimtab: {sentence}", err=True)
    sys.exit(code)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no message."])[0]


def _keep_trace() -> Path:
    home = Path(os.environ.get("TRIMTAB_HOME", ".trimtab"))
    path = home / "trace.log"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            log.write(f"{now():%Y-%m-%d %H:%M:%S} {' '.join(sys.argv)}\n{traceback.format_exc()}\n")
    except OSError:
        return Path(os.devnull)
    return path
