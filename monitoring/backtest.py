"""One policy over past data, in memory: the decisions of production, window by window, as each moment knew the world.

Versions come from a pool that all policies share; nothing is registered and no ledger is written.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from models.evaluate import Unscorable, compare
from models.history import History
from models.spec import Model
from monitoring.assess import Serving, assess, open_book
from monitoring.daybook import DayBook
from monitoring.decide import Decision, calls
from monitoring.evidence import Evidence
from monitoring.policy import Policy
from monitoring.pool import Candidate, Pool
from monitoring.standing import Standing
from monitoring.stock_measures import Stock
from monitoring.watch_wording import verdict_of
from monitoring.wording import span
from monitoring.worth import unsure
from trimtab.errors import NotEnoughData
from trimtab.settings import Settings
from trimtab.windows import Window, steps

Progress = Callable[[int, int, str], None]
Release = Callable[[Candidate], Candidate]


@dataclass
class Course:
    """What a policy did: a record a window, and every version that served by its name."""

    policy: str
    windows: list[dict[str, Any]] = field(default_factory=list)
    served: dict[str, Candidate] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What came of an action: one sentence, what it cost, and the version that was made for it."""

    sentence: str
    paid: float = 0.0
    challenger: str | None = None
    promoted: bool = False


def run(
    model: Model,
    history: History,
    period: Window,
    step: timedelta,
    policy: Policy,
    settings: Settings,
    pool: Pool,
    *,
    releases: Mapping[datetime, Release] | None = None,
    quarantined: Mapping[datetime, Mapping[str, int]] | None = None,
    progress: Progress = lambda done, of, text: None,
) -> Course:
    """Train on what was mature at the start, then judge, decide and act at the end of every whole window but the last.

    What is decided at the very end could earn nothing any more, and so is not paid for.

    `releases` puts a version in by hand at the end of a window, without asking whether it is better; `quarantined`
    says how many rows of which batches the door held back in the window that ends then.
    Raises NotEnoughData where no whole window fits or the first version cannot be trained.
    """
    windows = windows_of(period, step)
    standing = Standing([first_version(pool, period.start)], [(period.start, settings.cost.retrain_cost)])
    watch, course = Watch(pool, policy, settings), Course(policy.name)
    for number, window in enumerate(windows, 1):
        began = time.perf_counter()
        champion = standing.champion
        evidence = watch.evidence(standing, window, (quarantined or {}).get(window.end))
        decision = policy.decide(evidence, settings)
        if evidence.look is not None:
            standing.looked(window.end, bool(evidence.look.gains), calls(evidence), unsure(evidence, settings.cost))
        standing.watched &= verdict_of(evidence, settings) in (None, "worse")
        outcome = _act(standing, pool, window, decision, settings) if number < len(windows) else None
        if releases and window.end in releases:
            standing.promote(releases[window.end](standing.champion), window.end)
        course.served[champion.version] = champion
        course.windows.append(
            _record(window, evidence, champion, decision, outcome) | {"seconds": time.perf_counter() - began}
        )
        progress(number, len(windows), f"{policy.name}: {window.end:%Y-%m-%d} {decision.action}")
    return course


def windows_of(period: Window, step: timedelta) -> list[Window]:
    windows = list(steps(period.start, period.end, step))
    if not windows:
        raise NotEnoughData(f"No whole step of {span(step)} fits into {period}; choose a later end or a shorter step.")
    return windows


def first_version(pool: Pool, start: datetime) -> Candidate:
    try:
        return pool.train(start)
    except NotEnoughData as error:
        raise NotEnoughData(f"No first version could be trained as of {start:%Y-%m-%d %H:%M}: {error}") from error


class Watch:
    """What a policy looks at, gathered; what holds for every window of a champion is worked out once."""

    def __init__(self, pool: Pool, policy: Policy, settings: Settings) -> None:
        self.pool, self.policy, self.settings = pool, policy, settings
        self.stock = Stock(pool.model, pool.history, settings.monitoring)
        self._champion: tuple[object, ...] = ()
        self._books: dict[object, DayBook] = {}

    def evidence(self, standing: Standing, window: Window, quarantined: Mapping[str, int] | None) -> Evidence:
        model, history, serving = self.pool.model, self.pool.history, standing.serving(window.end)
        if self.policy.looks_at & {"evidence", "look"}:
            return assess(
                model,
                history,
                serving,
                window,
                self.settings,
                looks_at=self.policy.looks_at,
                book=self._book_of(standing, window),
                quarantined=quarantined,
            )
        return unassessed(model, history, serving, window, self.policy, self.stock)

    def _book_of(self, standing: Standing, window: Window) -> DayBook:
        """The days of a book end as the window does: windows that end at another hour have another book."""
        champion, hour = (standing.champion.version, standing.blocked), window.end.time()
        if self._champion != champion:
            self._champion, self._books = champion, {}
        if hour not in self._books:
            serving = standing.serving(window.end)
            self._books[hour] = open_book(self.pool.model, self.pool.history, serving, window, self.settings)
        return self._books[hour]


