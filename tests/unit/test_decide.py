"""The rule that turns the evidence of a window into one action, case by case and in general."""

import json
import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.intervals import Interval
from monitoring.decide import DONE, Decision, decide
from monitoring.evidence import Evidence
from monitoring.measures import Measure
from trimtab.settings import Monitoring
from trimtab.windows import Window, utc

SETTINGS = Monitoring(drift_share=0.3, loss_rise_share=0.1, cool_down_days=14)
WINDOW = Window(utc("2012-04-01"), utc("2012-04-08"))
NOW = utc("2012-04-11")


def measure(kind, name, value, threshold, alarm, part="all", rows=4_000):
    return Measure(kind, name, part, value, threshold, alarm, rows)


def loss_rise(value, low, high):
    alarm = value >= SETTINGS.loss_rise_share and low > 0
    return (
        measure("performance", "mean_loss", 0.7, math.nan, False),
        measure("performance", "loss_rise", value, SETTINGS.loss_rise_share, alarm),
        measure("performance", "loss_rise_low", low, math.nan, False),
        measure("performance", "loss_rise_high", high, math.nan, False),
    )


def features(moved, of=10):
    return tuple(
        measure("drift", f"feature_{i}", 0.31 - i / 100 if i < moved else 0.05, 0.1, i < moved) for i in range(of)
    )


def predictions(moved):
    return (measure("prediction", "value", 0.3 if moved else 0.02, 0.1, moved),)


def evidence(*measures, **changes):
    calm = Evidence(
        model="engagement",
        version="4",
        window=WINDOW,
        as_of=NOW,
        rows=4_000,
        horizon=timedelta(hours=48),
        measures=measures,
        last_label_at=NOW - timedelta(hours=3),
        last_retrain_at=NOW - timedelta(days=60),
    )
    return replace(calm, **changes)


ROSE = loss_rise(0.14, 0.06, 0.22)
STEADY = loss_rise(0.02, -0.03, 0.07)
UNSURE = loss_rise(0.14, -0.04, 0.30)
CALM = (*features(0), *predictions(False))
DRIFTED = (*features(5), *predictions(True))
HELD = measure("quality", "quarantined_share", 0.42, 0.1, True)
GONE = measure("quality", "null_share", 0.97, 0.21, True, part="text")
OUTAGE = measure("quality", "rows_share", 0.04, 0.1, True, rows=160)
LATE = measure("quality", "lateness_hours", 30.0, 7.0, True)
WORSE = {"promoted_at": NOW - timedelta(days=5), "previous": "3", "against_previous": Interval(0.03, 0.02, 0.04)}
SILENT = {"last_label_at": NOW - timedelta(days=12)}

