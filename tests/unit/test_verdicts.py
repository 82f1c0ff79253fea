"""Past decisions judged by the labels that came after them."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from models.blocked import blocked_windows
from models.history import History
from monitoring.bench import Bench
from monitoring.shadow import Shadow
from monitoring.verdicts import judge_decisions, lines, summary
from tests.tiny_model import MODEL
from trimtab.ledger import Ledger
from trimtab.settings import Cost
from trimtab.windows import Window, utc

START = utc("2024-01-01")
DAYS, A_DAY = 60, 40
COST = Cost(retrain_cost=1, recalibrate_cost=0.1, error_cost=0.01, payback_days=28)
ERRORS = {"1": 0.3, "2": 0.1, "3": 0.5, "nan": np.nan, "4": 0.1}  # mean loss of each version
SILENT = {"4": np.nan}  # on every fourth post


def day(number):
    return START + timedelta(days=number)


def history(until=DAYS):
    at = pd.date_range(START, periods=until * A_DAY, freq="36min").as_unit("us")
    posts = pd.DataFrame({"post_id": [f"p{i}" for i in range(len(at))], "event_timestamp": at, "published_at": at})
    noise = np.random.default_rng(0).normal(0, 0.02, len(at))
    known = at + timedelta(hours=48)
    return History(posts, pd.DataFrame({"post_id": posts["post_id"], "target": noise, "label_known_at": known}))


class Past:
    """A ledger of one model, written in days."""

    def __init__(self, path):
        self.ledger = Ledger(path / "ledger.db")

    def add(self, kind, at, version=None, previous=None, **evidence):
        about = {"model": "tiny", "actor": "x", "reason": "y", "version": version, "previous": previous}
        return self.ledger.append(kind, at=day(at), evidence=evidence, **about)

    def decided(self, action, at, version="1", **more):
        window = {"window_start": day(at - 1).isoformat(), "window_end": day(at).isoformat()}
        return self.add("decision", at, version, action=action, **window, **more)

    def judged(self, as_of=DAYS):
        def predict(version, rows):
            value = np.where(np.arange(len(rows)) % 4 == 0, SILENT.get(version, 0.0), 0.0) + ERRORS[version]
            return pd.DataFrame({"value": value}, index=rows.index)

        shadow = Shadow(MODEL, history(), predict, day(as_of))
        return judge_decisions(Bench(self.ledger.entries(), shadow, COST, timedelta(days=7)))


@pytest.fixture
def past(tmp_path):
    return Past(tmp_path)


def test_a_retrain_that_made_things_better_was_worth_its_cost(past):
    past.decided("retrain", 20)
    past.add("trained", 20, "2")
    past.add("promoted", 20, "2", "1")
    (only,) = past.judged()
    assert only.verdict == "worth it"
    assert only.gap.per_post.value == pytest.approx(0.2, abs=0.01)
    assert only.saved.value == pytest.approx(0.2 * 28 * A_DAY * 0.01 - 1, rel=0.05)
    assert only.saved.low <= only.saved.value <= only.saved.high
    assert "Version 2 in place of 1: saved 1.2" in only.sentence


def test_a_challenger_that_waited_for_review_is_judged_from_when_it_served(past):
    past.decided("retrain", 20)
    past.add("trained", 20, "2")
    past.add("review_wanted", 20, "2", "1")
    past.decided("none", 22)
    past.add("promoted", 30, "2", "1", review=3)
    (_, retrain) = past.judged()
    assert retrain.verdict == "worth it"
    assert retrain.saved.value == pytest.approx(0.2 * 18 * A_DAY * 0.01 - 1, rel=0.05)


@pytest.mark.parametrize(
    ("ends", "verdict"), [([], "not known yet"), ([("review_ended", {"how": "refused"})], "not worth it")]
)
def test_a_challenger_that_waits_is_not_judged_and_one_that_a_person_refused_lost_its_cost(past, ends, verdict):
    past.decided("retrain", 20)
    past.add("review_wanted", 20, "2", "1")
    past.decided("none", 22)
    for kind, evidence in ends:
        past.add(kind, 23, "2", "1", **evidence)
    assert past.judged()[-1].verdict == verdict


def test_a_recalibration_costs_less_and_a_bad_promotion_loses_until_it_is_rolled_back(past):
    past.decided("recalibrate", 20)
    past.add("trained", 20, "3", base="1")
    past.add("promoted", 20, "3", "1")
    past.decided("rollback", 25, "3")
    past.add("rolled_back", 25, "1", "3")
    back, made = past.judged()
    assert made.verdict == "not worth it"
    assert made.saved.value == pytest.approx(-0.2 * 5 * A_DAY * 0.01 - 0.1, rel=0.05)
    assert back.verdict == "right"
    assert back.saved.value == pytest.approx(0.2 * 28 * A_DAY * 0.01, rel=0.05)


def test_a_rollback_from_a_version_that_gives_no_numbers_was_right(past):
    past.decided("rollback", 25, "nan")
    past.add("rolled_back", 25, "1", "nan")
    (only,) = past.judged()
    assert only.verdict == "right"
    assert only.plain()["saved"] == [None, None, None], "JSON has no infinity"


def test_posts_that_the_new_version_gives_no_number_for_are_left_out_and_counted(past):
    past.decided("retrain", 20)
    past.add("promoted", 20, "4", "1")
    (only,) = past.judged()
    whole = 28 * A_DAY
    assert (only.gap.rows, only.gap.silent) == (whole * 3 // 4, whole // 4)
    assert f"({whole * 3 // 4} labelled, {whole // 4} more without a number)" in only.sentence


def test_a_rollback_that_monitor_and_watch_decided_is_judged_once(past):
    past.decided("rollback", 25, "3", looked_at="watch")
    past.decided("rollback", 25.5, "3")
    past.add("rolled_back", 26, "1", "3")
    past.add("promoted", 27, "3", "1")
    past.decided("rollback", 30, "3")
    past.add("rolled_back", 30, "1", "3")
    third, second, first = past.judged()
    assert [each.verdict for each in (first, second, third)] == ["right", "not known yet", "right"]
    assert second.saved is None and "had been decided before" in second.sentence


def test_a_look_of_the_watch_gives_no_quarantined_window_back(past):
    past.decided("quarantine", 25)
    past.decided("rollback", 25, looked_at="watch")
    assert [str(window.end) for window in blocked_windows(past.ledger, "tiny", day(30))] == [str(day(25))]
    assert past.judged()[-1].verdict == "not known yet"
    past.decided("none", 25)
    assert blocked_windows(past.ledger, "tiny", day(30)) == ()


def test_a_rollback_to_a_worse_version_was_wrong(past):
    past.decided("rollback", 25, "2")
    past.add("rolled_back", 25, "1", "2")
    assert past.judged()[0].verdict == "wrong"


def test_a_refused_challenger_lost_its_cost_and_no_more(past):
    past.decided("retrain", 20)
    past.add("promotion_refused", 20, "3", "1")
    (only,) = past.judged()
    assert (only.verdict, only.saved.value, only.gap) == ("not worth it", -1, None)


def test_a_silence_is_held_against_the_next_version_on_posts_that_it_never_learned(past):
    past.decided("none", 24, look={"rows": 400})
    past.decided("retrain", 30)
    past.add("trained", 30, "2")
    past.add("promoted", 30, "2", "1")
    silence = past.judged()[1]
    assert (silence.verdict, silence.against) == ("wrong", "2")
    assert silence.gap.rows == (52 - 24) * A_DAY, "from the decision until the payback is over"
    assert silence.gap.posts == 28 * A_DAY


def test_a_look_that_led_to_nothing_was_right_where_the_next_version_did_no_better(past):
    past.decided("none", 14, look={"rows": 400})
    past.decided("none", 15, alarm={"raised": True})
    past.decided("none", 16)
    past.add("trained", 20, "3")
    judged = past.judged()
    assert [each.verdict for each in judged] == ["right"] * 3
    assert summary("tiny", judged).startswith("3 decisions on tiny: saved 2 retrains that would not have paid")


def test_days_of_silence_before_one_retrain_are_one_mistake(past):
    for at in (17, 18, 19):
        past.decided("none", at)
    past.add("trained", 20, "2")
    judged = past.judged()
    assert [each.verdict for each in judged] == ["wrong"] * 3
    dearest = max(each.saved.value for each in judged)
    assert f"lost {dearest:.2f};" in summary("tiny", judged)


def test_a_silence_is_not_held_against_a_version_that_has_seen_what_came_after_it(past):
    past.decided("none", 20)
    past.add("trained", 30, "2")
    (only,) = past.judged()
    assert only.verdict == "not known yet" and only.saved is None
    assert "had learned what came after it" in only.sentence


def test_a_silence_that_no_version_followed_is_not_known_yet(past):
    past.decided("none", 20)
    past.add("trained", 49, "2")
    (only,) = past.judged()
    assert only.verdict == "not known yet" and only.saved is None


def test_a_decision_whose_labels_have_not_come_is_not_known_yet(past):
    past.decided("retrain", 55)
    past.add("promoted", 55, "2", "1")
    (only,) = past.judged(as_of=56)
    assert only.verdict == "not known yet"
    assert past.judged(as_of=60)[0].gap is not None


def test_a_retrain_that_was_never_carried_out_is_said_to_be(past):
    past.decided("retrain", 20)
    past.decided("none", 21)
    past.add("promoted", 21, "2", "1")
    assert past.judged()[1].sentence == "The retrain was not carried out."


def test_a_quarantine_says_how_many_posts_it_kept_out_and_was_wrong_once_it_is_lifted(past):
    past.decided("quarantine", 20)
    assert past.judged()[0].sentence == f"{A_DAY} posts are kept out of every training."
    window = Window(day(19), day(20))
    ends = {"window_start": window.start.isoformat(), "window_end": window.end.isoformat()}
    past.add("decision", 22, "1", action="none", **ends)
    assert past.judged()[1].verdict == "wrong"


def test_nothing_decided_is_one_sentence_and_a_table_has_a_line_a_decision(past):
    assert summary("tiny", past.judged()) == "Nothing has been decided for tiny yet."
    assert lines([]) == []
    past.decided("none", 20)
    past.decided("quarantine", 21)
    table = lines(past.judged())
    assert len(table) == 3 and table[0].startswith("window ended") and "quarantine" in table[1]