def unassessed(
    model: Model, history: History, serving: Serving, window: Window, policy: Policy, stock: Stock
) -> Evidence:
    """For a policy that looks at nothing that `assess` measures: what serves, and, if it asks, what `stock` says."""
    version = serving.champion.version
    return Evidence(
        model=model.name,
        version=version,
        window=window,
        as_of=window.end,
        rows=rows_in(history, window),
        measures=stock.measures(version, serving.trained_at, window) if "stock" in policy.looks_at else (),
        guards=serving.guards,
    )


def rows_in(history: History, window: Window) -> int:
    """Posts scored in the window; history.posts is sorted by that moment."""
    low, high = history.posts["event_timestamp"].searchsorted([window.start, window.end])
    return int(high - low)


def _act(standing: Standing, pool: Pool, window: Window, decision: Decision, settings: Settings) -> Outcome | None:
    """Carry the decision out as production would."""
    if decision.action in ("retrain", "recalibrate"):
        return _challenge(standing, pool, window.end, decision, settings)
    if decision.action == "quarantine":
        if rows_in(pool.history, window):  # an empty one has nothing to leave out, and a new book is dear
            standing.blocked = (*standing.blocked, window)
        return Outcome("Nothing is ever learned from the posts of this window.")
    if decision.action == "rollback" and standing.previous is not None:
        left, back = standing.roll_back()
        return Outcome(f"Rolled back from {left.version} to {back.version}.")
    return None


def _challenge(standing: Standing, pool: Pool, at: datetime, decision: Decision, settings: Settings) -> Outcome:
    """Make the version asked for; it serves if it beats the champion on the same fresh rows."""
    about = (at, decision.since, decision.cut, standing.blocked)
    try:
        if decision.action == "retrain":
            made, price = pool.train(*about), settings.cost.retrain_cost
        else:
            made, price = pool.recalibrate(standing.champion, *about), settings.cost.recalibrate_cost
    except NotEnoughData as error:
        return Outcome(str(error))
    standing.trained(at, price)
    better, sentence = _better(pool.model, standing, made, settings)
    if better:
        standing.promote(made, at)
    else:
        standing.refuse(at)
    return Outcome(sentence, price, made.version, better)


def _better(model: Model, standing: Standing, made: Candidate, settings: Settings) -> tuple[bool, str]:
    """The paired comparison alone. The other gates (models.gates) are for what is registered and could serve: a clean
    process, probes and slices at each of thousands of windows would cost hours, and policies are told apart by losses.
    """
    if made.version in standing.barred:
        return False, f"Version {made.version} was rolled back before and is barred."
    champion, fresh = standing.champion, made.fresh
    try:
        found = compare(
            model,
            champion.version,
            made.version,
            fresh,
            champion.predict(fresh),
            made.predict(fresh),
            seed=settings.seed,
            resamples=settings.release.resamples,
            confidence=settings.release.confidence,
        )
    except (NotEnoughData, Unscorable) as error:
        return False, str(error)
    return found.better, str(found)


def _record(
    window: Window, evidence: Evidence, champion: Candidate, decision: Decision, outcome: Outcome | None
) -> dict[str, Any]:
    return {
        "start": window.start,
        "end": window.end,
        "rows": evidence.rows,
        "version": champion.version,
        "decision": decision.action,
        "reasons": list(decision.reasons),
        "sentence": str(decision),
        "outcome": outcome.sentence if outcome else None,
        "challenger": outcome.challenger if outcome else None,
        "promoted": outcome.promoted if outcome else False,
        "paid": outcome.paid if outcome else 0.0,
    } | _alarm(evidence)


def _alarm(evidence: Evidence) -> dict[str, Any]:
    """Whether an alarm stands and how near it was, where the policy looks for one."""
    if evidence.alarm is None:
        return {}
    return {"alarm": evidence.alarm.raised, "spent": evidence.alarm.spent}
