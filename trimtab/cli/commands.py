"""Commands that do something. Each flow command runs that very Prefect flow."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trimtab.cli.main import MOMENT, as_of_option, cli, now, settings_of

if TYPE_CHECKING:  # pydantic takes longer to import than --help may
    from trimtab.settings import Settings

HERE = click.Path(path_type=Path)
CARRIED_OUT = "trimtab up runs on this home and carries it out."
POLICIES = "never,calendar:28d,evidently-default,performance,budgeted,oracle"


def _settings_for(context: click.Context, model: str) -> "Settings":
    """Settings, once it is sure that there is such a model: said at once, not after a server has started."""
    settings = settings_of(context)
    from models.catalog import load_models, pick

    pick(load_models(settings.models), model)
    return settings


@cli.command()
@click.argument("folder", type=HERE)
@click.option("--days", default=120, show_default=True, help="Length of the stream.")
@click.option("--posts-per-day", default=300, show_default=True, help="Usual volume.")
@click.option("--start", type=MOMENT, default="2024-01-01", show_default=True, help="First day.")
@click.option("--seed", default=0, show_default=True, help="Same seed, same bytes.")
@click.option("--incident", "incidents", multiple=True, metavar="KIND@DATE[:key=value,...]", help="Repeatable.")
def simulate(
    folder: Path, days: int, posts_per_day: int, start: datetime, seed: int, incidents: tuple[str, ...]
) -> None:
    """Write a seeded stream of posts, counts and labels to FOLDER, with a source.yaml beside them."""
    from simulator.incidents import parse_all
    from simulator.world import World
    from simulator.write import write

    world = World(start=start.date(), days=days, posts_per_day=posts_per_day, seed=seed)
    source = write(folder, world, parse_all(incidents))
    click.echo(f"Wrote {days} days to {folder}. Next: trimtab ingest {source}")


@cli.command()
@click.argument("source", type=HERE)
@as_of_option
@click.pass_context
def ingest(context: click.Context, source: Path, as_of: datetime | None) -> None:
    """Check the files of SOURCE.yaml and take them into the lake. Twice adds nothing."""
    settings = settings_of(context)
    from trimtab.source import load

    load(source)  # a slip in the YAML is said at once, not after a server has started
    from flows.ingest import ingest as flow
    from flows.session import prefect_session

    with prefect_session(settings.home):
        summary = flow(source=str(source), home=str(settings.home), as_of=as_of or now())
    click.echo(summary["sentence"])
    if summary["batches_quarantined"]:
        context.exit(3)


@cli.command()
@click.argument("model")
@as_of_option
@click.option("--reason", default="asked for by hand", show_default=True, help="Why; kept with the version.")
@click.pass_context
def train(context: click.Context, model: str, as_of: datetime | None, reason: str) -> None:
    """Train a challenger of MODEL and promote it if it beats the champion on the same fresh rows."""
    settings = _settings_for(context, model)
    from flows.session import prefect_session
    from flows.train import train as flow

    with prefect_session(settings.home):
        click.echo(flow(model=model, home=str(settings.home), as_of=as_of or now(), reason=reason)["sentence"])


@cli.command()
@click.argument("model")
@click.option("--from", "start", type=MOMENT, required=True, help="Score posts first known from here on.")
@click.option("--to", "end", type=MOMENT, help="And before here (default: now).")
@click.pass_context
def score(context: click.Context, model: str, start: datetime, end: datetime | None) -> None:
    """Score posts with MODEL's champion, on the features that were known when each post was."""
    settings = _settings_for(context, model)
    from flows.score import score as flow
    from flows.session import prefect_session

    with prefect_session(settings.home):
        click.echo(flow(model=model, start=start, end=end or now(), home=str(settings.home))["sentence"])


@cli.command()
@click.argument("model")
@as_of_option
@click.option("--act", "acts", is_flag=True, help="Carry the decision out too: retrain, recalibrate, or roll back.")
@click.pass_context
def monitor(context: click.Context, model: str, as_of: datetime | None, acts: bool) -> None:
    """Judge the window that ends at --as-of: quality, drift, performance, and one decision."""
    settings = _settings_for(context, model)
    from flows.act import act
    from flows.monitor import monitor as flow
    from flows.session import prefect_session

    moment, home = as_of or now(), str(settings.home)
    with prefect_session(settings.home):
        decided = flow(model=model, as_of=moment, home=home)
        click.echo(decided["sentence"])
        if decided["waits"]:
            click.echo(decided["waits"])
        if not acts and is_carried_out(settings.home, decided["action"]):
            click.echo(CARRIED_OUT)
        if acts and (outcome := act(model, home, moment, decided["ledger_id"])):
            click.echo(outcome["sentence"])


