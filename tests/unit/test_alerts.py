from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.alerts import FAILURES, alerts
from monitoring.telling import MOST, Message, Told, due, messages, tampered, told
from trimtab.addresses import Addresses
from trimtab.chain import Fault, Verification
from trimtab.entry import Entry

START = datetime(2024, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOME = Path("/home/trimtab")
AT = Addresses(mlflow="http://mlflow", page="http://page")
LISTENING = Entry(0, START, "alerted", "-", None, None, "alerts", "", {"listening": True, "receivers": ["a"]})


class Past:
    """A ledger in memory, and a receiver that is told what is due."""

    def __init__(self, least="warning", start=(LISTENING,)):
        self.entries, self.least, self.sent = list(start), least, []

    @property
    def now(self):
        return START + len(self.entries) * HOUR

    def add(
        self, kind, model="tiny", version="2", previous="1", actor="monitor flow", why="It is so.", at=None, **told
    ):
        self.entries.append(
            Entry(len(self.entries) + 1, at or self.now, kind, model, version, previous, actor, why, told)
        )
        return self.entries[-1]

    def decide(self, action, model="tiny", **more):
        day = f"{self.now:%Y-%m-%dT%H}"
        return self.add("decision", model, action=action, window_start=day, window_end=day, **more)

    def fail(self, flow="ingest", subject="reddit", model="-"):
        return self.add("run_failed", model, None, None, f"{flow} flow", flow=flow, subject=subject)

    def recover(self, flow="ingest", subject="reddit"):
        return self.add("run_recovered", "-", None, None, f"{flow} flow", f"{flow} works.", flow=flow, subject=subject)

    def alerts(self):
        return alerts(self.entries, AT, HOME)

    def tell(self, takes=True, receiver="a"):
        """The messages that are due; the receiver takes them, or none."""
        found = messages(due(self.alerts(), receiver, told(self.entries), self.least, self.now))
        if takes:
            self.sent += found
            for alert in (alert for message in found for alert in message.alerts):
                self.add("alerted", alert.model, alert=alert.key, receivers=[receiver])
        return [message.sentence for message in found]


def test_a_window_that_needs_nothing_is_not_told():
    past = Past(least="info")
    past.decide("none")
    assert past.tell() == []


def test_a_quarantine_is_told_once_for_consecutive_windows_and_its_end_once():
    past = Past()
    past.decide("quarantine", why="Rows were refused: nothing is learned.")
    assert past.tell() == ["Rows were refused: nothing is learned."]
    past.decide("quarantine")
    assert past.tell() == []
    past.decide("none")
    assert "look sound again" in past.tell()[0]
    past.decide("none")
    assert past.tell() == []
    past.decide("quarantine")
    assert len(past.tell()) == 1


def test_a_quarantine_that_a_person_lifted_names_who_did_it():
    past = Past()
    past.decide("quarantine")
    past.tell()
    past.decide("none", actor="command line", why="The source was fine.")
    assert "command line let it learn" in past.tell()[0]


def test_a_lifted_quarantine_ends_nothing_of_what_was_decided_on_the_model():
    past = Past(least="info")
    past.decide("quarantine")
    past.decide("retrain", why="Its loss is higher.")
    past.tell()
    past.decide("none", version=None, actor="command line", why="The source was fine.")
    past.decide("retrain", why="Its loss is higher still.")
    assert past.tell() == []
    past.add("promoted", version="3", previous="2")
    assert [alert.instead_of for alert in past.alerts() if alert.key.startswith("promoted/")] == [("decided/tiny/3",)]


def test_a_retrain_that_broke_is_told_once_and_another_failure_of_act_for_itself():
    past = Past()
    past.decide("retrain")
    past.add("acted", actor="act flow", why="It broke with ValueError: x", decision=1, action="retrain", done="not")
    past.fail("act", "tiny", "tiny")
    assert past.tell() == ["tiny: no retrain was made. It broke with ValueError: x."]
    past.fail("act", "tiny", "tiny")
    assert past.tell() == ["act of tiny failed: It is so."]


def test_an_earlier_window_judged_later_does_not_end_a_quarantine():
    past = Past()
    earlier = f"{past.now - 9 * HOUR:%Y-%m-%dT%H}"
    past.decide("quarantine")
    past.tell()
    past.add("decision", action="none", window_end=earlier)
    assert past.tell() == []


def test_a_rollback_that_is_carried_out_before_anybody_was_told_is_told_once():
    past = Past()
    past.decide("rollback", why="2 is worse: 1 is to be put back.")
    past.add("rolled_back", version="1", previous="2", why="2 is worse")
    assert past.tell() == ["tiny 2 was taken back by monitor flow and version 1 serves again: 2 is worse."]
    assert past.sent[0].severity == "critical"
    past.decide("none", version="1")
    assert "steady since the rollback" in past.tell()[0]


def test_a_rollback_that_was_told_as_decided_is_told_again_as_done():
    past = Past()
    past.decide("rollback", why="1 is to be put back.")
    past.tell()
    past.add("rolled_back", version="1", previous="2")
    assert "serves again" in past.tell()[0]


def test_a_rollback_by_a_person_is_a_warning_that_names_the_person():
    past = Past()
    past.add("rolled_back", version="1", previous="2", actor="command line")
    assert "command line" in past.tell()[0] and past.sent[0].severity == "warning"


def test_a_flow_that_goes_on_failing_is_critical_once():
    past = Past()
    for _ in range(FAILURES + 2):
        past.fail()
        past.tell()
    assert [message.severity for message in past.sent] == ["warning", "critical"]
    past.recover()
    assert past.tell() == ["ingest works."] and past.sent[-1].over


def test_a_flow_that_failed_and_works_before_anybody_was_told_is_not_told():
    past = Past()
    past.fail()
    past.recover()
    assert past.tell() == []


def test_a_quarantine_that_was_over_before_anybody_was_told_is_told_with_its_end_in_one_message():
    past = Past()
    past.decide("quarantine", why="Rows were refused.")
    past.decide("none")
    (said,) = past.tell()
    assert said.startswith("Rows were refused. Over since ") and "sound again" in said
    assert past.tell() == []


def test_failures_of_different_sources_are_different_troubles():
    past = Past()
    past.fail(subject="reddit")
    past.fail(subject="tiktok")
    assert len(past.tell()) == 2
    past.recover(subject="reddit")
    assert past.tell() == ["ingest works."]


def test_refusals_are_news_until_the_breaker_stops_retraining():
    past = Past()
    for version in "345":
        past.add("promotion_refused", version=version, why="No better.")
    (said,) = past.tell()
    assert said.startswith("tiny: 3 challengers in a row were refused, so no other is trained by itself")
    past.add("promoted", version="6", previous="1")
    assert "trained by themselves again" in past.tell()[0]


def test_a_version_that_waits_is_told_until_a_person_has_spoken():
    past = Past()
    wanted = past.add("review_wanted", version="3", previous="2")
    assert "waits for a person; version 2 keeps serving" in past.tell()[0]
    past.add("promoted", version="3", previous="2", actor="Ada", review=wanted.id)
    past.add("review_ended", version="3", actor="Ada", why="approved: Fine.", review=wanted.id, how="approved")
    assert past.tell() == ["tiny 3 was approved by Ada and serves: Fine."]


def test_a_champion_taken_off_by_hand_is_critical_until_one_serves():
    past = Past()
    past.add("moved_by_hand", version=None, previous="2", actor="somebody", alias="champion")
    assert past.tell()[0].startswith("No version of tiny serves") and past.sent[0].severity == "critical"
    past.add("moved_by_hand", version="2", previous=None, actor="somebody", alias="champion")
    assert any("is served again" in said for said in past.tell())


def test_a_decision_that_could_not_be_carried_out_is_a_warning():
    past = Past()
    past.decide("retrain")
    past.add("acted", action="retrain", done="not", why="Nothing was changed: too few posts.")
    assert past.tell() == ["tiny: no retrain was made. Nothing was changed: too few posts."]
    past.decide("none")
    assert "fine again" in past.tell()[0]


def test_news_are_told_only_to_who_wants_them():
    for least, many in (("info", 2), ("warning", 0)):
        past = Past(least)
        past.decide("retrain")
        past.tell()
        past.add("promoted", version="3", previous="2")
        past.tell()
        assert len(past.sent) == many


def test_the_end_of_a_trouble_is_told_only_to_who_was_told_the_trouble():
    past = Past()
    past.fail()
    past.tell(receiver="a")
    past.recover()
    assert past.tell(receiver="b") == []
    assert past.tell(receiver="a") == ["ingest works."]


def test_a_storm_is_summed_up_in_one_message_the_worst_first():
    past = Past()
    for number in range(9):
        past.fail(subject=f"source {number}")
    past.add("moved_by_hand", version=None, actor="somebody", alias="champion")
    (said,) = past.tell()
    lines = said.splitlines()
    assert lines[0] == "10 things at once, the worst first:"
    assert lines[1].startswith("- critical: No version of tiny serves")
    assert lines[-1] == "- and 2 more: `trimtab history` lists all."
    assert past.tell() == []


def test_a_message_has_links_and_an_id_that_stays():
    past = Past()
    past.decide("quarantine", report=str(HOME / "reports" / "tiny" / "a b.html"))
    first, again = (Message(tuple(past.alerts())) for _ in range(2))
    assert first.id == again.id
    assert first.body.splitlines()[1:] == [
        "report: http://page/reports/tiny/a%20b.html",
        "version and card: http://mlflow/#/models/tiny/versions/2",
        "status: http://page/#tiny",
        f"id: {first.id}",
    ]


def test_a_ledger_that_was_tampered_with_is_told_once_and_again_once_it_fits():
    def found(fault):
        return Verification(Path("ledger.db"), 9, None, fault)

    broken = found(Fault(4, "changed", "entry 4 was changed: it does not fit its hash."))
    alert = tampered(broken, Told(), START, 9)
    assert alert.severity == "critical" and "entry 4 was changed" in alert.sentence
    assert Message((alert,)).title == "trimtab critical: ledger"
    known = Told({alert.key: frozenset("a")}, {alert.key: START}, {"critical": 1})
    assert due([tampered(broken, known, START, 9)], "a", known, "warning", START) == []
    assert tampered(found(None), Told(), START, 9) is None
    over = tampered(found(None), known, START, 9)
    assert due([over], "a", known, "warning", START) == [over]
    known = Told({**known.receivers, over.key: frozenset("a")}, known.at, {"critical": 1})
    assert due([tampered(found(None), known, START, 9)], "a", known, "warning", START) == []
    assert due([tampered(broken, known, START, 9)], "a", known, "warning", START) != []


def test_whoever_begins_to_listen_is_told_the_last_day_only():
    past = Past(start=())
    past.fail(subject="old")
    past.entries += [Entry(n, past.now, "trained", "tiny", "1", None, "x", "y") for n in range(2, 40)]
    past.fail(subject="new")
    assert past.tell() == ["ingest of new failed: It is so."]


STEPS = st.one_of(
    st.tuples(st.sampled_from(["fail", "recover"]), st.sampled_from(["ingest", "score"]), st.sampled_from("xy")),
    st.tuples(st.just("decide"), st.sampled_from(["none", "quarantine", "retrain", "rollback"]), st.sampled_from("ab")),
    st.tuples(
        st.just("move"), st.sampled_from(["promoted", "rolled_back", "promotion_refused"]), st.sampled_from("ab")
    ),
    st.tuples(st.just("tell"), st.booleans(), st.just("")),
)


def live(past, step):
    what, first, second = step
    if what == "tell":
        before = len(past.entries)
        assert len(past.tell(takes=first)) <= MOST
        assert first or len(past.entries) == before
    elif what == "decide":
        past.decide(first, second)
    elif what == "move":
        past.add(first, second)
    else:
        getattr(past, what)(first, second)


@settings(max_examples=200)
@given(st.lists(STEPS, max_size=40))
def test_nothing_is_told_twice_and_every_trouble_that_was_told_is_told_to_be_over(steps):
    past = Past()
    for step in steps:
        live(past, step)
    for flow in ("ingest", "score"):
        for subject in "xy":
            past.recover(flow, subject)
    for model in "ab":
        past.decide("none", model)
        past.add("promoted", model)
    past.tell()
    keys = [alert.key for message in past.sent for alert in message.alerts]
    assert len(keys) == len({*keys})
    known = {alert.key: alert for alert in past.alerts()}
    ended = {key for told_key in keys for key in known[told_key].ends}
    kinds = ("run_fail", "quarantine/", "rollback/", "rolled_back", "breaker/")
    troubles = {key for key in keys if key.startswith(kinds) and not known[key].recovery}
    assert troubles <= ended
    assert all({*known[key].ends} & {*keys} for key in keys if known[key].ends)


@settings(max_examples=100)
@given(st.lists(STEPS, max_size=40), st.integers(0, 60))
def test_what_was_said_of_the_past_stays_the_same_as_the_ledger_grows(steps, until):
    past = Past()
    for step in steps:
        live(past, step)
    before = alerts(past.entries[:until], AT, HOME)
    after = {alert.key: alert for alert in past.alerts()}
    assert all(after[alert.key].sentence == alert.sentence for alert in before)