CASES = {
    "a calm window": (evidence(*CALM, *STEADY), "none"),
    "no measures at all": (evidence(), "none"),
    "a loss that rose for sure": (evidence(*CALM, *ROSE), "retrain"),
    "a rise that can be chance": (evidence(*CALM, *UNSURE), "none"),
    "a rise that is sure but small": (evidence(*CALM, *loss_rise(0.05, 0.03, 0.07)), "none"),
    "drift without a loss rise": (evidence(*DRIFTED, *STEADY), "none"),
    "drift without mature labels": (evidence(*DRIFTED), "none"),
    "drift while labels have stopped": (evidence(*DRIFTED, **SILENT), "retrain"),
    "predictions did not move, labels stopped": (evidence(*features(9), *predictions(False), **SILENT), "none"),
    "few features moved, labels stopped": (evidence(*features(2), *predictions(True), **SILENT), "none"),
    "labels stopped, nothing moved": (evidence(*CALM, **SILENT), "none"),
    "labels never came": (evidence(*DRIFTED, last_label_at=None), "none"),
    "a rise within the cool-down": (evidence(*ROSE, last_retrain_at=NOW - timedelta(days=3)), "none"),
    "a rise of a model never retrained": (evidence(*ROSE, last_retrain_at=None), "retrain"),
    "rows quarantined and a rise": (evidence(*ROSE, HELD), "quarantine"),
    "a key column gone null": (evidence(*ROSE, GONE), "quarantine"),
    "an outage": (evidence(*CALM, OUTAGE), "quarantine"),
    "late posts alone": (evidence(*CALM, *STEADY, LATE), "none"),
    "worse than the previous version": (evidence(*CALM, *ROSE, **WORSE), "rollback"),
    "worse, on broken data": (evidence(HELD, **WORSE), "quarantine"),
    "worse, but promoted long ago": (
        evidence(*CALM, *STEADY, **(WORSE | {"promoted_at": NOW - timedelta(days=60)})),
        "none",
    ),
    "perhaps worse": (evidence(*STEADY, **(WORSE | {"against_previous": Interval(0.03, -0.01, 0.07)})), "none"),
    "worse, with nothing to go back to": (evidence(*STEADY, **(WORSE | {"previous": None})), "none"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_case_has_its_action(case):
    seen, action = CASES[case]
    assert decide(seen, SETTINGS).action == action


@pytest.mark.parametrize("case", CASES)
def test_every_decision_is_one_sentence_that_names_the_version_and_what_is_done(case):
    seen, action = CASES[case]
    sentence = str(decide(seen, SETTINGS))
    assert sentence.startswith("engagement version 4, 2012-04-01 00:00 to 2012-04-08 00:00: ")
    assert sentence.endswith(DONE[action].format(version="version 4", previous="version 3") + ".")
    assert "\n" not in sentence and "nan" not in sentence and "None" not in sentence
    assert not [word for word in sentence.split() if len(word.strip("(),;:")) > 24], "a raw float"


@pytest.mark.parametrize("case", CASES)
def test_the_ledger_can_keep_every_decision(case):
    kept = decide(CASES[case][0], SETTINGS).evidence
    assert json.loads(json.dumps(kept, allow_nan=False)) == kept


def test_the_retrain_sentence_reads_well():
    assert str(decide(evidence(*DRIFTED, *ROSE), SETTINGS)) == (
        "engagement version 4, 2012-04-01 00:00 to 2012-04-08 00:00: the loss on 4,000 mature posts rose by 14 % "
        "(+6 to +22 %); what moved most: feature_0, feature_1, feature_2 and 2 more: a challenger is to be "
        "trained; version 4 keeps serving unless it is beaten on fresh posts."
    )


def test_the_silent_sentence_says_why_drift_does_not_matter():
    sentence = str(decide(evidence(*DRIFTED, *STEADY), SETTINGS))
    assert "the loss on 4,000 mature posts rose by only 2.0 % (-3 to +7 %)" in sentence
    assert "5 of 10 features moved (feature_0, feature_1, feature_2 and 2 more) and the predictions moved" in sentence
    assert "explains but does not decide and is watched" in sentence


def test_a_cool_down_names_its_end():
    sentence = str(decide(evidence(*ROSE, last_retrain_at=NOW - timedelta(days=3)), SETTINGS))
    assert "but it was retrained 3 days ago and rests until 2012-04-22" in sentence


def test_a_decision_of_another_policy_prints_without_evidence():
    said = str(Decision("none", ("The policy is never to retrain.",)))
    assert said == "The policy is never to retrain: nothing is done."


numbers = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.floats(0, 1))
names = {
    "quality": ["rows_share", "null_share", "quarantined_share", "lateness_hours", "unseen_share"],
    "drift": ["topic", "text", "hour"],
    "prediction": ["value"],
    "performance": ["mean_loss", "loss_rise", "loss_rise_low", "loss_rise_high", "mae"],
}
measures = st.sampled_from(sorted(names)).flatmap(
    lambda kind: st.builds(
        Measure,
        kind=st.just(kind),
        name=st.sampled_from(names[kind]),
        slice=st.sampled_from(["all", "reddit"]),
        value=numbers,
        threshold=numbers,
        alarm=st.booleans(),
        rows=st.integers(0, 10**9),
    )
)
moments = st.one_of(st.none(), st.integers(-100, 100).map(lambda days: NOW + timedelta(days=days)))
anything = st.builds(
    lambda found, label, retrain, promoted, gap: evidence(
        *found, last_label_at=label, last_retrain_at=retrain, promoted_at=promoted, previous="3", against_previous=gap
    ),
    st.lists(measures, max_size=12),
    moments,
    moments,
    moments,
    st.one_of(st.none(), st.builds(Interval, numbers, numbers, numbers)),
)


@settings(deadline=None, max_examples=300)
@given(anything)
def test_no_evidence_makes_decide_raise(seen):
    assert str(decide(seen, SETTINGS)).endswith(".")


@settings(deadline=None, max_examples=200)
@given(anything, st.randoms(use_true_random=False))
def test_the_order_of_measures_does_not_matter(seen, random):
    shuffled = list(seen.measures)
    random.shuffle(shuffled)
    one, other = decide(seen, SETTINGS), decide(replace(seen, measures=tuple(shuffled)), SETTINGS)
    assert (one.action, one.reasons) == (other.action, other.reasons)


@settings(deadline=None, max_examples=300)
@given(anything, st.lists(measures, max_size=6))
def test_more_alarms_never_silence_a_retrain(seen, more):
    seen = replace(seen, measures=(*ROSE, *seen.measures))
    alarms = tuple(replace(extra, alarm=True) for extra in more)
    before = decide(seen, SETTINGS).action
    after = decide(replace(seen, measures=(*seen.measures, *alarms)), SETTINGS).action
    if before in ("retrain", "rollback", "quarantine"):
        assert after in ("retrain", "rollback", "quarantine")


@settings(deadline=None, max_examples=200)
@given(anything)
def test_what_could_not_be_judged_never_retrains(seen):
    blank = tuple(replace(m, value=math.nan, threshold=math.nan, alarm=False) for m in seen.measures)
    assert decide(replace(seen, measures=blank), SETTINGS).action in ("none", "rollback")


def test_a_version_whose_predictions_are_not_numbers_is_rolled_back_in_words():
    nothing = Interval(float("inf"), float("inf"), float("inf"))
    decision = decide(evidence(*STEADY, **(WORSE | {"against_previous": nothing})), SETTINGS)
    assert decision.action == "rollback"
    assert "its predictions are not numbers, and those of version 3 are, 5 days after" in str(decision)