def is_carried_out(home: Path, action: str | None) -> bool:
    """Whether a runner takes up what was decided, whoever asked."""
    from monitoring.due import ACTIONS
    from trimtab import addresses

    return action in ACTIONS and addresses.started(home) is not None


@cli.command()
@click.argument("model")
@as_of_option
@click.option("--reason", default="asked for by hand", show_default=True, help="Why; kept in the ledger.")
@click.pass_context
def retrain(context: click.Context, model: str, as_of: datetime | None, reason: str) -> None:
    """Retrain MODEL once for this moment: single-flight, and the same request twice does it once."""
    settings = _settings_for(context, model)
    from flows.retrain import retrain as flow
    from flows.session import prefect_session

    with prefect_session(settings.home):
        result = flow(model=model, home=str(settings.home), as_of=as_of or now(), policy="by-hand", reason=reason)
    click.echo(result["sentence"])


@cli.command()
@click.argument("source", type=HERE)
@click.option("--model", required=True)
@click.option("--start", type=MOMENT, required=True)
@click.option("--end", type=MOMENT, required=True)
@click.option("--step", default="7d", show_default=True, help="Length of a window: 12h, 7d, 2w.")
@click.option("--policy", default="budgeted", show_default=True, help="never, calendar:28d, performance, budgeted ...")
@click.option("--report", type=HERE, required=True, help="JSON file to write.")
@click.pass_context
def replay(
    context: click.Context,
    source: Path,
    model: str,
    start: datetime,
    end: datetime,
    step: str,
    policy: str,
    report: Path,
) -> None:
    """Run the loop over the past data of SOURCE.yaml, day by day as it was known, and report what it did."""
    settings = settings_of(context)
    from flows.replay import replay as run
    from trimtab.cli.progress import bar
    from trimtab.windows import duration

    draft = _draft(report)
    with bar("Replaying") as progress:
        found = run(settings, source, model, start, end, duration(step), policy, as_of=now(), progress=progress)
    draft.write_text(json.dumps(found, indent=2, default=str), encoding="utf-8")
    draft.replace(report)
    click.echo(found["sentence"])


@cli.command()
@click.argument("source", type=HERE)
@click.option("--model", required=True)
@click.option("--start", type=MOMENT, required=True)
@click.option("--end", type=MOMENT, required=True)
@click.option("--step", default="1d", show_default=True, help="Length of a window: 12h, 1d, 2w.")
@click.option("--policies", default=POLICIES, show_default=True, help="To compare, with commas between them.")
@click.option("--report", type=HERE, required=True, help="JSON file to write.")
@click.option("--picture", type=HERE, help="PNG file to write (default: beside the report).")
@click.pass_context
def backtest(
    context: click.Context,
    source: Path,
    model: str,
    start: datetime,
    end: datetime,
    step: str,
    policies: str,
    report: Path,
    picture: Path | None,
) -> None:
    """Live the past of SOURCE.yaml through under each policy, and recommend one. The oracle knows what came."""
    settings = settings_of(context)
    from flows.backtest import backtest as run
    from trimtab.cli.comparison import table
    from trimtab.cli.progress import bar
    from trimtab.windows import duration

    picture = picture or report.with_suffix(".png")
    if picture == report:
        raise click.BadParameter(f"{picture} is the report; name another file.", param_hint="--picture")
    asked = [name.strip() for name in policies.split(",") if name.strip()]
    for place, option in ((report, "--report"), (picture, "--picture")):
        _draft(place, option).unlink()
    with bar("Backtest") as progress:
        about = (settings, source, model, start, end, duration(step), asked, report, picture)
        found = run(*about, as_of=now(), progress=progress)
    click.echo(table(found))
    click.echo(found["sentence"])
    click.echo(f"Report: {report}. Picture: {picture}. Also in MLflow, experiment '{found['model']} backtest'.")


def _draft(report: Path, option: str = "--report") -> Path:
    """A place beside the file to write: one that cannot be written to is said now, not after minutes of work."""
    if report.is_dir():
        raise click.BadParameter(f"{report} is a folder; name the file to write.", param_hint=option)
    report.parent.mkdir(parents=True, exist_ok=True)
    draft = report.with_name(f".{report.name}.part")
    draft.touch()
    return draft


@cli.command()
@click.option("--weeks", default=13, show_default=True, help="Length of the simulated stream.")
@click.option("--posts-per-day", default=150, show_default=True)
@click.pass_context
def demo(context: click.Context, weeks: int, posts_per_day: int) -> None:
    """Watch the whole loop work on a simulated stream, from the first post to a rollback."""
    settings = settings_of(context)
    from flows.demo import demo as run

    run(settings, weeks=weeks, posts_per_day=posts_per_day)
