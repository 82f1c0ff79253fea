"""The rule that turns the evidence of a window into one action, case by case and in general."""

import json
import math
from dataclasses import replace
from datetime import timedelta

import pytest

from models.intervals import Interval
from models.look import Gain, Look
from monitoring.alarm import Alarm, Finding
from monitoring.decide import DONE, FALSE_GAIN, Decision, confidence, decide, measured_from, wants_look
from monitoring.evidence import Evidence, Guards
from monitoring.measures import Measure
from monitoring.paired import Paired
from trimtab.settings import Cost, Settings
from trimtab.windows import Window, utc

NOW = utc("2012-04-11")
DAY = timedelta(days=1)
COST = Cost(retrain_cost=1.0, recalibrate_cost=0.1, error_cost=0.01, payback_days=28, monthly_cap=10)
SETTINGS = Settings(cost=COST)  # 200 posts a day: a gain of 1 / 56 a post pays a retrain, of 1 / 560 a recalibration


def measure(kind, name, value, threshold=0.1, alarm=False, part="all", rows=4_000):
    return Measure(kind, name, part, value, threshold, alarm, rows)


def finding(group="loss", name="loss", kind="performance", spent=1.4, part="all"):
    return Finding(kind, name, part, group, spent, 3.2, (1.0, 3.2), NOW - 12 * DAY)


def alarmed(*streams, raised=True, spent=1.5):
    streams = streams or (finding(),)
    return Alarm(raised, spent, NOW if raised else None, NOW - 12 * DAY, streams, performance=raised)


def gain(action, value, low, since=None):
    return Gain(action, since, Interval(value, low, value if math.isinf(value) else 2 * value - low), 900)


def looked(*gains, note=""):
    return Look(0.7, 400, NOW - 4 * DAY, gains, note)


def pair(evidence=500.0, delta=(0.03, 0.02, 0.04)):
    return Paired(Interval(*delta), 1_200, evidence, 100.0)


def evidence(*measures, **changes):
    calm = Evidence(
        model="engagement",
        version="4",
        window=Window(NOW - 8 * DAY, NOW - DAY),
        as_of=NOW,
        rows=4_000,
        measures=measures,
        alarm=alarmed(finding(spent=0.02), raised=False, spent=0.03),
        label_delay=2 * DAY,
        guards=Guards(trained_at=NOW - 60 * DAY, last_look_at=NOW - 10 * DAY, looks=1),
        posts_per_day=200.0,
    )
    return replace(calm, **changes)


def guarded(**changes):
    return replace(evidence().guards, **changes)


STEADY = (measure("performance", "mean_loss", 0.7), measure("performance", "loss_rise", 0.02, 0.05))
ROSE = (measure("performance", "mean_loss", 0.8), measure("performance", "loss_rise", 0.14, 0.05, True))
GONE = measure("quality", "null_share", 0.97, 0.21, True, part="text")
HELD = measure("quality", "quarantined_share", 0.42, 0.1, True)
OUTAGE = measure("quality", "rows_share", 0.04, 0.1, True, rows=160)
UNIT = measure("quality", "unit_factor", 1000.0, 30.0, True, part="likes")
FLOOD = measure("quality", "top_authors_share", 0.8, 0.3, True)
LATE = measure("quality", "lateness_hours", 30.0, 7.0)
ALARM = {"alarm": alarmed(), "changed_at": NOW - 12 * DAY}
GAINS = looked(gain("recalibrate", 0.01, 0.004), gain("retrain", 0.10, 0.06))
PAYS = ALARM | {"look": GAINS}
WORSE = {"promoted_at": NOW - 5 * DAY, "previous": "3", "paired": pair()}
OLD = guarded(trained_at=NOW - 400 * DAY)
PERHAPS = looked(gain("retrain", 0.005, -0.01))
VAIN = looked(gain("recalibrate", 0.001, -0.01), gain("retrain", 0.0, -0.01))
SPENT = guarded(spent=9.5)  # a retrain is over the cap, a recalibration within

