"""When to retrain: a policy turns the evidence of a window into a decision."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

from monitoring.decide import Decision, decide, harm
from monitoring.evidence import Evidence
from monitoring.wording import evidence_of, names, share, span
from trimtab.errors import SettingsError, hint
from trimtab.settings import Settings
from trimtab.windows import duration

Gathered = Literal["evidence", "look", "stock"]
Decide = Callable[[Evidence, Settings], Decision]

DEFAULT = "budgeted"
ORACLE = "oracle"  # decides in hindsight, and so only in a backtest
KNOWN = ("never", "calendar", "calendar:28d", "evidently-default", "evidently-any", "performance", "cusum", DEFAULT)

STOCK_SHARE = 0.5  # of the columns: Evidently's default for a data set that drifted
SLACK, LIMIT = 0.5, 4.1  # of the CUSUM: tuned to a rise of one standard deviation, one false alarm in about a year


@dataclass(frozen=True)
class Policy:
    """`looks_at` says what must be gathered for `decide`; the rest of the evidence need not be paid for."""

    name: str
    decide: Decide
    looks_at: frozenset[Gathered] = frozenset()


def policy(name: str) -> Policy:
    """One of KNOWN; `calendar` retrains every window, `calendar:28d` at most that often."""
    kind, _, every = name.partition(":")
    if kind == "calendar":
        return Policy(name, _calendar(duration(every) if every else timedelta(0)))
    if every or kind not in KNOWN:
        known = f"Known: {', '.join(KNOWN)}, and in a backtest {ORACLE}."
        raise SettingsError(f"No policy is called '{name}'.{hint(kind, KNOWN)} {known}")
    if kind == "evidently-default":
        return Policy(name, _stock(STOCK_SHARE), frozenset({"stock"}))
    if kind == "evidently-any":
        return Policy(name, _stock(0.0), frozenset({"stock"}))
    if kind == "performance":
        return Policy(name, _performance, frozenset({"evidence"}))
    if kind == "cusum":
        return Policy(name, Cusum(), frozenset({"evidence"}))
    return Policy(name, _never) if kind == "never" else Policy(name, decide, frozenset({"evidence", "look"}))


def decided(evidence: Evidence, settings: Settings) -> Decision:
    """By the policy that the settings name; harm is averted whatever the policy."""
    chosen = policy(settings.monitoring.policy)
    if chosen.name == DEFAULT:
        return decide(evidence, settings)
    said = harm(evidence, settings) or chosen.decide(evidence, settings)
    return replace(said, evidence=evidence_of(evidence) | said.evidence)


def gathered(settings: Settings) -> frozenset[Gathered]:
    """What must be measured for `decided`."""
    return policy(settings.monitoring.policy).looks_at | {"evidence"}


def _never(evidence: Evidence, settings: Settings) -> Decision:
    return Decision("none", ("The policy is never to retrain.",))


def _calendar(every: timedelta) -> Decide:
    def due(evidence: Evidence, settings: Settings) -> Decision:
        last = evidence.guards.last_retrain_at
        if last is None or evidence.as_of - last >= every:
            words = f"The calendar asks for a retrain every {span(every) if every else 'window'}."
            return Decision("retrain", (words,))
        words = f"The last training of {last:%Y-%m-%d} is younger than {span(every)}."
        return Decision("none", (words,))

    return due


def _stock(least: float) -> Decide:
    """Retrain where Evidently's own defaults say that more than none, and at least this share, of columns drifted."""

    def drifted(evidence: Evidence, settings: Settings) -> Decision:
        judged = [measure for measure in evidence.of("drift") if measure.judged]
        found = [measure for measure in judged if measure.alarm]
        words = f"By Evidently's defaults {len(found)} of {len(judged)} columns drifted"
        words += f" ({names(measure.name for measure in found)})" if found else ""
        acts = bool(found) and len(found) >= least * len(judged)
        return Decision("retrain" if acts else "none", (f"{words}.",))

    return drifted


def _performance(evidence: Evidence, settings: Settings) -> Decision:
    """Retrain when the loss of the window rose over that of the reference, and the last retrain is not too young."""
    rose = evidence.one("performance", "loss_rise")
    if rose is None:
        return Decision("none", ("The rise of the loss could not be judged.",), evidence_of(evidence))
    words = f"The loss on {rose.rows:,} mature posts changed by {share(rose.value)} of the reference."
    return _rested("retrain" if rose.alarm else "none", words, evidence, settings)


@dataclass
class Cusum:
    """Page's CUSUM (Biometrika 1954) of the standardised daily loss, begun anew with each champion.

    It remembers from window to window, so that one belongs to one run over consecutive windows.
    """

    reached: float = 0.0
    version: str = field(default="")

    def __call__(self, evidence: Evidence, settings: Settings) -> Decision:
        if evidence.version != self.version:
            self.version, self.reached = evidence.version, 0.0
        for score in _loss_scores(evidence):
            if score == score:
                self.reached = max(0.0, self.reached + score - SLACK)
        words = f"The CUSUM of the daily loss stands at {self.reached:.1f} of {LIMIT:.1f}."
        decision = _rested("retrain" if self.reached >= LIMIT else "none", words, evidence, settings)
        if decision.action == "retrain":
            self.reached = 0.0
        return decision


def _loss_scores(evidence: Evidence) -> tuple[float, ...]:
    """Standardised losses of the window's days; none where they could not be judged."""
    streams = evidence.alarm.of("loss") if evidence.alarm is not None else ()
    return streams[0].z if streams else ()


def _rested(action: Literal["retrain", "none"], words: str, evidence: Evidence, settings: Settings) -> Decision:
    """The action, unless it is a retrain that comes within the cool-down of the last."""
    rest, last = timedelta(days=settings.cost.cool_down_days), evidence.guards.last_retrain_at
    if action == "retrain" and last is not None and evidence.as_of - last < rest:
        pause = f"It was retrained {span(evidence.as_of - last)} ago and rests until {last + rest:%Y-%m-%d}."
        return Decision("none", (words, pause), evidence_of(evidence))
    return Decision(action, (words,), evidence_of(evidence))
