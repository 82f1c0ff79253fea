"""Commands that only look: status, history, decisions, quarantine."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trimtab.cli.main import MOMENT, as_of_option, cli, json_option, now, settings_of

if TYPE_CHECKING:  # what is imported here is waited for by --help
    from trimtab.entry import Entry


@cli.command()
@json_option
@click.pass_context
def status(context: click.Context, as_json: bool) -> None:
    """For each model: what serves, since when, why, and the last decision."""
    settings = settings_of(context)
    from models.by_hand import look
    from models.stores import Stores
    from monitoring import status as reading

    stores = Stores(settings)
    look(stores.registry, stores.ledger, stores.models, at=now())
    found = reading.status(stores, now())
    click.echo(json.dumps(found, indent=2, default=str) if as_json else "\n".join(reading.lines(found)))


@cli.command()
@click.argument("model", required=False)
@click.option("--limit", default=50, show_default=True, help="Newest entries to show.")
@click.option("--at", "moment", type=MOMENT, help="Say instead which version of MODEL served at that moment.")
@json_option
@click.pass_context
def history(context: click.Context, model: str | None, limit: int, moment: datetime | None, as_json: bool) -> None:
    """The ledger: decisions, gates, reviews, alias moves and refusals, oldest first."""
    settings = settings_of(context)
    from dataclasses import asdict

    from models.catalog import load_models, pick
    from trimtab.ledger import Ledger

    ledger = Ledger(settings.ledger_path)
    if model is not None:
        pick(load_models(settings.models), model)
    if moment is not None:
        if model is None:
            raise click.UsageError("--at needs a MODEL: trimtab history MODEL --at MOMENT.")
        move = ledger.served_at(model, moment)
        told = json.dumps(asdict(move) if move else None, indent=2, default=str)
        click.echo(told if as_json else _served(model, moment, move))
        return
    entries = ledger.entries(model=model, limit=limit)
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in entries], indent=2, default=str))
    else:
        click.echo("\n".join(str(entry) for entry in entries) or "Nothing has been decided yet.")


def _served(model: str, moment: datetime, move: "Entry | None") -> str:
    """What was live, as a sentence."""
    when = f"{moment:%Y-%m-%d %H:%M}"
    if move is None:
        return f"No {model} served at {when}: none had been promoted by then."
    since = f"{move.at:%Y-%m-%d %H:%M}{' or earlier' if move.kind == 'moved_by_hand' else ''}"
    who = f"{move.what} by {move.actor}: {move.reason}"
    if move.version is None:
        return f"No {model} served at {when}, since {since}; {who}."
    before = f" in place of {move.previous}" if move.previous else ""
    return f"{model} {move.version} served at {when}, since {since}{before}; {who}"


@cli.command()
@click.argument("model")
@as_of_option
@click.option("--limit", default=20, show_default=True, help="Newest decisions to show; all of them are summed up.")
@json_option
@click.pass_context
def decisions(context: click.Context, model: str, as_of: datetime | None, limit: int, as_json: bool) -> None:
    """Was each past decision on MODEL worth it? Judged by the labels that came after it, newest first."""
    settings = settings_of(context)
    from models.stores import Stores
    from monitoring import verdicts
    from monitoring.bench import bench_of

    stores, moment = Stores(settings), as_of or now()
    spec = stores.model(model)
    judged: tuple[verdicts.Judged, ...] = ()
    if stores.ledger.entries(spec.name, "decision", limit=1):
        stores.refresh_features(moment)
        judged = verdicts.judge_decisions(bench_of(stores, spec, moment))
    said = verdicts.summary(spec.name, judged)
    shown = judged[: max(limit, 0)]
    if as_json:
        told = {"summary": said, "decisions": [each.plain() for each in shown]}
        click.echo(json.dumps(told, indent=2, default=str))
    else:
        click.echo("\n".join([*verdicts.lines(shown), said]))


@cli.group()
def quarantine() -> None:
    """Rows and batches that were refused at the door."""


@quarantine.command("list")
@json_option
@click.pass_context
def list_quarantine(context: click.Context, as_json: bool) -> None:
    """What is held, newest last."""
    settings = settings_of(context)
    from dataclasses import asdict

    from monitoring.quarantine import Quarantine
    from trimtab.lake import Lake

    found = Quarantine(Lake(settings.lake_path)).entries()
    if as_json:
        click.echo(json.dumps([asdict(held) for held in found], indent=2, default=str))
    else:
        click.echo("\n".join(str(held) for held in found) or "Nothing is held.")


@quarantine.command("show")
@click.argument("quarantine_id")
@click.pass_context
def show_quarantine(context: click.Context, quarantine_id: str) -> None:
    """One row or batch with its reason and the raw rows."""
    settings = settings_of(context)
    from monitoring.quarantine import Quarantine
    from trimtab.lake import Lake

    for held in Quarantine(Lake(settings.lake_path)).show(quarantine_id):
        click.echo(str(held))
        click.echo(json.dumps(held.rows, indent=2, default=str, ensure_ascii=False))


@quarantine.command("replay")
@click.argument("quarantine_id")
@click.option("--source", type=click.Path(path_type=Path), required=True, help="The YAML that the rows came by.")
@click.option("--force", is_flag=True, help="Take the rows in even where the batch still looks wrong.")
@click.pass_context
def replay_quarantine(context: click.Context, quarantine_id: str, source: Path, force: bool) -> None:
    """Run held rows through the door again, after the mapping or the data was mended."""
    settings = settings_of(context)
    from monitoring.door import Door
    from monitoring.readmission import replay
    from trimtab.authors import Authors
    from trimtab.lake import Lake
    from trimtab.source import load

    door = Door(Lake(settings.lake_path), Authors.of(settings.home), settings.ingest, now())
    click.echo(str(replay(door, load(source), [quarantine_id], force)))


@quarantine.command("lift")
@click.argument("model")
@click.option("--window-end", type=MOMENT, required=True, help="End of the window that was decided to be broken.")
@click.option("--reason", required=True, help="Why its data is fit after all; kept in the ledger.")
@click.pass_context
def lift_quarantine(context: click.Context, model: str, window_end: datetime, reason: str) -> None:
    """Let MODEL learn again from a window that a decision kept out of training."""
    settings = settings_of(context)
    from models.blocked import lift
    from models.catalog import load_models, pick
    from trimtab.ledger import Ledger

    name = pick(load_models(settings.models), model).name
    window = lift(Ledger(settings.ledger_path), name, window_end, at=now(), actor="command line", reason=reason)
    click.echo(f"{name} learns again from {window}; reason kept in the ledger: {reason}")
