"""How far the weights of a law must turn for what was learned before to lose a given share more."""

import math

import numpy as np
from scipy.special import erf, softmax

from simulator.columns import Columns, Law
from simulator.columns_draw import draw_day, named_score, ready
from simulator.columns_plan import quiet_plan
from simulator.draws import Floats
from trimtab.errors import SettingsError

SAMPLED_DAYS = 7
HALVINGS = 14  # of the angle: to a fiftieth of a degree


def turn_for(world: Columns, law: Law, rise: float) -> float:
    """The angle, in radians, between weights and turned weights that costs `rise` of the mean loss, relative.

    The loss is the mean absolute error of a count, the log loss of a label, of one who knows the law before. It is
    worked out on the posts of a quiet week.
    """
    columns, rest = _week(world, law)
    before = _loss(world, law, columns, rest, 0.0)
    low, high = 0.0, math.pi
    if not 0 < rise < _loss(world, law, columns, rest, high) / before - 1:
        raise SettingsError(f"No turn of the weights makes the loss rise by {rise:.0%}; give a smaller rise above 0.")
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = _loss(world, law, columns, rest, middle) >= (1 + rise) * before
        low, high = (low, middle) if enough else (middle, high)
    return high


def _week(world: Columns, law: Law) -> tuple[Floats, Floats]:
    """(numbers + flags, posts) that the weights meet and (outputs, posts) that they are added to."""
    plan = quiet_plan(world, law)
    days = [draw_day(plan, day) for day in range(min(SAMPLED_DAYS, world.days))]
    columns = [ready(plan, day.numbers, day.flags, day.word) for day in days]
    return np.hstack(columns), np.hstack([named_score(law, day.platform, day.topic, day.word) for day in days])


def _loss(world: Columns, law: Law, columns: Floats, rest: Floats, angle: float) -> float:
    """Mean loss of the old law under the law turned by an angle."""
    told = law.weights @ columns + rest
    true = (math.cos(angle) * law.weights + math.sin(angle) * law.other) @ columns + rest
    if world.target == "label":
        return float(-(softmax(true, axis=0) * np.log(softmax(told, axis=0))).sum(axis=0).mean())
    gap = (true - told)[0] / world.noise_sd  # mean absolute value of a normal around the gap
    folded = math.sqrt(2 / math.pi) * np.exp(-(gap**2) / 2) + gap * erf(gap / math.sqrt(2))
    return float(world.noise_sd * folded.mean())
