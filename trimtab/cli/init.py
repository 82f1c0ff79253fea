"""`trimtab init`: from a file of posts to a source YAML."""

import os
import re
import shlex
from collections.abc import Sequence
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trimtab.cli.main import cli, now

if TYPE_CHECKING:  # pandas and pydantic take longer to import than --help may
    from trimtab.cli.sniff import Sniffed
    from trimtab.cli.survey import Survey
    from trimtab.proposing.proposal import About, Proposal
    from trimtab.source import Source

HERE = click.Path(path_type=Path)
YAML = (".yaml", ".yml")
TO_LOOK_AT = 3  # as of an ingest that quarantined a batch: done, and a person should look


@cli.command()
@click.argument("file", type=HERE)
@click.option("-o", "--output", type=HERE, help="YAML file to write (default: beside FILE).")
@click.option("--platform", help="Where the posts are from, if no column says so; it becomes part of every id.")
@click.option("--timezone", help="IANA zone of clock times that state none, such as Europe/Berlin (default: UTC).")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="MEANING=COLUMN",
    help="As you know it; repeatable. MEANING= for none.",
)
@click.option("--force", is_flag=True, help="Write over a YAML that is there.")
@click.pass_context
def init(
    context: click.Context,
    file: Path,
    output: Path | None,
    platform: str | None,
    timezone: str | None,
    columns: tuple[str, ...],
    force: bool,
) -> None:
    """Look at FILE, propose what its columns mean, and write the source YAML.

    Exits with 3 if the YAML was written but leaves a question to you.
    """
    from trimtab import settings as tree
    from trimtab.cli.proposed import next_steps, table, verdict
    from trimtab.cli.sniff import sniff
    from trimtab.cli.trial import attempt
    from trimtab.proposing.profile import look
    from trimtab.proposing.proposal import Asked
    from trimtab.proposing.propose import propose

    settings, at = tree.load(context.obj), now()
    target = _target(file, output, force)
    asked = Asked(_meanings(columns), _word(platform), _zone(timezone))
    sniffed = sniff(file)
    seen = _survey(file, sniffed)
    sight = look(seen.frame, at, seen.rows, seen.repeated)
    proposal = propose(sight, _about(file, target, sniffed, settings.engagement.horizon_hours), asked)
    source = _write(target, file, proposal, _notes(file, sniffed, seen), force)
    trial = attempt(source.feeds[0], seen.frame, settings.ingest, at)
    click.echo("\n".join([*_notes(file, sniffed, seen), "", table(proposal, sight), ""]))
    click.echo("\n".join(verdict(trial, settings.ingest.bad_share, proposal)))
    asks = [f"  {number}. {question}." for number, question in enumerate(proposal.questions, 1)]
    click.echo("\n".join(["Only you can say:", *asks] if asks else []), nl=bool(asks))
    click.echo(f"Wrote {target}. Read it through, correct what is marked, then:")
    click.echo("\n".join(next_steps(shlex.quote(str(target)), trial, proposal, settings.engagement.count, at)))
    if asks or trial.held_share >= settings.ingest.bad_share:
        context.exit(TO_LOOK_AT)


def _target(file: Path, output: Path | None, force: bool) -> Path:
    """Where to write; said at once if that must not be."""
    target = output or file.with_name(f"{_stem(file)}.yaml")
    if target.is_dir():
        raise click.BadParameter(f"{target} is a folder; name the file to write.", param_hint="--output")
    if target.suffix.lower() not in YAML:
        raise click.BadParameter(f"{target} does not end in .yaml; name the YAML to write.", param_hint="--output")
    if target.exists() and target.samefile(file) if file.exists() else False:
        raise click.BadParameter(f"{target} is the file of posts; name another to write.", param_hint="--output")
    if target.exists() and not force:
        raise click.UsageError(f"{target} is there already; --force writes over it, -o names another.")
    return target


def _stem(file: Path) -> str:
    """The name of a file without `.csv`, `.csv.gz` and the like."""
    from trimtab.files import COMPRESSED

    bare = file.with_suffix("") if file.suffix in COMPRESSED else file
    return bare.stem or "posts"


def _meanings(columns: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for told in columns:
        meaning, mark, column = told.partition("=")
        if not mark:
            raise click.BadParameter(
                f"'{told}' has no '='; write MEANING=COLUMN, such as text=body.", param_hint="--column"
            )
        found.setdefault(meaning.strip(), [])
        found[meaning.strip()] += [column] if column else []
    return found


def _word(platform: str | None) -> str | None:
    if platform is not None and not platform.strip():
        raise click.BadParameter("the platform is blank; name one, such as mastodon.", param_hint="--platform")
    return platform


def _zone(timezone: str | None) -> str | None:
    from zoneinfo import available_timezones

    from trimtab.errors import hint

    if timezone is not None and timezone not in available_timezones():
        near = hint(timezone, available_timezones())
        raise click.BadParameter(f"'{timezone}' is no IANA time zone.{near}", param_hint="--timezone")
    return timezone


def _survey(file: Path, sniffed: "Sniffed") -> "Survey":
    from trimtab.cli.progress import bar
    from trimtab.cli.survey import survey

    with bar("Reading") as progress:
        return survey(file, sniffed, lambda rows: progress(rows, rows, "rows"))


def _about(file: Path, target: Path, sniffed: "Sniffed", horizon_hours: float) -> "About":
    from trimtab.proposing.proposal import About

    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", _stem(file)).strip("_.-") or "posts"
    files = escape(os.path.relpath(file.resolve(), target.parent.resolve()))
    encoding = None if sniffed.encoding == "utf-8" else sniffed.encoding
    doubt = sniffed.doubt if sniffed.doubtful else ""
    return About(name, files, sniffed.form if sniffed.stated else None, encoding, doubt, horizon_hours)


def _notes(file: Path, sniffed: "Sniffed", seen: "Survey") -> list[str]:
    """What was looked at, for the terminal and the head of the YAML."""
    closely = f"all read, 1 in {seen.every:,} looked at closely" if seen.every > 1 else "all looked at closely"
    notes = [f"{file.name}: {sniffed.form}, {sniffed.encoding}, {seen.rows:,} rows, {closely}."]
    if seen.malformed:
        notes.append(f"{seen.malformed:,} lines hold no row and would be held, the first because {seen.why_malformed}.")
    if sniffed.doubt and not sniffed.doubtful:
        notes.append(f"Encoding: {sniffed.doubt}.")
    return notes


def _write(target: Path, file: Path, proposal: "Proposal", notes: list[str], force: bool) -> "Source":
    """The YAML, put in place only once it was read back and found to name the file."""
    from trimtab.files import expand
    from trimtab.proposing.write import text_of
    from trimtab.source import load

    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.part")
    try:
        draft.write_text(text_of(proposal, ["Proposed by `trimtab init`.", *notes]), encoding="utf-8")
        source = load(draft)
        if [each.resolve() for each in expand(source.feeds[0].files, target.parent)] != [file.resolve()]:
            raise click.UsageError(f"{file} cannot be named in a YAML; give it a plainer name.")
        if target.exists() and not force:
            raise click.UsageError(f"{target} is there already; --force writes over it, -o names another.")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return source
