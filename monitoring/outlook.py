"""What would change the last decision, in one or two sentences, from what was written down with it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from models.blocked import window_of
from monitoring.guards import guards_of, held_back
from monitoring.status_series import deciding, judgements
from monitoring.undone import undone
from monitoring.wording import names, share
from trimtab.ledger import Entry, Ledger
from trimtab.settings import Cost, Settings

MAKES = {"retrain": "a challenger", "recalibrate": "a new calibrator"}
SEEN = 0.1  # share of the limit from which a stream is worth a word
MOST = 10.0  # limits: beyond, its size tells no more


def outlook(
    ledger: Ledger, entries: Sequence[Entry], model: str, champion: str | None, as_of: datetime, settings: Settings
) -> str:
    """`entries` are the model's, oldest first. Never raises for what an older decision did not write down."""
    decision = next(reversed(judgements(entries)), None)
    if decision is None:
        days = settings.monitoring.window_days
        return f"The first window of {days:g} days is judged once a version answers and the window has ended."
    after = [entry for entry in entries if entry.id > decision.id]
    action = str(decision.evidence.get("action"))
    if action == "quarantine":
        return _quarantined(decision, model, settings)
    if action == "rollback":
        return _rolled_back(decision, after, model)
    if action in MAKES:
        return _made(action, decision, after)
    if champion is None:
        return f"It was about version {decision.version}; no version answers now, so nothing is judged."
    if decision.version != champion:
        return f"It was about version {decision.version}; version {champion} is judged with the next window."
    made = max((e.at for e in entries if e.kind == "trained" and e.version == champion), default=decision.at)
    guards = guards_of(ledger, model, champion, made, as_of, settings.cost)
    held = held_back(guards, as_of, settings.cost)
    rests = f" Until then nothing is made: {held}." if held else ""
    moments = [m for m in (made, guards.last_retrain_at, guards.last_look_at) if m is not None]
    return _nothing(decision, max(moments) + timedelta(days=settings.cost.look_days), settings) + rests


def _quarantined(decision: Entry, model: str, settings: Settings) -> str:
    window = window_of(decision)
    end = f"{window.end:%Y-%m-%dT%H:%M}" if window else "..."
    lift = f'`trimtab quarantine lift {model} --window-end {end} --reason "..."`'
    judged = f" The window up to {_next(decision, settings)} is judged by its own data."
    return f"If the data are fine after all, a person gives them back: {lift}.{judged}"


def _rolled_back(decision: Entry, after: Sequence[Entry], model: str) -> str:
    for entry in after:
        if entry.kind == "rolled_back" and entry.previous == decision.version:
            back = f'`trimtab rollback {model} --to {decision.version} --reason "..."`'
            return (
                f"It was carried out: version {entry.version} answers. Version {decision.version} comes back only if a "
                f"person puts it back ({back})."
            )
        if entry.kind in ("rollback_refused", "moved_by_hand"):
            return f"It was not carried out: {_plain(entry.reason)}."
    return _pending(after)


def _made(action: str, decision: Entry, after: Sequence[Entry]) -> str:
    what = MAKES[action]
    for entry in reversed(after):
        if entry.kind == "rolled_back":
            return (
                f"It was carried out: {what} was made, version {entry.previous}, which was taken back on "
                f"{entry.at:%Y-%m-%d}; version {entry.version} answers again, until the next window is judged."
            )
        if entry.kind == "promoted":
            return (
                f"It was carried out: {what} was made, and version {entry.version} answers since {entry.at:%Y-%m-%d}."
            )
        if entry.kind in ("promotion_refused", "refused"):
            return f"It was carried out: {what} was made and refused, so the version that answers stays."
        if entry.kind == "review_wanted":
            return f"It was carried out: {what} was made and waits for a person to approve or refuse it."
    if why := undone(decision, after):
        return f"{what[:1].upper()}{what[1:]} could not be made: {why}."
    if any(entry.kind == "retrain_started" for entry in after):
        return f"It is being carried out: {what} is being made, and must beat the version that answers on fresh posts."
    return _pending(after)


def _pending(after: Sequence[Entry]) -> str:
    said = next((entry for entry in reversed(after) if entry.kind == "acted"), None)
    if said is not None:
        return f"What was done about it: {_plain(said.reason)}."
    return "It is not carried out yet; the next tick does so."


