"""What runs by itself: one description of every deployment, from the settings alone.

Flows look up what is due, so a schedule says only when to look: a run too many does nothing, and a run that was missed
is made good by the next. Schedules are UTC.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.responses import DeploymentResponse
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Interval, Schedule
from prefect.types.entrypoint import EntrypointType

from models.catalog import load_models
from monitoring.due import FIRST_MONDAY
from trimtab import source
from trimtab.errors import SettingsError
from trimtab.settings import Settings

TAG = "trimtab"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WAITS: Literal["ENQUEUE"] = "ENQUEUE"  # a run that finds another of its deployment waits for its turn
YIELDS: Literal["CANCEL_NEW"] = "CANCEL_NEW"  # or leaves the work to the other, which finds it due as well


@dataclass(frozen=True)
class Plan:
    """A deployment: which flow, about what, how often and when in the hour. `every` None: started by others."""

    flow: str
    subject: str
    about: str
    every: timedelta | None = None
    offset: timedelta = timedelta()
    parameters: dict[str, Any] = field(default_factory=dict)
    collision: Literal["ENQUEUE", "CANCEL_NEW"] = YIELDS

    @property
    def name(self) -> str:
        return f"{self.flow}/{self.subject}"

    @property
    def entrypoint(self) -> str:
        """Of a module, never of a file: a file whose import fails is deployed all the same."""
        return f"flows.{self.flow}.{self.flow}"

    @property
    def tags(self) -> list[str]:
        return [TAG, self.flow, *([self.subject] if "model" in self.parameters else [])]

    @property
    def schedule(self) -> Schedule | None:
        if self.every is None:
            return None
        return Interval(self.every, anchor_date=FIRST_MONDAY + self.offset, timezone="UTC", slug=self.flow)

    def load(self) -> Flow[..., Any]:
        return getattr(import_module(f"flows.{self.flow}"), self.flow)


def plans(settings: Settings) -> tuple[Plan, ...]:
    """Every deployment of a home; SettingsError or SourceError where one cannot be made."""
    home = str(settings.home)
    found = [
        *_of_sources(settings, home),
        *(plan for model in load_models(settings.models) for plan in _of_model(settings, model, home)),
        *_of_all(settings, home),
    ]
    names = [plan.name for plan in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError(f"{twice[0]} is there twice; give each source in TRIMTAB_SOURCES a name of its own.")
    return tuple(found)


def deployment(plan: Plan) -> RunnerDeployment:
    """As Prefect takes it; one run of a deployment at a time."""
    limit = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy(plan.collision))
    made = RunnerDeployment.from_flow(
        plan.load(),
        name=plan.subject,
        description=plan.about,
        schedule=plan.schedule,
        parameters=plan.parameters,
        tags=plan.tags,
        concurrency_limit=limit,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    # Said, though it is usual: a deployment that infra/prefect.yaml had given to a work pool comes back.
    made.work_pool_name = made.work_queue_name = None
    return made


def as_paused(made: RunnerDeployment, kept: DeploymentResponse | None) -> RunnerDeployment:
    """What a person paused on the server, the deployment or its schedule, stays so when it is put in place anew."""
    if kept is not None:
        active = {schedule.slug: schedule.active for schedule in kept.schedules}
        told = [each.model_copy(update={"active": active.get(each.slug, True)}) for each in made.schedules or []]
        made.schedules, made.paused = told, kept.paused
    return made


def _of_sources(settings: Settings, home: str) -> Iterable[Plan]:
    every = settings.schedules.ingest_minutes * MINUTE
    for path in settings.sources:
        whole = Path(path).expanduser().resolve()
        name, about = source.load(whole).name, "Takes in what the files of the source hold and did not hold before."
        yield Plan("ingest", name, about, every, parameters={"source": str(whole), "home": home})


def _of_model(settings: Settings, model: str, home: str) -> Iterable[Plan]:
    """Late enough for what comes in late; one after the other, since they need the same cores."""
    known, delay = settings.schedules, settings.schedules.delay_minutes * MINUTE
    told: dict[str, Any] = {"parameters": {"model": model, "home": home}}
    yield Plan(
        "score", model, "Scores the posts that were not scored yet.", known.score_minutes * MINUTE, delay, **told
    )
    often = min(settings.monitoring.window_days * DAY, DAY)  # a window whose run failed does not wait for the next
    about = "Judges the windows that are over and were not judged: one decision each, in the ledger."
    yield Plan("monitor", model, about, often, delay + 10 * MINUTE, **told)
    about = "Holds a new champion against the version before it, on the labels that came."
    yield Plan("watch", model, about, known.watch_hours * timedelta(hours=1), delay + 20 * MINUTE, **told)
    about = "Retrains a champion past its age limit, where the monitor has not looked at it."
    yield Plan("stale", model, about, known.stale_days * DAY, delay + 25 * MINUTE, **told)
    about = "Carries the newest decision out, once. An automation starts it when the decision is made."
    yield Plan("act", model, about, collision=WAITS, **told)
    about = "Trains a challenger, judges it, and promotes or refuses it. By hand."
    asked = told | {"parameters": told["parameters"] | {"policy": "by-hand"}}
    yield Plan("retrain", model, about, collision=WAITS, **asked)


def _of_all(settings: Settings, home: str) -> Iterable[Plan]:
    known = settings.schedules
    about = "Has the online store hold the features of now."
    every = known.materialise_minutes * MINUTE
    yield Plan("materialise", "features", about, every, 15 * MINUTE, {"home": home})
    about = "The tick: what people said in MLflow, and decisions that were not carried out when they were made."
    yield Plan("release", "all", about, known.release_minutes * MINUTE, 5 * MINUTE, {"home": home, "decisions": True})
