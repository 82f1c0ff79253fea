"""Which of the gains that a look measured is acted on: it must be sure, matter, earn its cost and not be held back."""

import math

from models.look import Gain
from monitoring.evidence import Evidence
from monitoring.guards import Challenge, held_back
from monitoring.wording import gain_words, share
from trimtab.settings import Cost, Settings

MOST = 0.8  # of a retrain's gain: a recalibration that gets as much is enough


def worth(gain: Gain, evidence: Evidence, cost: Cost) -> float:
    """What acting is expected to earn over the payback time, less its cost, in the currency of the settings."""
    posts = evidence.posts_per_day * cost.payback_days
    price = cost.retrain_cost if gain.action == "retrain" else cost.recalibrate_cost
    return gain.per_post.value * posts * cost.error_cost - price


def chosen(evidence: Evidence, settings: Settings) -> Gain | None:
    """The largest gain that may be acted on, or that of a recalibration where it gets most of it."""
    gains = evidence.look.gains if evidence.look is not None else ()
    good = [gain for gain in gains if gain.per_post.low > 0 and _matters(gain, evidence, settings.cost)]
    good = [gain for gain in good if not held(evidence, settings, gain.action)]
    best = max(good, key=lambda gain: (gain.per_post.value, gain.action), default=None)
    small = next((gain for gain in good if gain.action == "recalibrate"), None)
    if best is not None and small is not None and small.per_post.value >= MOST * best.per_post.value:
        return small
    return best


def unsure(evidence: Evidence, cost: Cost) -> bool:
    """Whether a look saw a gain that would pay and could not tell it from chance: more posts will tell."""
    gains = evidence.look.gains if evidence.look is not None else ()
    return any(_matters(gain, evidence, cost) and not gain.per_post.low > 0 for gain in gains)


def held(evidence: Evidence, settings: Settings, action: Challenge) -> str | None:
    """In words why this action is held back now: a recalibration may be affordable where a retrain is not."""
    return held_back(evidence.guards, evidence.as_of, settings.cost, action)


def idle(evidence: Evidence, settings: Settings) -> str | None:
    """In words why no new version at all is made now: what holds the cheapest back."""
    cost = settings.cost
    return held(evidence, settings, "retrain" if cost.retrain_cost < cost.recalibrate_cost else "recalibrate")


def not_worth(evidence: Evidence, settings: Settings) -> str:
    """Why a look ended in nothing."""
    look, cost = evidence.look, settings.cost
    assert look is not None
    best = max(look.gains, key=lambda gain: gain.per_post.value, default=None)
    if best is None:
        return f"no gain could be measured ({look.note.rstrip('.')})"
    said = gain_words(best, look, worth(best, evidence, cost))
    if not (best.per_post.low > 0 and worth(best, evidence, cost) > 0):
        return said
    if not _matters(best, evidence, cost):
        return f"{said}, but less than {share(cost.least_gain_share)} of the loss"
    return f"{said}, but {held(evidence, settings, best.action)}"


def _matters(gain: Gain, evidence: Evidence, cost: Cost) -> bool:
    """Whether a gain pays, and is large enough to be more than what a few days of judging leave in doubt."""
    assert evidence.look is not None
    loss = evidence.look.champion_loss
    large = not gain.per_post.value < cost.least_gain_share * loss if math.isfinite(loss) else True
    return large and worth(gain, evidence, cost) > 0