def _nothing(decision: Entry, look_on: datetime, settings: Settings) -> str:
    told, cost = decision.evidence, settings.cost
    if told.get("look"):
        return _measured(told, cost, _days(decision))
    alarm = told.get("alarm")
    anyway = f"in any case that is done from {look_on:%Y-%m-%d} on"
    if alarm is None:
        return f"Nothing could be judged, for want of data. What a new version would gain is measured; {anyway}."
    spent = _most(alarm.get("spent") or 0.0)
    by = names(_stream(name) for name, own in _largest(alarm.get("streams", {})) if own >= SEEN)
    if not alarm.get("raised"):
        most = f", most of it from {by}" if by else ""
        return (
            f"Evidence stands at {spent} of the alarm's limit{most}. If the model's errors bring it to the limit, what "
            f"a new version would gain is measured; {anyway}. One is made if the gain surely exceeds its cost."
        )
    if alarm.get("calls"):
        why = next((r for r in told.get("reasons", ()) if r.startswith("what acting would gain")), "")
        later = f": {why}" if why else " once nothing holds it back"
        return f"The alarm calls for a measurement of what a new version would gain{later}."
    errors = share(deciding(told) or 0.0)
    return (
        f"Evidence stands at {spent} of the alarm's limit, most of it from {by or 'many small changes'}. What posts "
        f"look like explains and does not decide: the model's errors stand at {errors}. If they reach the limit, what "
        f"a new version would gain is measured; {anyway}."
    )


def _measured(told: dict[str, Any], cost: Cost, days: float) -> str:
    """What was gained against what must be: its cost over the payback time, and surely more than nothing."""
    look, rows = told["look"], told.get("rows") or 0
    best = max(
        look.get("gains", {}).items(), key=lambda gain: gain[1][0] if gain[1][0] is not None else 0, default=None
    )
    again = "it is measured again as more labels come"
    if best is None:
        return f"No gain could be measured ({_plain(look.get('note') or 'too few posts')}); {again}."
    name, (value, low, high) = best
    price = cost.recalibrate_cost if name.startswith("recalibrate") else cost.retrain_cost
    posts = rows / days * cost.payback_days if days else 0.0
    what = "a new calibrator" if name.startswith("recalibrate") else "a retrain"
    least = max(
        price / (posts * cost.error_cost) if posts else 0.0, cost.least_gain_share * (look["champion_loss"] or 0)
    )
    seen = f"{_figure(value)} ({_figure(low)} to {_figure(high)})"
    need = f"it is made if it surely saves anything and at least {least:.2g} of loss a post"
    return f"The best that was measured is {what}, which would save {seen} a post; {need}, at which it earns its cost."


def _largest(streams: dict[str, float | None]) -> list[tuple[str, float]]:
    """Most evidence first; the ledger keeps them by name."""
    return sorted(((name, own or 0.0) for name, own in streams.items()), key=lambda each: (-each[1], each[0]))


def _days(decision: Entry) -> float:
    window = window_of(decision)
    return (window.end - window.start) / timedelta(days=1) if window else 0.0


def _next(decision: Entry, settings: Settings) -> str:
    window = window_of(decision)
    end = (window.end if window else decision.at) + timedelta(days=settings.monitoring.window_days)
    return f"{end:%Y-%m-%d}"


def _most(spent: float) -> str:
    return f"over {MOST:,.0%}".replace("%", " %") if spent > MOST else share(spent)


def _stream(key: str) -> str:
    """'performance length of long' -> 'the errors on posts with length long'."""
    kind, _, name = key.partition(" ")
    column, _, part = name.partition(" of ")
    if part == "shares":
        return f"the mix of {column}"
    if kind == "performance":
        return f"the errors on posts with {column} '{part}'" if part else "the errors"
    if kind == "calibration":
        return f"the calibration of {name}"
    return f"the predicted {name}" if kind == "prediction" else "the outcomes" if kind == "label" else name


def _figure(value: float | None) -> str:
    return "everything" if value is None else f"{value:.3f}"


def _plain(sentence: str) -> str:
    return sentence.strip().rstrip(".")
