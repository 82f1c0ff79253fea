"""Figures and names as a person on call reads them, and as the ledger keeps them."""

import math
from collections.abc import Iterable
from datetime import timedelta
from itertools import islice
from typing import Any

from models.look import Gain, Look
from monitoring.alarm import DECIDING, Finding
from monitoring.evidence import Evidence
from monitoring.measures import Measure

NAMED = 3  # names in a sentence; more are counted
KIND_WORDS = {"prediction": "prediction of ", "label": "share of ", "calibration": "calibration of "}
YOUNG = timedelta(days=28)  # a version whose own days say little of what loss is usual (reference.USUAL_DAYS)
SEEN = 0.1  # share of the limit from which a stream is worth a word


def share(value: float) -> str:
    """0.1234 -> '12 %', 0.0123 -> '1.2 %'."""
    percent = 100 * value
    return f"{percent:.1f} %" if 0 < abs(percent) < 9.95 else f"{percent:,.0f} %"


def span(length: timedelta) -> str:
    """In days from two days on, in hours below."""
    hours = length / timedelta(hours=1)
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} h"


def names(words: Iterable[str]) -> str:
    """'a', 'a and b', 'a, b, c and 4 more'."""
    rest = iter(dict.fromkeys(words))
    head = list(islice(rest, NAMED))
    more = sum(1 for _ in rest)
    if more:
        return f"{', '.join(head)} and {more} more"
    return " and ".join([", ".join(head[:-1]), head[-1]]) if len(head) > 1 else "".join(head)


def alarm_words(evidence: Evidence) -> str:
    """What raised the alarm, and since when."""
    alarm = evidence.alarm
    if alarm is None or not alarm.raised:
        return "no alarm"
    # What called for a look says more than what else moved, however far that went, and a loss more than a calibration.
    called = alarm.of(*DECIDING) if alarm.calls else ()
    losses = [finding for finding in called if finding.group != "calibration" and finding.spent >= 1]
    top = (*losses, *called, *alarm.streams)[0]
    since = f" since {top.changed_at:%Y-%m-%d}" if top.changed_at else ""
    what = {
        "loss": f"the loss{_by(evidence)} has been too high{since}",
        "slice": f"the loss on posts with {top.name} '{top.slice}' rose{since}",
    }
    said = what.get(top.group, f"{_label(top)} moved{since}")
    explain = [f for f in alarm.streams if f.spent >= SEEN and f.group in ("feature", "shares", "output")]
    others = [_label(finding) for finding in explain if finding.name != top.name]
    return f"{said}, beyond what chance brings within the budget" + (f"; {names(others)} moved too" if others else "")


def _by(evidence: Evidence) -> str:
    rise = evidence.one("performance", "loss_rise")
    return f" (by {share(rise.value)} in this window)" if rise is not None and rise.value > 0 else ""


def _label(finding: Finding) -> str:
    counted = finding.kind == "label" and finding.name == "target"  # no share of anything
    return ("" if counted else KIND_WORDS.get(finding.kind, "")) + finding.name


def loss_words(evidence: Evidence) -> str:
    """The loss of the window against the reference, in its words."""
    rise = evidence.one("performance", "loss_rise")
    if rise is None:
        loss = evidence.one("performance", "mean_loss")
        rows = max((m.rows for m in evidence.of("performance", "mean_loss")), default=0)
        if loss is not None:
            return f"the loss on {loss.rows:,} mature posts is {loss.value:.3g}, with no reference to hold it against"
        return f"the loss could not be judged ({f'{rows:,}' if rows else 'no'} mature posts)" + _estimate(evidence)
    turn = "is up by" if rise.value > 0 else "is down by"
    return f"the loss on {rise.rows:,} mature posts {turn} {share(abs(rise.value))}{_why_calm(rise, evidence)}"


def _why_calm(rise: Measure, evidence: Evidence) -> str:
    """Why such a loss raises no alarm. The level of few days is itself in doubt, so that much must rise to be seen."""
    if evidence.alarm is None or not evidence.alarm.of("loss"):
        return ""
    if rise.value >= rise.threshold and (age := _age(evidence)) is not None and age < YOUNG:
        return f", and no alarm stands: the {span(age)} of version {evidence.version} are too few to tell"
    return ", and what days have shown so far raises no alarm" if rise.alarm else ", within what days differ by"


