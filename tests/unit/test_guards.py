"""The brakes of automatic retraining: read from the ledger, said in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from models.blocked import blocked_windows
from monitoring.evidence import Guards
from monitoring.guards import guards_of, held_back, stale
from trimtab.ledger import Ledger
from trimtab.settings import Cost

NOW = datetime(2024, 5, 1, tzinfo=UTC)
COST = Cost(retrain_cost=2, recalibrate_cost=0.5, monthly_cap=7, cool_down_days=7, breaker_refusals=3, breaker_days=28)
IDLE = Guards(trained_at=NOW - timedelta(days=100))


def ago(days):
    return NOW - timedelta(days=days)


class Book:
    """A ledger that is written in days before NOW."""

    def __init__(self, path):
        self.ledger, self.count = Ledger(path / "ledger.db"), 0

    def add(self, kind, days, version="1", work=None, **evidence):
        self.count += 1
        key = f"{kind}/tiny/{work or self.count}"
        about = {"at": ago(days), "model": "tiny", "version": version, "actor": "x", "reason": "y"}
        return self.ledger.append(kind, evidence=evidence, key=key, **about)

    def decided(self, action, ends, days=None):
        start, end = ago(ends + 1).isoformat(), ago(ends).isoformat()
        self.add("decision", ends if days is None else days, action=action, window_start=start, window_end=end)

    def guards(self, version="1", as_of=NOW):
        return guards_of(self.ledger, "tiny", version, ago(100), as_of, COST)

    def blocked(self, as_of=NOW):
        return [window.end for window in blocked_windows(self.ledger, "tiny", as_of)]


@pytest.fixture
def book(tmp_path):
    return Book(tmp_path)


def test_an_empty_ledger_holds_nothing_back(book):
    guards = book.guards()
    assert guards == Guards(trained_at=ago(100))
    assert held_back(guards, NOW, COST) is None and stale(guards, NOW, COST) is None


def test_each_piece_of_work_of_thirty_days_is_paid_for_once(book):
    book.add("retrain_started", 31, work="old")
    book.add("retrain_started", 20, work="a", what="retrain")
    book.add("trained", 20, work="a")
    book.add("retrain_started", 10, work="b", what="recalibrate")
    book.add("trained", 9, work="by hand")
    book.add("trained", 8, work="by hand too", base="1")
    assert book.guards().spent == 2 + 0.5 + 2 + 0.5
    assert book.guards().last_retrain_at == ago(8)


def test_refusals_by_gates_and_by_people_are_counted_since_the_last_promotion(book):
    book.add("promotion_refused", 40)
    book.add("promoted", 30)
    book.add("promotion_refused", 20)
    book.add("refused", 10)
    book.add("promotion_refused", 5, intention=3)
    guards = book.guards()
    assert (guards.refused_in_a_row, guards.last_refused_at) == (2, ago(10))


def test_looks_are_those_at_the_champion_of_now(book):
    book.add("decision", 30, version="1", look={"rows": 400, "gains": {"retrain": [0, 0, 0]}})
    book.add("decision", 20, version="2", look={"rows": 400, "gains": {"retrain": [0, 0, 0]}}, alarm={"calls": True})
    book.add("decision", 15, version="2", look={"rows": 400, "gains": {"retrain": [0, 0, 0]}}, alarm={"calls": False})
    book.add("decision", 10, version="2", alarm={"calls": True})
    guards = book.guards("2")
    assert (guards.looks, guards.last_look_at) == (2, ago(15))
    assert (guards.answers, guards.last_answer_at) == (1, ago(20))


def test_what_was_done_at_the_moment_itself_or_later_is_not_seen(book):
    book.add("trained", 0)
    book.add("promotion_refused", 0)
    book.add("decision", 0, look={"rows": 400, "gains": {"retrain": [0, 0, 0]}})
    book.add("retrain_started", -3)
    assert book.guards() == Guards(trained_at=ago(100))


def test_a_look_and_a_training_each_start_a_rest(book):
    for guards in (replace(IDLE, answers=1, last_answer_at=ago(2.9)), replace(IDLE, last_retrain_at=ago(6.9))):
        assert "rests until 2024-05-01" in held_back(guards, NOW, COST)
    assert held_back(replace(IDLE, answers=1, last_answer_at=ago(3), last_retrain_at=ago(8)), NOW, COST) is None


def test_a_gain_that_could_not_be_told_from_chance_is_measured_again_a_day_later():
    unsure = replace(IDLE, answers=3, unsure=True, last_answer_at=ago(0.9))
    assert "rests until" in held_back(unsure, NOW, COST)
    assert held_back(replace(unsure, last_answer_at=ago(1)), NOW, COST) is None


def test_each_alarm_that_ended_in_nothing_doubles_the_rest_up_to_the_usual_time_between_looks():
    days = Cost(cool_down_days=7, look_days=20)
    for answers, rest in ((1, 3), (2, 6), (3, 12), (4, 20), (9, 20)):
        guards = replace(IDLE, answers=answers, last_answer_at=ago(rest - 0.1))
        assert held_back(guards, NOW, days) is not None
        assert held_back(guards, NOW + timedelta(days=0.1), days) is None


def test_a_month_may_cost_so_much_and_no_more():
    assert held_back(replace(IDLE, spent=5), NOW, COST) is None
    assert "5.5 of the 7" in held_back(replace(IDLE, spent=5.5), NOW, COST)
    assert held_back(replace(IDLE, spent=5.5), NOW, COST, "recalibrate") is None
    assert held_back(replace(IDLE, spent=6.6), NOW, COST, "recalibrate").endswith("and a recalibration costs 0.5")


def test_three_refusals_open_the_breaker_for_four_weeks():
    twice = replace(IDLE, refused_in_a_row=2, last_refused_at=ago(8))
    assert held_back(twice, NOW, COST) is None
    thrice = replace(IDLE, refused_in_a_row=3, last_refused_at=ago(8))
    assert held_back(thrice, NOW, COST) == (
        "3 challengers in a row were refused, so no other is trained until 2024-05-21"
    )
    assert held_back(replace(thrice, last_refused_at=ago(28)), NOW, COST) is None


def test_an_old_champion_is_stale_unless_a_challenger_was_refused_of_late():
    old = Guards(trained_at=ago(365))
    assert stale(old, NOW, COST) == "the champion learned 365 days ago, and the limit is 365"
    assert stale(replace(old, last_refused_at=ago(100)), NOW, COST) is None
    assert stale(Guards(trained_at=ago(364)), NOW, COST) is None
    assert stale(Guards(), NOW, COST) is None


def test_a_quarantined_window_is_blocked_until_it_is_decided_otherwise(book):
    book.decided("quarantine", ends=9)
    book.decided("quarantine", ends=5)
    book.decided("none", ends=3)
    assert book.blocked() == [ago(9), ago(5)]
    assert book.blocked(as_of=ago(6)) == [ago(9)]
    book.decided("none", ends=9, days=2)
    assert book.blocked() == [ago(5)]
    assert book.blocked(as_of=ago(3)) == [ago(9), ago(5)]


def test_a_decision_that_names_no_window_blocks_nothing(book):
    book.add("decision", 4, action="quarantine")
    assert book.blocked() == []
