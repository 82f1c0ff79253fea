"""The whole loop on a simulated stream, told as a story: real flows, real stores, a virtual calendar."""

import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from flows.act import act
from flows.ingest import ingest
from flows.monitor import monitor
from flows.score import score
from flows.session import prefect_session
from flows.story import Story
from flows.train import train
from models.history import History, load_history, training_period
from models.promotion import promote
from models.stores import Stores
from models.train import train_challenger
from simulator.incidents import parse
from simulator.world import World
from simulator.write import write
from trimtab.errors import SettingsError
from trimtab.settings import Settings
from trimtab.windows import utc

MODELS = ("engagement", "sentiment")
KINDS = ("posts", "engagement", "labels")
START = date(2024, 1, 1)
WEEK = timedelta(days=7)
LEARN_WEEKS = 8
DRIFT_DAY = 58  # the audience moves
UNITS_DAY = 79  # a source counts in thousandths, for a day
MARK = "this-is-a-demo"
ACTS = {
    "retrain": ("Retrain", "cyan"),
    "recalibrate": ("Recalibrate", "cyan"),
    "rollback": ("Roll back", "magenta"),
}


def demo(settings: Settings, *, weeks: int, posts_per_day: int) -> None:
    """Simulate, ingest and train, then live through the remaining weeks; print what happened and where to look."""
    if settings.release.promotion == "review":
        raise SettingsError("The demo waits for nobody; unset TRIMTAB_RELEASE__PROMOTION for it.")
    _clean(settings)
    story = Story(stages=4 + 6 * (weeks - LEARN_WEEKS))
    with story.telling(), prefect_session(settings.home):
        Demo(settings, story, posts_per_day).run(weeks)


class Demo:
    """One telling: what has been delivered so far, and the newest report."""

    def __init__(self, settings: Settings, story: Story, posts_per_day: int) -> None:
        self.settings, self.story, self.posts_per_day = settings, story, posts_per_day
        self.stores, self.home = Stores(settings), str(settings.home)
        self.stream, self.inbox = settings.home / "stream", settings.home / "inbox"
        self.delivered = utc(str(START))
        self.report: Path | None = None

    def run(self, weeks: int) -> None:
        self.simulate(weeks)
        now = self.delivered + LEARN_WEEKS * WEEK
        self.story.heading(f"{LEARN_WEEKS} weeks of history, up to {now:%Y-%m-%d}")
        self.take_in(now)
        for model in MODELS:
            self.train(model, now)
        for number in range(LEARN_WEEKS + 1, weeks + 1):
            now += WEEK
            self.story.heading(f"The week to {now:%Y-%m-%d}")
            self.live_through(now)
            if number == weeks - 1:
                self.release_a_bad_version(now)
        self.story.heading("What is left")
        self.story.versions(self.stores)
        self.story.ledger(self.stores)
        self.story.whereabouts(self.stores, self.report)

    def simulate(self, weeks: int) -> None:
        moved, units = (START + timedelta(days=day) for day in (DRIFT_DAY, UNITS_DAY))
        planted = [parse(f"concept_drift@{moved}"), parse(f"unit_change@{units}:days=1,factor=1000")]
        world = World(start=START, days=7 * weeks, posts_per_day=self.posts_per_day, seed=self.settings.seed)
        with self.story.stage("Simulate a stream") as stage:
            write(self.stream, world, planted)
            text = f"{weeks} weeks; from {moved} the audience moves, on {units} one day counts in thousandths"
            stage.done(7 * weeks * self.posts_per_day, text)

    def take_in(self, now: datetime) -> None:
        """Hand over the files of the days since the last delivery, as a source would."""
        for path in (path for kind in KINDS for path in sorted((self.stream / kind).iterdir())):
            if self.delivered <= utc(path.stem) < now:
                (self.inbox / path.parent.name).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, self.inbox / path.parent.name)
        shutil.copy(self.stream / "source.yaml", self.inbox)
        self.delivered = now
        with self.story.stage("Ingest") as stage:
            summary = ingest(source=str(self.inbox / "source.yaml"), home=self.home, as_of=now)
            colour = "yellow" if summary["batches_quarantined"] else ""
            stage.done(summary["rows_read"], summary["sentence"], colour)

    def train(self, model: str, now: datetime) -> None:
        with self.story.stage(f"Train {model}") as stage:
            result = train(model, self.home, now, "the first version")
            stage.done(result["rows"], result["sentence"])

    def live_through(self, now: datetime) -> None:
        """The week's files come in, each champion scores them and is judged, and what was decided is carried out."""
        self.take_in(now)
        for model in MODELS:
            with self.story.stage(f"Score {model}") as stage:
                scored = score(model, now - WEEK, now, self.home, now)
                stage.done(scored["posts"], scored["sentence"])
            with self.story.stage(f"Monitor {model}") as stage:
                decided = monitor(model, now, self.home)
                stage.decided(decided["action"], decided["rows"], decided["sentence"])
            self.report = Path(decided["report"])
            self.act(model, now, decided)

    def act(self, model: str, now: datetime, decided: dict[str, Any]) -> None:
        if decided["action"] in ACTS:
            name, colour = ACTS[decided["action"]]
            with self.story.stage(f"{name} {model}") as stage:
                outcome = act(model, self.home, now, decided["ledger_id"]) or {"rows": 0, "sentence": ""}
                stage.done(outcome["rows"], outcome["sentence"], colour)

    def release_a_bad_version(self, now: datetime) -> None:
        """A version that learned counts in thousandths, promoted by hand past the gate."""
        name, reason = "engagement", "released by hand, without a comparison"
        model = self.stores.model(name)
        history = load_history(self.stores, model, training_period(self.stores, now), now)
        with self.story.stage("Bad release") as stage:
            bad = train_challenger(self.stores, model, _in_thousandths(history), now, reason, "demo/bad")
            promote(
                self.stores.registry,
                self.stores.ledger,
                name,
                bad.version,
                at=now,
                actor="someone in a hurry",
                reason=reason,
                evidence={},
            )
            text = f"{name} {bad.version} learned counts in thousandths; someone promotes it by hand, past the gate."
            stage.done(bad.learned_rows, text, "red")


def _in_thousandths(history: History) -> History:
    """What a model would learn if the day in other units had not been held at the door, for all days."""
    outcomes = history.outcomes.assign(target=history.outcomes["target"] + np.log(1000))
    return replace(history, outcomes=outcomes, origin=None)  # no lake holds them


def _clean(settings: Settings) -> None:
    # The same weeks lived through twice are one story: begin anew, but only in a home that a demo made.
    home = settings.home
    others = [path for path in home.glob("*") if path.name != "prefect"]  # the command line makes that one
    if others and not (home / MARK).exists():
        raise SettingsError(f"{home} holds stores that no demo made; give the demo a folder of its own with --home.")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    (home / MARK).touch()
