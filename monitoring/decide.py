"""What now? One pure function from the evidence of a window to one action and its sentence.

The rules are asked in the order of harm: data that is broken must not be learned from, a release that made
things worse is taken back, a loss that rose is retrained. Features explain, performance decides: drift
without a measured rise of the loss is reported and not acted on, unless labels have stopped coming.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from monitoring.evidence import Evidence
from monitoring.measures import Measure
from monitoring.wording import evidence_of, names, share, span
from trimtab.settings import Monitoring

Action = Literal["none", "quarantine", "recalibrate", "retrain", "rollback"]

PROBATION = timedelta(days=28)  # after a promotion, in which the version before it is still an option

DONE: dict[Action, str] = {
    "none": "nothing is done",
    "quarantine": "no retrain is asked for, {version} keeps serving; look at the source and `trimtab quarantine list`",
    "recalibrate": "the calibrator alone is to be refitted; {version} keeps serving until then",
    "retrain": "a challenger is to be trained; {version} keeps serving unless it is beaten on fresh posts",
    "rollback": "{previous} is to be put back in place of {version}; no retrain is asked for",
}


@dataclass(frozen=True)
class Decision:
    """An action, why, and the figures it rests on. Prints as the sentence that a person on call reads."""

    action: Action
    reasons: tuple[str, ...]
    evidence: dict[str, Any] = field(default_factory=dict)  # plain values, rounded, for the ledger

    def __str__(self) -> str:
        about = self.evidence | {
            role: f"version {self.evidence[role]}" if self.evidence.get(role) else other
            for role, other in (("version", "the champion"), ("previous", "the version before"))
        }
        subject = "{model} {version}, {window}: ".format(**about) if "model" in about else ""
        reasons = "; ".join(reason.rstrip(".") for reason in self.reasons)
        return f"{subject}{reasons}: {DONE[self.action].format(**about)}."


def decide(evidence: Evidence, settings: Monitoring) -> Decision:
    """The first rule that finds something decides; never raises, whatever could not be judged."""
    rules: tuple[Callable[[Evidence, Monitoring], Decision | None], ...] = (
        _data_broken,
        _worse_than_previous,
        _loss_rose,
        _moved_unseen,
    )
    found = (rule(evidence, settings) for rule in rules)
    return next((decision for decision in found if decision), None) or _nothing(evidence, settings)


def _data_broken(evidence: Evidence, settings: Monitoring) -> Decision | None:
    reasons = []
    held = _alarmed(evidence, "quarantined_share")
    if held:
        batches = len(evidence.quarantined_batches)
        what = f" in {batches} batch{'es' if batches != 1 else ''}" if batches else ""
        reasons.append(f"{share(held[0].value)} of the rows that arrived were quarantined{what}")
    if gone := _alarmed(evidence, "null_share"):
        reasons.append(f"{names(m.slice for m in gone)} went empty (null in {share(gone[0].value)} of the rows)")
    if few := _alarmed(evidence, "rows_share"):
        reasons.append(f"only {share(few[0].value)} of the usual posts arrived ({few[0].rows:,})")
    return _decision("quarantine", evidence, reasons) if reasons else None


def _alarmed(evidence: Evidence, name: str) -> list[Measure]:
    return [measure for measure in evidence.of("quality", name) if measure.alarm]


def _worse_than_previous(evidence: Evidence, settings: Monitoring) -> Decision | None:
    gap, promoted = evidence.against_previous, evidence.promoted_at
    if gap is None or promoted is None or evidence.previous is None or not gap.low > 0:
        return None
    age = evidence.as_of - promoted
    if age > PROBATION:
        return None
    worse = (
        f"its loss is {gap.value:.3g} higher than that of version {evidence.previous} ({gap.low:.3g} to {gap.high:.3g})"
        if math.isfinite(gap.value)
        else f"its predictions are not numbers, and those of version {evidence.previous} are"
    )
    return _decision("rollback", evidence, [f"on the same mature posts {worse}, {span(age)} after its promotion"])


def _loss_rose(evidence: Evidence, settings: Monitoring) -> Decision | None:
    rose = evidence.one("performance", "loss_rise")
    if rose is None or not rose.alarm:
        return None
    reasons = [f"the loss on {rose.rows:,} mature posts rose by {share(rose.value)}{_range(evidence)}"]
    if moved := _moved(evidence):
        reasons.append(f"what moved most: {names(m.name for m in moved)}")
    return _retrain(evidence, settings, reasons)


def _moved_unseen(evidence: Evidence, settings: Monitoring) -> Decision | None:
    """Drift of most features and of the prediction, and labels stopped coming a horizon and a window ago."""
    if evidence.last_label_at is None or not _drifted(evidence, settings):
        return None
    silence = evidence.as_of - evidence.last_label_at
    if silence <= evidence.horizon + (evidence.window.end - evidence.window.start):
        return None
    blind = f"no label has come for {span(silence)}, so the loss cannot be seen"
    return _retrain(evidence, settings, [_drift_words(evidence), blind])


def _retrain(evidence: Evidence, settings: Monitoring, reasons: list[str]) -> Decision:
    rest = timedelta(days=settings.cool_down_days)
    last = evidence.last_retrain_at
    if last is not None and evidence.as_of - last < rest:
        pause = f"but it was retrained {span(evidence.as_of - last)} ago and rests until {last + rest:%Y-%m-%d}"
        return _decision("none", evidence, [*reasons, pause])
    return _decision("retrain", evidence, reasons)


def _nothing(evidence: Evidence, settings: Monitoring) -> Decision:
    """What was seen, and why it does not matter (or what could not be judged)."""
    reasons = [_loss_words(evidence)]
    if _moved(evidence) or any(m.alarm for m in evidence.of("prediction")):
        watched = " and is watched" if _drifted(evidence, settings) else ""
        reasons.append(f"{_drift_words(evidence)}, which explains but does not decide{watched}")
    elif not any(m.judged for m in evidence.of("drift")):
        reasons.append("drift could not be judged on these rows")
    else:
        reasons.append("no feature moved")
    late = [m for m in evidence.of("quality") if m.alarm]
    if late:
        reasons.append(f"to look at: {names(f'{m.name} of {m.slice}' if m.slice != 'all' else m.name for m in late)}")
    return _decision("none", evidence, reasons)


def _loss_words(evidence: Evidence) -> str:
    rose = evidence.one("performance", "loss_rise")
    if rose is None:
        loss = evidence.one("performance", "mean_loss")
        why = "no mature posts" if loss is None else "no reference to hold it against"
        rows = max((m.rows for m in evidence.of("performance")), default=0)
        why = f"only {rows:,} mature posts" if loss is None and rows else why
        return f"the loss could not be judged ({why})"
    if rose.value < rose.threshold:
        turn = "rose by only" if rose.value > 0 else "fell by"
        return f"the loss on {rose.rows:,} mature posts {turn} {share(abs(rose.value))}{_range(evidence)}"
    return f"the loss on {rose.rows:,} mature posts may have risen{_range(evidence)}, which can be chance"


def _range(evidence: Evidence) -> str:
    low, high = (evidence.one("performance", f"loss_rise_{end}") for end in ("low", "high"))
    return "" if low is None or high is None else f" ({100 * low.value:+.0f} to {100 * high.value:+.0f} %)"


def _moved(evidence: Evidence) -> list[Measure]:
    return [measure for measure in evidence.of("drift") if measure.alarm]


def _drifted(evidence: Evidence, settings: Monitoring) -> bool:
    judged = sum(m.judged for m in evidence.of("drift"))
    enough = judged > 0 and len(_moved(evidence)) >= settings.drift_share * judged
    return enough and any(m.alarm for m in evidence.of("prediction"))


def _drift_words(evidence: Evidence) -> str:
    moved, judged = _moved(evidence), sum(m.judged for m in evidence.of("drift"))
    parts = [f"{len(moved)} of {judged} features moved ({names(m.name for m in moved)})"] if moved else []
    if any(m.alarm for m in evidence.of("prediction")):
        parts.append("the predictions moved")
    return " and ".join(parts)


def _decision(action: Action, evidence: Evidence, reasons: list[str]) -> Decision:
    return Decision(action, tuple(reasons), evidence_of(evidence))
