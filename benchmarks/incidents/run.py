"""One scenario, one seed, every policy: what each did, and whether that was right."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from typing import Any

from benchmarks.incidents.recalibrating import damaged
from benchmarks.incidents.scenario import Scenario
from models.history import History
from models.spec import FitSettings, Fitted
from monitoring.backtest import Course, run
from monitoring.policy import Policy, policy
from monitoring.pool import Candidate, Pool
from trimtab.settings import Settings
from trimtab.windows import Window

DAY = timedelta(days=1)
ACTING = ("quarantine", "recalibrate", "retrain", "rollback")


@dataclass(frozen=True)
class Played:
    """One run of one policy. `wrong` counts the actions that were neither right nor harmless."""

    scenario: str
    group: str
    policy: str
    seed: int
    right: bool
    windows: int
    acted: dict[str, int] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=dict)
    unneeded: int = 0  # retrains (and recalibrations) where nothing was to be gained
    on_broken: int = 0  # retrains in a window whose data was broken
    delay: int | None = None  # windows from the moment it could be known to the right action
    found: bool | None = None  # whether the alarm came in time, where one is asked for
    alarms: int = 0  # windows in which an alarm began
    seconds: float = 0.0


def play(scenario: Scenario, seed: int, policies: Sequence[str], settings: Settings) -> list[Played]:
    """All policies on the same posts, from the same first version, with trainings shared."""
    drawn = scenario.draw(seed)
    history = History(drawn.posts, drawn.outcomes)
    pool = Pool(scenario.model, history, settings, FitSettings.of(settings))
    period = Window(scenario.start, scenario.end)
    release = scenario.release
    releases = {scenario.world.moment(release.day): _worse(scenario, pool, release.worse)} if release else None
    found = []
    for name in policies:
        course = run(scenario.model, history, period, DAY, detector(name), settings, pool, releases=releases)
        found.append(judged(scenario, seed, course))
    return found


def detector(name: str) -> Policy:
    """A policy of ours by its name, or anyone's as `module:attribute`, a monitoring.policy.Policy."""
    module, _, attribute = name.partition(":")
    if attribute and module != "calendar":
        return getattr(import_module(module), attribute)
    return policy(name)


def judged(scenario: Scenario, seed: int, course: Course) -> Played:
    """Right is: the right action in time, and no other action that is not harmless; for `none`, no action at all."""
    acts = [(w["end"], w["decision"]) for w in course.windows if w["decision"] in ACTING]
    good = {*scenario.right, *scenario.allowed} - {"none"}
    after = [(end, what) for end, what in acts if scenario.counted_from is None or end > scenario.counted_from]
    early = [what for end, what in acts if scenario.onset_at is not None and end <= scenario.onset_at]
    wrong = Counter([*early, *(what for end, what in acts if what not in good and (end, what) in after)])
    hits = [end for end, what in after if what in scenario.right]
    in_time = bool(hits) and (scenario.deadline is None or hits[0] <= scenario.deadline)
    quiet = scenario.right == ("none",)
    begun = [end for end, before, now in _alarms(course) if now and not before]
    needed = {"retrain", "recalibrate"} & set(scenario.right)
    remade = [(end, what) for end, what in acts if what in ("retrain", "recalibrate")]
    unneeded = [what for end, what in remade if not needed or (scenario.onset_at and end <= scenario.onset_at)]
    return Played(
        scenario=scenario.name,
        group=scenario.group,
        policy=course.policy,
        seed=seed,
        right=not wrong and (quiet or in_time),
        windows=len(course.windows),
        acted=dict(Counter(what for _, what in acts)),
        wrong=dict(wrong),
        unneeded=len(unneeded),
        on_broken=sum(what == "retrain" for _, what in acts) if scenario.group == "broken" else 0,
        delay=round((hits[0] - scenario.counted_from) / DAY) if hits and scenario.counted_from else None,
        found=_found(scenario, begun, course) if scenario.found_within else None,
        alarms=len(begun),
        seconds=sum(w["seconds"] for w in course.windows),
    )


def _alarms(course: Course) -> list[tuple[Any, bool, bool]]:
    """(end, raised in the window before, raised) of each window."""
    raised = [bool(w.get("alarm")) for w in course.windows]
    return list(zip([w["end"] for w in course.windows], [False, *raised], raised, strict=False))


def _found(scenario: Scenario, begun: list[Any], course: Course) -> bool | None:
    """None for a policy that raises no alarms at all."""
    if not any("alarm" in w for w in course.windows) or scenario.counted_from is None or scenario.deadline is None:
        return None
    return any(scenario.counted_from < end <= scenario.deadline for end in begun)


def _worse(scenario: Scenario, pool: Pool, share: float) -> Any:
    def release(champion: Candidate) -> Candidate:
        rows = pool.history.labelled(champion.trained_at)
        rows = rows[rows["event_timestamp"] >= champion.trained_at - 28 * DAY]
        bad = damaged(Fitted(dict(champion.files), {}, {}), rows, scenario.model.losses, share)
        return Candidate(
            version=f"{champion.version} damaged",
            trained_at=champion.trained_at,
            files=bad.files,
            scoring=champion.scoring,
            learned_at=champion.learned_at,
        )

    return release
