"""What now? One pure function from the evidence of a window to one action and its sentence.

The rules are asked in the order of harm. Broken data must not be learned from. A release that made things worse is
taken back. Then only what was measured counts: an alarm says that something moved, a look says what would be gained by
acting on it, and the cheapest action that earns its cost is taken. Performance decides, features explain.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from monitoring.broken import BROKEN, broken
from monitoring.evidence import Evidence
from monitoring.guards import stale
from monitoring.watch_wording import early_words, until, watch_words
from monitoring.wording import alarm_words, evidence_of, gain_words, loss_words, moved_words, span
from monitoring.worth import chosen, held, idle, not_worth, unsure, worth
from trimtab.settings import Settings

Action = Literal["none", "quarantine", "recalibrate", "retrain", "rollback"]

MORE = 1.25  # times as many days of labels as at the last look, which saw a gain that could be chance
SETTLED = timedelta(days=4)  # of labels from the new world before a gain is looked for: some to learn, some to judge
FALSE_GAIN = 0.05  # chance that a champion that cannot be bettered is ever replaced, spent look by look

DONE: dict[Action, str] = {
    "none": "nothing is done",
    "quarantine": "nothing is learned from this window, {version} keeps serving; look at the source and "
    "`trimtab quarantine list`",
    "recalibrate": "the calibrator alone is to be refitted; {version} keeps serving unless it is beaten on fresh posts",
    "retrain": "a challenger is to be trained; {version} keeps serving unless it is beaten on fresh posts",
    "rollback": "{previous} is to be put back in place of {version}; no retrain is asked for",
}


@dataclass(frozen=True)
class Decision:
    """An action, why, and the figures it rests on. Prints as the sentence that a person on call reads."""

    action: Action
    reasons: tuple[str, ...]
    evidence: dict[str, Any] = field(default_factory=dict)  # plain values, rounded, for the ledger
    since: datetime | None = None  # posts to learn from were scored since; None: all history
    cut: datetime | None = None  # posts to judge on were scored since; None: the usual ones

    def __str__(self) -> str:
        about = self.evidence | {
            role: f"version {self.evidence[role]}" if self.evidence.get(role) else other
            for role, other in (("version", "the champion"), ("previous", "the version before"))
        }
        subject = "{model} {version}, {window}: ".format(**about) if "model" in about else ""
        reasons = "; ".join(reason.rstrip(".") for reason in self.reasons)
        return f"{subject}{reasons}: {DONE[self.action].format(**about)}."


def decide(evidence: Evidence, settings: Settings) -> Decision:
    """The first rule that finds something decides; never raises, whatever could not be judged."""
    if harmful := harm(evidence, settings):
        return harmful
    decision = _pays(evidence, settings) or _stale(evidence, settings) or _nothing(evidence, settings)
    return _watched(decision, evidence, settings)


def harm(evidence: Evidence, settings: Settings) -> Decision | None:
    """What comes first whatever the policy: broken data, and a version that is worse than the one before it."""
    if broken_data := _data_broken(evidence, settings):
        return _watched(broken_data, evidence, settings)
    return _worse_than_previous(evidence, settings)


def wants_look(evidence: Evidence, settings: Settings) -> bool:
    """Whether the gain of acting is worth measuring now: an alarm, or too long since it was measured."""
    if broken(evidence) or _worse_than_previous(evidence, settings) or idle(evidence, settings):
        return False
    if calls(evidence):
        return measured_from(evidence) <= evidence.as_of
    return _overdue(evidence, settings)


def confidence(looks: int) -> float:
    """Of the interval of a gain, at the next look of a champion that was looked at `looks` times before.

    The j-th look has the level FALSE_GAIN / (j (j + 1)), so that all looks together have FALSE_GAIN.
    """
    level = FALSE_GAIN / ((looks + 1) * (looks + 2))
    return 1 - 2 * level


def calls(evidence: Evidence) -> bool:
    return evidence.alarm is not None and evidence.alarm.calls


def raised(evidence: Evidence) -> bool:
    return evidence.alarm is not None and evidence.alarm.raised


def measured_from(evidence: Evidence) -> datetime:
    """When a gain is worth measuring: once labels of the new world are in, to learn from some and to judge on some.

    After a gain that could be chance it takes a quarter more of them: the same posts would say the same again.
    """
    delay, last = evidence.label_delay, evidence.guards.last_answer_at
    first_labels = (evidence.changed_at or evidence.as_of - SETTLED - delay) + delay
    settled = first_labels + SETTLED
    if last is None or evidence.changed_at is None or not evidence.guards.unsure:
        return settled
    return max(settled, first_labels + MORE * (last - first_labels))


def _data_broken(evidence: Evidence, settings: Settings) -> Decision | None:
    found = broken(evidence)
    reasons = [
        words([m for m in found if m.name == name])
        for name, words in BROKEN.items()
        if any(m.name == name for m in found)
    ]
    return _decision("quarantine", evidence, reasons) if reasons else None


def _worse_than_previous(evidence: Evidence, settings: Settings) -> Decision | None:
    pair, promoted = evidence.paired, evidence.promoted_at
    if pair is None or promoted is None or evidence.previous is None or not pair.worse:
        return None
    age = evidence.as_of - promoted
    if evidence.window.start >= until(promoted, settings):
        return None
    gap = pair.delta
    worse = (
        f"its loss is {gap.value:.3g} higher than that of version {evidence.previous} ({gap.low:.3g} to {gap.high:.3g})"
        if gap.value < float("inf")
        else f"its predictions are not numbers, and those of version {evidence.previous} are"
    )
    return _decision(
        "rollback", evidence, [f"on the same {pair.rows:,} mature posts {worse}, {span(age)} after its promotion"]
    )


def _watched(decision: Decision, evidence: Evidence, settings: Settings) -> Decision:
    """What the watch over the champion came to, or warns of, besides what is done."""
    said = [words for words in (watch_words(evidence, settings), early_words(evidence)) if words]
    return replace(decision, reasons=(*decision.reasons, *said))


def _pays(evidence: Evidence, settings: Settings) -> Decision | None:
    """The action whose measured gain is sure and earns its cost; recalibrating where that gets most of it."""
    gain = chosen(evidence, settings)
    if evidence.look is None or gain is None:
        return None
    reasons = [*_why(evidence), gain_words(gain, evidence.look, worth(gain, evidence, settings.cost))]
    return _decision(gain.action, evidence, reasons, gain.since, evidence.look.cut)


def _stale(evidence: Evidence, settings: Settings) -> Decision | None:
    """Past its age limit, unless a look says that a retrain gains nothing; where it cannot say, the gate judges."""
    due, look = _due(evidence, settings), evidence.look
    if due is None or look is None or held(evidence, settings, "retrain"):
        return None
    gain = look.best("retrain")
    if gain is None:
        return _decision("retrain", evidence, [due, not_worth(evidence, settings)])
    if gain.per_post.value <= 0:
        return None
    reasons = [due, gain_words(gain, look, worth(gain, evidence, settings.cost))]
    return _decision("retrain", evidence, reasons, gain.since, look.cut)


def _due(evidence: Evidence, settings: Settings) -> str | None:
    return stale(evidence.guards, evidence.as_of, settings.cost)


def _overdue(evidence: Evidence, settings: Settings) -> bool:
    """Too long since a version was trained or a gain measured; at its age limit a champion must have been looked at."""
    guards = evidence.guards
    if guards.last_look_at is None and _due(evidence, settings):
        return True
    moments = [m for m in (guards.trained_at, guards.last_retrain_at, guards.last_look_at) if m is not None]
    return bool(moments) and evidence.as_of - max(moments) >= timedelta(days=settings.cost.look_days)


def _why(evidence: Evidence) -> list[str]:
    """What started the look."""
    return [alarm_words(evidence)] if raised(evidence) else ["no alarm, but it was time to measure"]


def _nothing(evidence: Evidence, settings: Settings) -> Decision:
    """What was seen, and why it does not matter (or what could not be judged)."""
    reasons = [alarm_words(evidence) if raised(evidence) else loss_words(evidence)]
    if evidence.look is not None:
        reasons.append(not_worth(evidence, settings))
    elif raised(evidence) and not calls(evidence):
        reasons.append("the loss of its days has not risen beyond chance, so this explains and does not decide")
    elif raised(evidence) and (why := idle(evidence, settings)):
        reasons.append(why)
    elif raised(evidence):
        reasons.append(
            f"what acting would gain is measured from {measured_from(evidence):%Y-%m-%d} on, when more labels are in"
        )
    elif moved := moved_words(evidence):
        reasons.append(moved)
    reasons += [*_kept_past_limit(evidence, settings), *evidence.unjudged]
    decision = _decision("none", evidence, reasons)
    return (
        replace(decision, evidence=decision.evidence | {"unsure": True})
        if unsure(evidence, settings.cost)
        else decision
    )


def _kept_past_limit(evidence: Evidence, settings: Settings) -> list[str]:
    """Why a champion stays that is older than the limit."""
    due = _due(evidence, settings)
    measured = "a retrain would gain nothing" if evidence.look else "what a retrain would gain is measured first"
    return [f"{due}, but {held(evidence, settings, 'retrain') or measured}"] if due else []


def _decision(
    action: Action,
    evidence: Evidence,
    reasons: list[str],
    since: datetime | None = None,
    cut: datetime | None = None,
) -> Decision:
    facts = evidence_of(evidence) | {
        name: moment.isoformat() for name, moment in (("since", since), ("cut", cut)) if moment is not None
    }
    return Decision(action, tuple(reasons), facts, since, cut)