CASES = {
    "a calm window": (evidence(*STEADY), "none"),
    "no measures at all": (evidence(), "none"),
    "nothing could be judged": (evidence(alarm=None, unjudged=("the reference is short",)), "none"),
    "an alarm before labels are in": (evidence(*ROSE, **(ALARM | {"changed_at": NOW - 2 * DAY})), "none"),
    "a sure gain that pays": (evidence(*ROSE, **PAYS), "retrain"),
    "a sure gain without an alarm": (evidence(*STEADY, look=GAINS), "retrain"),
    "a sure gain too small to pay": (evidence(**ALARM, look=looked(gain("retrain", 0.01, 0.008))), "none"),
    "a large gain that can be chance": (evidence(**ALARM, look=looked(gain("retrain", 0.2, -0.01))), "none"),
    "a gain of nothing": (evidence(**ALARM, look=looked(gain("retrain", 0.0, 0.0))), "none"),
    "a look that found no candidate": (evidence(**ALARM, look=looked(note="3 posts came.")), "none"),
    "recalibrating gets four fifths": (
        evidence(**ALARM, look=looked(gain("recalibrate", 0.081, 0.05), gain("retrain", 0.1, 0.06))),
        "recalibrate",
    ),
    "recalibrating gets less": (
        evidence(**ALARM, look=looked(gain("recalibrate", 0.079, 0.05), gain("retrain", 0.1, 0.06))),
        "retrain",
    ),
    "only recalibrating pays": (
        evidence(**ALARM, look=looked(gain("recalibrate", 0.008, 0.004), gain("retrain", 0.012, 0.006))),
        "recalibrate",
    ),
    "a retrain whose gain is chance": (
        evidence(**ALARM, look=looked(gain("recalibrate", 0.02, 0.01), gain("retrain", 0.1, -0.01))),
        "recalibrate",
    ),
    "a champion without numbers": (
        evidence(**ALARM, look=looked(gain("retrain", math.inf, math.inf))),
        "retrain",
    ),
    "held back by the cool-down": (evidence(**PAYS, guards=guarded(last_retrain_at=NOW - 3 * DAY)), "none"),
    "held back by the cap": (evidence(**PAYS, guards=guarded(spent=9.95)), "none"),
    "a retrain over the cap, and a recalibration within": (evidence(**PAYS, guards=SPENT), "recalibrate"),
    "a retrain over the cap, and a recalibration that is chance": (
        evidence(**ALARM, look=looked(gain("recalibrate", 0.01, -0.01), gain("retrain", 0.1, 0.06)), guards=SPENT),
        "none",
    ),
    "held back by the breaker": (
        evidence(**PAYS, guards=guarded(refused_in_a_row=3, last_refused_at=NOW - 9 * DAY)),
        "none",
    ),
    "a stale champion, perhaps bettered": (evidence(*STEADY, guards=OLD, look=PERHAPS), "retrain"),
    "a stale champion that nothing betters": (evidence(*STEADY, guards=OLD, look=VAIN), "none"),
    "a stale champion on too few posts": (evidence(guards=OLD, look=looked(note="3 posts came.")), "retrain"),
    "a stale champion between two looks": (evidence(*STEADY, guards=OLD), "none"),
    "a stale champion held back": (evidence(guards=replace(OLD, spent=9.5), look=PERHAPS), "none"),
    "a stale champion, recalibrating pays": (
        evidence(**ALARM, guards=OLD, look=looked(gain("recalibrate", 0.05, 0.02))),
        "recalibrate",
    ),
    "rows quarantined": (evidence(HELD), "quarantine"),
    "a column gone null, and a gain": (evidence(*ROSE, GONE, **PAYS), "quarantine"),
    "an outage": (evidence(OUTAGE, *STEADY), "quarantine"),
    "another unit": (evidence(UNIT, **PAYS), "quarantine"),
    "a flood of few authors": (evidence(FLOOD, guards=OLD), "quarantine"),
    "late posts alone": (evidence(*STEADY, LATE), "none"),
    "worse than the previous version": (evidence(*ROSE, **WORSE), "rollback"),
    "worse, and a gain": (evidence(**WORSE, **PAYS), "rollback"),
    "worse, on broken data": (evidence(HELD, **WORSE), "quarantine"),
    "worse, without numbers": (evidence(**(WORSE | {"paired": pair(math.inf, (math.inf,) * 3)})), "rollback"),
    "worse, but promoted long ago": (evidence(**(WORSE | {"promoted_at": NOW - 60 * DAY})), "none"),
    "worse, with nothing to go back to": (evidence(**(WORSE | {"previous": None})), "none"),
    "perhaps worse": (evidence(**(WORSE | {"paired": pair(99.0)})), "none"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_case_has_its_action(case):
    seen, action = CASES[case]
    assert decide(seen, SETTINGS).action == action


@pytest.mark.parametrize("case", CASES)
def test_every_decision_is_one_sentence_that_names_version_window_reason_and_what_is_done(case):
    seen, action = CASES[case]
    decision = decide(seen, SETTINGS)
    sentence = str(decision)
    assert sentence.startswith(f"engagement version 4, {seen.window}: ")
    assert sentence.endswith(DONE[action].format(version="version 4", previous="version 3") + ".")
    assert decision.reasons and all(reason.rstrip(".") in sentence for reason in decision.reasons)
    assert not [word for word in ("\n", "nan", "None", "inf ") if word in sentence]
    assert ". " not in sentence and ".." not in sentence and ";;" not in sentence.replace("; ", ";")
    assert not [word for word in sentence.split() if len(word.strip("(),;:")) > 24], "a raw float"


@pytest.mark.parametrize("case", CASES)
def test_the_ledger_can_keep_every_decision(case):
    kept = decide(CASES[case][0], SETTINGS).evidence
    assert json.loads(json.dumps(kept, allow_nan=False)) == kept


@pytest.mark.parametrize("spare", [{"guards": guarded(last_look_at=NOW - 40 * DAY, looks=1)}, ALARM])
@pytest.mark.parametrize(
    "brake",
    [{"spent": 9.95}, {"last_retrain_at": NOW - 3 * DAY}, {"refused_in_a_row": 3, "last_refused_at": NOW - 9 * DAY}],
)
def test_nothing_is_measured_while_retraining_is_held_back(spare, brake):
    free = evidence(**spare)
    assert wants_look(free, SETTINGS)
    assert not wants_look(replace(free, guards=replace(free.guards, **brake)), SETTINGS)


def test_a_gain_is_measured_while_the_cheaper_action_can_be_paid_and_what_cannot_is_said_to_be_held_back():
    assert wants_look(evidence(**ALARM, guards=SPENT), SETTINGS)
    said = str(decide(evidence(**ALARM, look=looked(gain("retrain", 0.1, 0.06)), guards=SPENT), SETTINGS))
    assert "than it costs, but 9.5 of the 10 that 30 days may cost is spent, and a retrain costs 1: nothing" in said


def test_nothing_is_measured_on_broken_data_or_for_a_champion_to_be_taken_back():
    assert not wants_look(evidence(GONE, **ALARM), SETTINGS)
    assert not wants_look(evidence(**ALARM, **WORSE), SETTINGS)
    assert not wants_look(evidence(), SETTINGS)


def test_a_champion_at_its_age_limit_is_looked_at_once_and_then_as_often_as_any():
    wants = [
        wants_look(evidence(guards=replace(OLD, last_look_at=last)), SETTINGS)
        for last in (None, NOW - DAY, NOW - 27 * DAY, NOW - 28 * DAY)
    ]
    assert wants == [True, False, False, True]
    young = Settings(cost=COST.model_copy(update={"stale_days": 10, "look_days": 1_000}))
    assert wants_look(evidence(guards=guarded(trained_at=NOW - 10 * DAY, last_look_at=None)), young)


@pytest.mark.parametrize(
    ("look", "guards", "words"),
    [
        (VAIN, OLD, "but a retrain would gain nothing: nothing is done"),
        (None, OLD, "but what a retrain would gain is measured first: nothing is done"),
        (PERHAPS, replace(OLD, spent=9.5), "but 9.5 of the 10 that 30 days may cost is spent"),
        (PERHAPS, OLD, "; a retrain would gain 0.005 (-0.010 to 0.020)"),
    ],
)
def test_what_becomes_of_a_champion_past_its_age_limit_is_said(look, guards, words):
    said = str(decide(evidence(*STEADY, guards=guards, look=look), SETTINGS))
    assert f"the champion learned 400 days ago, and the limit is 365{'' if words[0] == ';' else ', '}{words}" in said


def test_a_retrain_at_the_age_limit_is_the_one_that_was_measured():
    since = NOW - 9 * DAY
    decision = decide(evidence(guards=OLD, look=looked(gain("retrain", 0.005, -0.01, since=since))), SETTINGS)
    assert (decision.action, decision.since, decision.cut) == ("retrain", since, NOW - 4 * DAY)


def test_a_gain_is_measured_from_the_day_on_which_enough_labels_of_the_new_world_are_in():
    """Four days of labels that come two days late."""
    wants = {days: wants_look(evidence(**(ALARM | {"changed_at": NOW - days * DAY})), SETTINGS) for days in (5, 6, 7)}
    assert wants == {5: False, 6: True, 7: True}
    early = evidence(**(ALARM | {"changed_at": NOW - 5 * DAY}))
    assert measured_from(early) == NOW + DAY
    assert "is measured from 2012-04-12 on" in str(decide(early, SETTINGS))


def test_all_looks_at_a_champion_together_spend_no_more_than_the_false_gain():
    spent = [(1 - confidence(looks)) / 2 for looks in range(5_000)]
    assert sum(spent) <= FALSE_GAIN and sum(spent) > 0.99 * FALSE_GAIN
    assert spent == sorted(spent, reverse=True) and 0 < confidence(0) < confidence(10) < 1


def test_what_is_learned_and_judged_on_is_what_was_measured():
    since = NOW - 9 * DAY
    decision = decide(evidence(**ALARM, look=looked(gain("retrain", 0.1, 0.05, since=since))), SETTINGS)
    assert (decision.since, decision.cut) == (since, NOW - 4 * DAY)
    assert decision.evidence["since"] == since.isoformat() and "on posts since 2012-04-02" in str(decision)


def test_a_decision_of_another_policy_prints_without_evidence():
    said = str(Decision("none", ("The policy is never to retrain.",)))
    assert said == "The policy is never to retrain: nothing is done."


@pytest.mark.parametrize("performance", [True, False])
def test_what_called_for_a_look_is_named_before_what_moved_further_and_only_explains(performance):
    streams = (
        finding("feature", "topic_mean_90d", "drift", spent=1e20),
        finding("calibration", "coverage", "calibration", spent=1.01),
        finding(spent=0.2),
    )
    said = str(decide(evidence(alarm=replace(alarmed(*streams), performance=performance)), SETTINGS))
    assert ("calibration of coverage moved since" in said) == performance
    assert ("topic_mean_90d moved too" in said) == performance


@pytest.mark.parametrize(
    ("rise", "days", "words"),
    [
        (measure("performance", "loss_rise", 0.47, 0.05, True), 7, "the 7 days of version 4 are too few to tell"),
        (measure("performance", "loss_rise", 0.47, 0.05), 7, "the 7 days of version 4 are too few to tell"),
        (measure("performance", "loss_rise", 0.47, 0.05, True), 60, "what days have shown so far raises no alarm"),
        (measure("performance", "loss_rise", 0.47, 0.05), 60, "within what days differ by"),
        (measure("performance", "loss_rise", 0.02, 0.05), 7, "within what days differ by"),
    ],
)
def test_a_rise_without_an_alarm_is_explained_by_what_is_known(rise, days, words):
    serves = {"promoted_at": NOW - days * DAY, "guards": guarded(last_look_at=NOW - 3 * DAY)}
    assert words in str(decide(evidence(rise, **serves), SETTINGS))


def test_a_sure_gain_of_less_than_a_hundredth_of_the_loss_is_left_alone_and_said_to_be_small():
    small = looked(gain("retrain", 0.004, 0.003))
    decision = decide(evidence(**ALARM, look=replace(small, champion_loss=0.6), posts_per_day=1e6), SETTINGS)
    assert decision.action == "none"
    assert "more than it costs, but less than 1.0 % of the loss" in str(decision)


def test_a_gain_that_could_be_chance_is_measured_again_with_a_quarter_more_days():
    """Labels come two days late: there were eight days of them at the last look, and ten are wanted."""
    wants = {}
    for days in (9, 10):
        left_open = guarded(unsure=True, answers=1, last_answer_at=NOW - (days - 8) * DAY)
        seen = evidence(**ALARM | {"changed_at": NOW - (days + 2) * DAY, "guards": left_open})
        wants[days] = wants_look(seen, SETTINGS)
    assert wants == {9: False, 10: True}