def _age(evidence: Evidence) -> timedelta | None:
    """Since the version was trained, or promoted where only its calibrator was."""
    moments = [m for m in (evidence.guards.trained_at, evidence.promoted_at) if m is not None]
    return evidence.as_of - max(moments) if moments else None


def _estimate(evidence: Evidence) -> str:
    guess = evidence.one("performance", "estimated_loss")
    return "" if guess is None else f", estimated at {guess.value:.3g}"


def moved_words(evidence: Evidence) -> str:
    """Streams that moved without raising the alarm."""
    alarm = evidence.alarm
    if alarm is None:
        return ""
    found = [_label(finding) for finding in alarm.streams if finding.spent >= SEEN]
    if not found:
        return "nothing moved"
    return f"{names(found)} may have moved ({share(alarm.spent)} of what raises the alarm)"


def gain_words(gain: Gain, look: Look, worth: float) -> str:
    """What was measured, and whether it pays."""
    what = "a new calibrator" if gain.action == "recalibrate" else "a retrain"
    learned = f" on posts since {gain.since:%Y-%m-%d}" if gain.since and gain.action == "retrain" else ""
    if math.isinf(gain.per_post.value) and gain.per_post.low > 0:
        return f"{what}{learned} gives numbers where the champion gives none, on the newest {look.rows:,} mature posts"
    size = gain.per_post.value / look.champion_loss if look.champion_loss else math.nan
    share_of = f" ({share(size)})" if math.isfinite(size) else ""
    gained = f"{what}{learned} would gain {gain.per_post}{share_of} on the newest {look.rows:,} mature posts"
    if not gain.per_post.low > 0:
        return f"{gained}, which can be chance"
    return f"{gained}, worth {abs(worth):,.2f} {'more' if worth > 0 else 'less'} than it costs"


def evidence_of(evidence: Evidence) -> dict[str, Any]:
    """What a decision rests on, in plain values of four digits, ready for JSON."""
    performance = {m.name: short(m.value) for m in evidence.of("performance") if m.judged and m.slice == "all"}
    facts: dict[str, Any] = {
        "model": evidence.model,
        "version": evidence.version,
        "previous": evidence.previous,
        "window": str(evidence.window),
        "as_of": evidence.as_of.isoformat(timespec="seconds"),
        "rows": evidence.rows,
        "performance": performance,
        "broken": [f"{m.name} of {m.slice}" for m in evidence.of("quality") if m.alarm],
        "quarantined_batches": list(evidence.quarantined_batches),
        "unjudged": list(evidence.unjudged),
    }
    if evidence.alarm is not None:
        facts["alarm"] = {
            "raised": evidence.alarm.raised,
            "calls": evidence.alarm.calls,
            "spent": short(evidence.alarm.spent),
            "changed_at": evidence.alarm.changed_at.isoformat() if evidence.alarm.changed_at else None,
            "streams": {f"{f.kind} {f.label}": short(f.spent) for f in evidence.alarm.streams[:8] if f.spent >= 0.01},
        }
    if evidence.look is not None:
        facts["look"] = {
            "rows": evidence.look.rows,
            "champion_loss": short(evidence.look.champion_loss),
            "gains": {str(gain.action) + (" since the change" if gain.since and gain.action == "retrain" else ""): [
                short(end) for end in (gain.per_post.value, gain.per_post.low, gain.per_post.high)
            ] for gain in evidence.look.gains},
            "note": evidence.look.note,
        }  # fmt: skip
    if evidence.paired is not None:
        delta = evidence.paired.delta
        facts["against_previous"] = [short(end) for end in (delta.value, delta.low, delta.high)]
        facts["watch"] = {
            "posts": evidence.paired.rows,
            "days": evidence.paired.days,
            "spent": short(evidence.paired.evidence / evidence.paired.limit),
        }
    if evidence.early is not None and evidence.early.warns:
        gap = evidence.early.gap
        facts["early_warning"] = {
            "posts": evidence.early.rows,
            "silent": evidence.early.silent,
            "gap": [short(end) for end in (gap.value, gap.low, gap.high)] if gap else None,
        }
    return facts


def short(value: float) -> float | None:
    """In four digits."""
    return finite(float(f"{value:.4g}"))  # the largest floats round to infinity


def finite(value: float) -> float | None:
    """None for what is no number, which JSON does not have."""
    return float(value) if math.isfinite(value) else None
