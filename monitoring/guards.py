"""The brakes of automatic retraining, read from the ledger: cool-down, spend cap, breaker; and the staleness limit."""

from datetime import datetime, timedelta
from typing import Literal

from models.moves import went_forward
from monitoring.evidence import Guards
from trimtab.ledger import Entry, Ledger
from trimtab.settings import Cost

MONTH = timedelta(days=30)
FIRST_REST_DAYS = 3.0  # between the first two looks that alarms call for
UNSURE_DAYS = 1.0  # after which a gain that could not be told from chance is measured on more posts
Challenge = Literal["retrain", "recalibrate"]


def guards_of(ledger: Ledger, model: str, version: str, trained_at: datetime, as_of: datetime, cost: Cost) -> Guards:
    """What entries of before `as_of` say of the model and its champion `version`.

    An entry of `as_of` itself is what came of this very window: judged again, the window gives the same answer.
    """
    past = [entry for entry in ledger.entries(model) if entry.at < as_of]
    looks = [e for e in past if e.kind == "decision" and e.version == version and e.evidence.get("look")]
    answers = [entry for entry in looks if entry.evidence.get("alarm", {}).get("calls")]
    trained = [entry.at for entry in past if entry.kind == "trained"]
    refused = _refused_in_a_row(past)
    return Guards(
        trained_at=trained_at,
        last_retrain_at=max(trained, default=None),
        last_look_at=max((entry.at for entry in looks), default=None),
        looks=sum(bool(entry.evidence["look"].get("gains")) for entry in looks),
        last_answer_at=max((entry.at for entry in answers), default=None),
        answers=len(answers),
        unsure=bool(answers) and bool(max(answers, key=lambda entry: entry.at).evidence.get("unsure")),
        spent=_spent([entry for entry in past if as_of - entry.at <= MONTH], cost),
        refused_in_a_row=len(refused),
        last_refused_at=max(refused, default=None),
    )


def held_back(guards: Guards, as_of: datetime, cost: Cost, action: Challenge = "retrain") -> str | None:
    """In words why no new version is made now, or None where nothing stands against it."""
    return _open_breaker(guards, as_of, cost) or _cooling_down(guards, as_of, cost) or _over_cap(guards, cost, action)


def stale(guards: Guards, as_of: datetime, cost: Cost) -> str | None:
    """In words why a retrain is due without an alarm, or None.

    A challenger that was refused lately says that the champion holds: it is not asked again for as long.
    """
    limit = timedelta(days=cost.stale_days)
    if guards.trained_at is None or as_of - guards.trained_at < limit:
        return None
    if guards.last_refused_at is not None and as_of - guards.last_refused_at < limit:
        return None
    age = (as_of - guards.trained_at) / timedelta(days=1)
    return f"the champion learned {age:.0f} days ago, and the limit is {cost.stale_days:g}"


def _open_breaker(guards: Guards, as_of: datetime, cost: Cost) -> str | None:
    if guards.last_refused_at is None or guards.refused_in_a_row < cost.breaker_refusals:
        return None
    until = guards.last_refused_at + timedelta(days=cost.breaker_days)
    if as_of >= until:
        return None
    many = f"{guards.refused_in_a_row} challengers in a row were refused"
    return f"{many}, so no other is trained until {until:%Y-%m-%d}"


def _cooling_down(guards: Guards, as_of: datetime, cost: Cost) -> str | None:
    found, pause = [], timedelta(days=cost.cool_down_days)
    if (looked := guards.last_answer_at) is not None:
        found.append((looked + _rest(guards, cost), f"a gain was measured on {looked:%F}"))
    if (trained := guards.last_retrain_at) is not None:
        found.append((trained + pause, f"a version was trained on {trained:%F}"))
    until, what = max(found, default=(as_of, ""))
    return f"{what}, and it rests until {until:%F}" if until > as_of else None


def _rest(guards: Guards, cost: Cost) -> timedelta:
    """Each alarm that ended in nothing doubles the wait: what moved and did no harm is not looked into again and again.

    The first is short, for an alarm may come before the new world can be told from the old.
    """
    waits = min(FIRST_REST_DAYS * 2 ** max(guards.answers - 1, 0), cost.look_days)
    return timedelta(days=min(waits, UNSURE_DAYS) if guards.unsure else waits)


def _over_cap(guards: Guards, cost: Cost, action: Challenge) -> str | None:
    price = cost.retrain_cost if action == "retrain" else cost.recalibrate_cost
    if guards.spent + price <= cost.monthly_cap:
        return None
    left = f"{guards.spent:g} of the {cost.monthly_cap:g} that 30 days may cost is spent"
    return f"{left}, and a {'retrain' if action == 'retrain' else 'recalibration'} costs {price:g}"


def _spent(month: list[Entry], cost: Cost) -> float:
    """Each piece of work once: what was started, and what was trained without being announced."""
    prices = {"retrain": cost.retrain_cost, "recalibrate": cost.recalibrate_cost}
    work: dict[str, str] = {}
    for entry in month:
        if entry.kind == "retrain_started":
            work[_work(entry)] = entry.evidence.get("what", "retrain")
        elif entry.kind == "trained":
            work.setdefault(_work(entry), "recalibrate" if entry.evidence.get("base") else "retrain")
    return sum(prices[what] for what in work.values())


def _work(entry: Entry) -> str:
    """What both entries of one piece of work have in common: `trained/m/...` and `retrain_started/m/...`."""
    return entry.key.partition("/")[2] if entry.key else f"entry {entry.id}"


def _refused_in_a_row(past: list[Entry]) -> list[datetime]:
    """When challengers were refused since the last promotion, by gates or by a person; a move given up is neither."""
    last = max((entry.id for entry in past if went_forward(entry)), default=0)
    return [
        entry.at
        for entry in past
        if entry.kind in ("promotion_refused", "refused") and entry.id > last and "intention" not in entry.evidence
    ]
