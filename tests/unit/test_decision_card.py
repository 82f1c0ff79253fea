"""The card that a reviewer decides by: all of it, within what MLflow shows."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from models.card import LIMIT_CHARS, description, on_top
from models.case import Case
from models.decision_card import decision_card
from models.evaluate import compare
from models.gates import Gate, GatesReport
from models.intervals import Interval
from models.scores import SliceDelta
from tests.tiny_model import MODEL, frame
from trimtab.ledger import Entry
from trimtab.settings import Cost

AT = datetime(2012, 4, 21, tzinfo=UTC)
HOW = "set the tag `trimtab.review` to `approved`"
PARAMS = {"trained_rows": "8377", "trained_to": "2012-04-01", "rounds": "20", "num_leaves": "7", "data.posts": "12"}


@pytest.fixture(scope="module")
def comparison():
    """Version 7 is better than 6 on short posts, and on long ones a little worse, which can be chance."""
    rows = frame(2000)
    before = rows[["target"]].rename(columns={"target": "value"}).assign(low=0.0, high=9.0)
    six, seven = before.assign(value=before["value"] + 0.3), before.assign(value=before["value"] + 0.1)
    return compare(MODEL, "6", "7", rows, six, seven)


def asked_by(**evidence):
    window = {"window_start": "2012-04-14T00:00:00+00:00", "window_end": "2012-04-21T00:00:00+00:00", "rows": 700}
    sentence = "tiny version 6: the loss has been too high since 2012-04-15: a challenger is to be trained."
    return Entry(9, AT, "decision", "tiny", "6", None, "monitor flow", sentence, window | evidence)


@pytest.fixture
def case(comparison):
    alarm = {
        "raised": True,
        "changed_at": "2012-04-15T00:00:00+00:00",
        "streams": {"drift text_chars": 654600.0, "loss mean_loss": 3.4},
    }
    return Case(
        model="tiny",
        version="7",
        champion="6",
        at=AT,
        reason="the loss rose",
        price=1.0,
        params=PARAMS | {"trained_rows": "9100", "trained_to": "2012-04-14"},
        before=PARAMS,
        comparison=comparison,
        gates=GatesReport((Gate("better", True, "-0.2", "below 0", "It is better."),)),
        decision=asked_by(alarm=alarm, action="retrain"),
        cost=Cost(error_cost=0.5, payback_days=10),
    )


def delta(name, value, low, high, rows=500):
    return SliceDelta("platform", name, rows, 1.0, 1.0 + value, Interval(value, low, high))


def test_a_card_tells_what_changed_and_nothing_that_did_not(case):
    card = decision_card(case)
    assert "| `trained_rows` | 8377 | 9100 |" in card
    assert "| `trained_to` | 2012-04-01 | 2012-04-14 |" in card
    assert "rounds" not in card
    assert "data.posts" not in card


def test_a_card_tells_why_now_in_the_words_of_the_decision(case):
    assert "### Why now\n\ntiny version 6: the loss has been too high since" in decision_card(case)
    by_hand = replace(case, decision=None)
    assert "Asked for without a decision of the monitor: the loss rose" in decision_card(by_hand)


def test_a_card_tells_what_the_gain_is_worth_against_what_it_cost(case):
    card = decision_card(case)
    assert (
        "Making it cost 1.00. The gain is worth 100.00 (100.00 to 100.00) in 10 days of 100 posts each: +99.00" in card
    )
    assert "for every 1,000 posts that it scores" in decision_card(replace(case, decision=None))


def test_a_card_shows_the_streams_that_moved(case):
    card = decision_card(case)
    assert "An alarm was raised. The world moved about 2012-04-15." in card
    assert "| loss mean_loss | 3.4 |" in card
    assert "| drift text_chars | over 10 |" in card


def test_a_card_warns_of_slices_that_are_worse_and_of_what_was_not_judged(case, comparison):
    parts = (delta("forum", 0.2, -0.1, 0.5, rows=40), delta("wall", 0.3, 0.1, 0.5), delta("reddit", -0.2, -0.3, -0.1))
    gates = GatesReport((*case.gates.gates, Gate.unjudged("calibrated", "an error below 0.1", "Few posts.")))
    risky = replace(case, comparison=replace(comparison, slices=parts, left_out=3), gates=gates)
    card = decision_card(risky)
    assert "- Worse, beyond chance, on 1 slice: platform wall +0.300." in card
    assert "- Worse, though it can be chance, on 1 slice: platform forum +0.200." in card
    assert "- Judged on few posts: platform forum (40)." in card
    assert "- Not judged: 3 slices with fewer than 30 posts." in card
    assert "- Gate calibrated: " in card
    assert "Few posts." in card


def test_a_card_says_so_where_no_risk_was_found(case, comparison):
    safe = replace(case, comparison=replace(comparison, slices=(delta("reddit", -0.2, -0.3, -0.1),)))
    assert "- None was found in what could be judged." in decision_card(safe)


def test_a_first_version_has_nothing_to_be_compared_with(case):
    card = decision_card(replace(case, champion=None, before={}, comparison=None, decision=None))
    assert "No version of tiny served before: there is nothing to compare with." in card
    assert "until then nothing serves" in card
    assert "png" not in card


def test_the_fullest_card_is_shown_whole_with_how_to_approve(case, comparison):
    long = "w" * 90
    parts = tuple(delta(f"{long}{n}", 0.01 * n, -0.1, 0.5, rows=40 + n) for n in range(60))
    parts += tuple(delta(f"{long}{n}", 0.1 * n, 0.01, 0.9) for n in range(1, 40))
    sentence = " ".join(["a challenger is to be trained"] * 100)
    gates = tuple(
        Gate(f"gate number {n}", True, "-0.123 (-0.456 to -0.001)", "a bound of 0.123", sentence) for n in range(8)
    )
    gates += tuple(Gate.unjudged(f"gate {n}", "a bound of 0.123", sentence) for n in range(2))
    streams = {f"drift {long}{n}": 9.9 for n in range(8)}
    full = replace(
        case,
        params={f"{long}{n}": long for n in range(40)},
        comparison=replace(comparison, slices=parts, left_out=40),
        gates=GatesReport(gates),
        decision=replace(
            asked_by(alarm={"raised": True, "streams": streams}, unjudged=[sentence] * 9), reason=sentence
        ),
    )
    shown = description(on_top(decision_card(full), "the card of the training " * 400), "f" * 32)
    assert len(shown) <= LIMIT_CHARS
    assert HOW in shown
    assert "`trimtab refuse tiny 7 --reason" in shown
    assert "`trimtab.review.reason`" in shown
