"""Whatever is seen, or cannot be seen: no error, one sentence, and no retrain on broken data."""

import json
import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.intervals import Interval
from models.look import Gain, Look
from monitoring.alarm import SHARES, Alarm, Finding
from monitoring.broken import BROKEN
from monitoring.decide import decide, wants_look
from monitoring.evidence import Evidence, Guards
from monitoring.guards import held_back
from monitoring.measures import Measure
from monitoring.paired import Paired
from trimtab.settings import Settings
from trimtab.windows import Window, utc

NOW = utc("2012-04-11")
ACTIONS = ("recalibrate", "retrain")
SETTINGS = Settings()
NAMES = {
    "quality": [*BROKEN, "lateness_hours", "unseen_share"],
    "performance": ["mean_loss", "loss_rise", "estimated_loss", "mae"],
    "drift": ["topic", "text"],
    "prediction": ["value"],
}

numbers = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.floats(-1, 1), st.just(math.nan))
counts = st.integers(0, 10**9)
moments = st.one_of(st.none(), st.integers(-400, 400).map(lambda days: NOW + timedelta(days=days)))
measures = st.sampled_from(sorted(NAMES)).flatmap(
    lambda kind: st.builds(
        Measure,
        kind=st.just(kind),
        name=st.sampled_from(NAMES[kind]),
        slice=st.sampled_from(["all", "reddit"]),
        value=numbers,
        threshold=numbers,
        alarm=st.booleans(),
        rows=counts,
        spent=numbers,
    )
)
findings = st.builds(
    Finding,
    kind=st.sampled_from(["performance", "prediction", "drift", "label", "calibration"]),
    name=st.sampled_from(["loss", "topic", "target"]),
    slice=st.sampled_from(["all", "reddit"]),
    group=st.sampled_from(sorted(SHARES)),
    spent=numbers,
    surprise=numbers,
    z=st.lists(numbers, max_size=3).map(tuple),
    changed_at=moments,
)
alarms = st.builds(
    Alarm,
    raised=st.booleans(),
    spent=numbers,
    raised_on=moments,
    changed_at=moments,
    streams=st.lists(findings, min_size=1, max_size=4).map(tuple),
)
intervals = st.builds(Interval, numbers, numbers, numbers)
gains = st.builds(Gain, st.sampled_from(["recalibrate", "retrain"]), moments, intervals, counts)
looks = st.builds(
    Look, numbers, counts, moments, st.lists(gains, max_size=3).map(tuple), st.sampled_from(["", "Thin."])
)
guards = st.builds(
    Guards,
    trained_at=moments,
    last_retrain_at=moments,
    last_look_at=moments,
    looks=st.integers(0, 50),
    last_answer_at=moments,
    answers=st.integers(0, 50),
    spent=st.floats(0, 20),
    refused_in_a_row=st.integers(0, 5),
    last_refused_at=moments,
)
anything = st.builds(
    Evidence,
    model=st.just("engagement"),
    version=st.just("4"),
    window=st.just(Window(NOW - timedelta(days=1), NOW)),
    as_of=st.just(NOW),
    rows=counts,
    measures=st.lists(measures, max_size=8).map(tuple),
    alarm=st.one_of(st.none(), alarms),
    changed_at=moments,
    label_delay=st.integers(0, 60).map(lambda days: timedelta(days=days)),
    look=st.one_of(st.none(), looks),
    guards=guards,
    posts_per_day=st.one_of(numbers, st.floats(0, 1e5)),
    promoted_at=moments,
    previous=st.sampled_from([None, "3"]),
    paired=st.one_of(st.none(), st.builds(Paired, intervals, counts, numbers, st.just(100.0))),
    unjudged=st.sampled_from([(), ("the reference is short",)]),
)
usual = settings(deadline=None, max_examples=100)


HUGE = Paired(Interval(0.0, 0.0, 1.7975e308), 0, math.nan, 100.0)
CALM = Evidence("engagement", "4", Window(NOW - timedelta(days=1), NOW), NOW, 5, ())


@usual
@given(anything)
@example(replace(CALM, paired=HUGE))
def test_no_evidence_makes_decide_raise_or_the_ledger_refuse(seen):
    decision = decide(seen, SETTINGS)
    assert str(decision).endswith(".") and "\n" not in str(decision)
    json.dumps(decision.evidence, allow_nan=False)
    assert wants_look(seen, SETTINGS) in (True, False)


@usual
@given(anything, st.sampled_from(sorted(BROKEN)), numbers)
def test_broken_data_is_never_learned_from_whatever_else_is_said(seen, name, value):
    broken = Measure("quality", name, "all", value, 0.1, True, 100)
    seen = replace(seen, measures=(*seen.measures, broken))
    assert decide(seen, SETTINGS).action == "quarantine" and not wants_look(seen, SETTINGS)


@usual
@given(anything)
def test_what_is_held_back_is_neither_measured_nor_trained(seen):
    held = [each for each in ACTIONS if held_back(seen.guards, seen.as_of, SETTINGS.cost, each)]
    assert decide(seen, SETTINGS).action not in held
    assert not (wants_look(seen, SETTINGS) and len(held) == len(ACTIONS))


@usual
@given(anything)
def test_nothing_is_trained_without_a_sure_gain_or_a_stale_champion(seen):
    fresh = replace(seen.guards, trained_at=NOW - timedelta(days=30))
    unsure = replace(seen, guards=fresh, look=_unsure(seen.look))
    assert decide(unsure, SETTINGS).action in ("none", "quarantine", "rollback")


@usual
@given(anything, st.randoms(use_true_random=False))
def test_the_order_of_measures_does_not_matter(seen, random):
    shuffled = list(seen.measures)
    random.shuffle(shuffled)
    one, other = decide(seen, SETTINGS), decide(replace(seen, measures=tuple(shuffled)), SETTINGS)
    assert (one.action, one.reasons) == (other.action, other.reasons)


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_a_gain_that_is_no_number_is_no_reason(value):
    nothing = Look(math.nan, 400, NOW, (Gain("retrain", None, Interval(value, 0.1, 0.2), 900),))
    assert decide(replace(CALM, look=nothing), SETTINGS).action == "none"


def _unsure(look):
    if look is None:
        return None
    found = (replace(g, per_post=Interval(g.per_post.value, -0.01, g.per_post.high)) for g in look.gains)
    return replace(look, gains=tuple(found))
