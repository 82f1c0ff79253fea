"""What the sentence of a decision says of the watch over a new champion."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from models.intervals import Interval
from monitoring.decide import decide
from monitoring.evidence import Evidence
from monitoring.paired import Early, Paired
from monitoring.watch_wording import verdict_of
from trimtab.settings import Settings, Watch
from trimtab.windows import Window, utc

NOW, DAY = utc("2012-05-11"), timedelta(days=1)
SETTINGS = Settings()
PAIR = Paired(Interval(0.001, -0.004, 0.006), 4_200, 0.3, 100.0, 9)
YOUNG = Evidence(
    "engagement",
    "4",
    Window(NOW - 7 * DAY, NOW),
    NOW,
    4_000,
    (),
    promoted_at=NOW - 11 * DAY,
    previous="3",
    watched=True,
    paired=PAIR,
)
OLD = replace(YOUNG, promoted_at=NOW - 28 * DAY)
GAP = Early(Interval(0.05, 0.02, 0.08), 300)


@pytest.mark.parametrize(
    ("seen", "verdict", "words"),
    [
        (YOUNG, None, "nothing is done."),
        (replace(YOUNG, paired=replace(PAIR, ended="better")), "better", "it is better, and the watch over it ends"),
        (
            replace(YOUNG, paired=replace(PAIR, ended="no worse")),
            "no worse",
            "on the same 4,200 mature posts its loss less that of version 3 is 0.001 (-0.004 to 0.006): "
            "it is not worse by 2.0 %, and the watch over it ends 11 days after its promotion",
        ),
        (OLD, "undecided", "neither is surely the better one, and the watch over it ends 28 days after its promotion"),
        (replace(OLD, paired=None), "undecided", "undecided, for want of mature posts that version 3 scored too"),
        (replace(OLD, watched=False), None, "nothing is done."),
        (replace(YOUNG, paired=replace(PAIR, evidence=200.0)), "worse", "is to be put back in place of version 4"),
        (
            replace(YOUNG, early=GAP),
            None,
            "early warning: on 300 posts whose labels are still to come its loss is estimated to be "
            "0.050 (0.020 to 0.080) higher than that of version 3: nothing is done.",
        ),
        (replace(YOUNG, early=replace(GAP, silent=7)), None, "it gives 7 no number, and version 3 does"),
        (replace(YOUNG, early=replace(GAP, gap=None, silent=7)), None, "it gives 7 no number"),
    ],
)
def test_what_a_watch_comes_to_is_said(seen, verdict, words):
    decision = decide(seen, SETTINGS)
    assert verdict_of(seen, SETTINGS) == verdict
    assert words in str(decision)
    assert decision.action == ("rollback" if verdict == "worse" else "none")
    assert json.loads(json.dumps(decision.evidence, allow_nan=False)) == decision.evidence


@pytest.mark.parametrize("early", [None, replace(GAP, gap=None), Early(Interval(0.05, -0.01, 0.11), 300)])
def test_without_a_sure_rise_nobody_is_warned(early):
    decision = decide(replace(YOUNG, early=early), SETTINGS)
    assert "early warning" not in str(decision) and "early_warning" not in decision.evidence


def test_a_rollback_needs_no_warning_besides():
    worse = replace(YOUNG, paired=replace(PAIR, evidence=200.0), early=GAP)
    assert "early warning" not in str(decide(worse, SETTINGS))


@pytest.mark.parametrize(("days", "action"), [(12, "rollback"), (18, "rollback"), (19, "none")])
def test_a_watch_of_some_days_is_judged_by_the_window_that_it_ends_in(days, action):
    seen = replace(YOUNG, promoted_at=NOW - days * DAY, paired=replace(PAIR, evidence=200.0))
    assert decide(seen, Settings(watch=Watch(days=11.5))).action == action
