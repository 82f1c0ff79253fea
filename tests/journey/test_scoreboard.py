"""A subset of the scoreboard: incidents injected into a simulated world, and what the loop did about them.

The bars are held on many more seeds by `make scoreboard`; here each scenario is lived through on two.
"""

from functools import cache

import pytest

from benchmarks.incidents.board import lines, right_rate, unneeded_a_year
from benchmarks.incidents.run import Played, judged, play
from benchmarks.incidents.scenario import Scenario, scenarios
from monitoring.backtest import Course
from trimtab.settings import Settings

SEEDS = (0, 1)
QUIET = ("nothing_happens", "weekly_season", "heavy_tails", "viral_day", "holiday", "late_labels")
BROKEN = ("unit_change", "null_column", "few_authors")
MOVED = ("sudden_concept_drift", "calibration_only", "label_shift", "vocabulary_replaced", "bad_release")


@cache
def played(name: str) -> tuple[Played, ...]:
    return tuple(run for seed in SEEDS for run in play(scenarios()[name], seed, ("budgeted",), Settings()))


@pytest.mark.parametrize("name", QUIET)
def test_nothing_is_made_anew_where_nothing_is_to_be_gained(name):
    assert [run.acted for run in played(name)] == [{}] * len(SEEDS)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_data_is_held_and_never_learned_from(name):
    assert all(run.right and set(run.acted) == {"quarantine"} and not run.on_broken for run in played(name))


def test_what_moved_is_answered_with_the_right_action_in_time():
    runs = [run for name in MOVED for run in played(name)]
    assert right_rate(runs) >= 0.9, lines(runs)
    assert not [run for run in runs if run.wrong]


@pytest.mark.parametrize("name", ["doubled_column", "doubled_loss"])
def test_a_doubling_is_found_within_three_windows_and_not_retrained(name):
    assert all(run.found and run.acted == {} for run in played(name))


def test_the_policies_of_one_seed_share_the_first_version_and_are_judged_alike():
    runs = play(scenarios()["outage"], 0, ("never", "calendar:28d"), Settings())
    assert [run.policy for run in runs] == ["never", "calendar:28d"]
    assert runs[0].right and runs[0].unneeded == 0
    assert not runs[1].right and runs[1].unneeded == 2
    assert unneeded_a_year(runs[1:]) == pytest.approx(2 / (60 / 365.25))


def course(scenario: Scenario, acts: dict[int, str]) -> Course:
    """A course that did these things at the ends of these windows."""
    ends = [scenario.world.moment(scenario.start_day + number) for number in range(1, scenario.windows + 1)]
    windows = [{"end": end, "decision": acts.get(number, "none"), "seconds": 0.0} for number, end in enumerate(ends, 1)]
    return Course("someone", windows)


def test_a_run_is_right_only_with_the_right_action_in_time_and_no_other():
    scenario = scenarios()["sudden_concept_drift"]
    known = scenario.onset - scenario.start_day + 2  # windows until the first labels of the new world
    for acts, right in (
        ({known + 4: "retrain"}, True),
        ({known + 4: "recalibrate"}, False),
        ({known + 9: "retrain"}, False),
        ({2: "retrain", known + 4: "retrain"}, False),
        ({}, False),
    ):
        assert judged(scenario, 0, course(scenario, acts)).right == right, acts
