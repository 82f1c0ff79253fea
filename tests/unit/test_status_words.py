"""What the status says of a model, from entries of the ledger as the monitor writes them."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.chronicle import chapters
from monitoring.failing import alerts, failing
from monitoring.headline import headline
from monitoring.links import links_of
from monitoring.outlook import outlook
from monitoring.read_once import ReadOnce
from monitoring.status_series import in_a_year, judgements, marks, windows
from monitoring.undone import undone
from trimtab.addresses import Addresses
from trimtab.ledger import Ledger
from trimtab.settings import Settings
from trimtab.windows import Window

START = datetime(2024, 3, 4, tzinfo=UTC)
WEEK = timedelta(days=7)
CALM = {"raised": False, "calls": False, "spent": 0.4, "streams": {"drift chars": 0.12, "performance mean_loss": 0.2}}
MOVED = {"raised": True, "calls": False, "spent": 40.0, "streams": {"drift text of shares": 39.5, "drift hour": 0.2}}
CALLS = {"raised": True, "calls": True, "spent": 1.5, "streams": {"performance link of no link": 1.4}}
LOOK = {"rows": 300, "champion_loss": 1.0, "gains": {"retrain": [0.03, -0.07, 0.1]}, "note": ""}


@pytest.fixture
def ledger(tmp_path):
    """Version 1 of `m`, trained and promoted at START."""
    found = Ledger(tmp_path / "ledger.db")
    about = {"at": START, "model": "m", "version": "1", "actor": "train flow"}
    found.append("trained", reason="first", **about)
    found.append("promoted", reason="No version of m served before.", **about)
    return found


def decide(ledger, week=1, action="none", alarm=None, version="1", reasons=("it is so",), **more):
    """The decision on the window that ends `week` weeks after START."""
    end = START + week * WEEK
    told = {"action": action, "reasons": list(reasons), "rows": 700, "alarm": CALM if alarm is None else alarm, **more}
    told |= {"window_start": (end - WEEK).isoformat(), "window_end": end.isoformat()}
    told["performance"] = more.get("performance", {"mean_loss": 1.2, "loss_rise": 0.2})
    return ledger.append(
        "decision", at=end, model="m", version=version, actor="monitor flow", reason="r", evidence=told
    )


def move(ledger, kind, version, previous, week=1, **more):
    about = {"at": START + week * WEEK, "model": "m", "actor": "flow", "reason": "because"}
    return ledger.append(kind, version=version, previous=previous, **about, **more)


def said(ledger, champion="1", weeks=1.0, **settings):
    """What would change the newest decision."""
    moment = START + weeks * WEEK
    return outlook(ledger, ledger.entries("m"), "m", champion, moment, Settings(**settings))


def test_without_a_decision_the_first_window_is_awaited(ledger):
    assert "first window of 7 days is judged" in said(ledger)


def test_a_quiet_window_tells_the_evidence_and_when_a_gain_is_measured_anyway(ledger):
    decide(ledger)
    told = said(ledger, weeks=3)
    assert "40 % of the alarm's limit, most of it from the errors and chars" in told
    assert "that is done from 2024-04-01 on" in told, "28 days after the training"
    assert "gain surely exceeds its cost" in told


def test_the_day_of_the_next_look_moves_with_the_last_one(ledger):
    decide(ledger, week=2, look=LOOK)
    decide(ledger, week=3)
    assert "that is done from 2024-04-15 on" in said(ledger, weeks=4), "28 days after the look of 18 March"


def test_features_that_moved_do_not_decide_and_the_errors_are_told_apart(ledger):
    decide(ledger, alarm=MOVED)
    told = said(ledger)
    assert "over 1,000 % of the alarm's limit, most of it from the mix of text and hour" in told
    assert "errors stand at 0 %" in told


def test_an_alarm_that_waits_for_labels_says_until_when(ledger):
    decide(
        ledger, alarm=CALLS, reasons=["x", "what acting would gain is measured from 2024-03-15 on, when more labels"]
    )
    assert "measured from 2024-03-15 on" in said(ledger)


def test_a_cool_down_is_told_while_it_lasts(ledger):
    decide(ledger, alarm=CALLS)
    assert "rests until 2024-03-11" in said(ledger, weeks=0.9)
    assert "rests until" not in said(ledger, weeks=1.1)


def test_a_gain_that_was_measured_is_held_against_what_it_must_be(ledger):
    decide(ledger, look=LOOK, alarm=CALLS)
    told = said(ledger)
    assert "a retrain, which would save 0.030 (-0.070 to 0.100) a post" in told
    assert "at least 0.036 of loss a post" in told, "1 / (100 posts a day x 28 days x 0.01)"


def test_a_look_that_measured_nothing_says_why(ledger):
    decide(ledger, look={**LOOK, "gains": {}, "note": "too few posts"}, alarm=CALLS)
    assert "No gain could be measured (too few posts)" in said(ledger)


def test_a_quarantine_names_the_command_that_gives_the_data_back(ledger):
    decide(ledger, action="quarantine")
    told = said(ledger)
    assert '`trimtab quarantine lift m --window-end 2024-03-11T00:00 --reason "..."`' in told
    assert "up to 2024-03-18 is judged by its own data" in told


def test_a_rollback_says_whether_it_was_carried_out(ledger):
    decide(ledger, action="rollback", version="2")
    assert "not carried out yet" in said(ledger, champion="2")
    move(ledger, "rolled_back", "1", "2")
    told = said(ledger)
    assert "It was carried out: version 1 answers." in told
    assert "trimtab rollback m --to 2" in told


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("promoted", "version 2 answers since 2024-03-11"),
        ("promotion_refused", "refused, so the version that answers stays"),
        ("review_wanted", "waits for a person"),
    ],
)
def test_a_retrain_says_what_came_of_it(ledger, kind, words):
    decide(ledger, action="retrain")
    move(ledger, "retrain_started", None, None)
    assert "is being made" in said(ledger)
    move(ledger, kind, "2", "1")
    assert words in said(ledger, champion="2" if kind == "promoted" else "1")


def test_a_decision_on_a_version_that_no_longer_serves_is_told_as_such(ledger):
    decide(ledger)
    assert "It was about version 1; version 2 is judged" in said(ledger, champion="2")
    assert "no version answers now" in said(ledger, champion=None)


def test_what_was_not_judged_is_said_without_figures(ledger):
    decide(ledger, alarm={}, performance={})
    assert said(ledger).startswith("Evidence stands at 0 %")
    decide(ledger, week=2, alarm=None, performance={})
    entry = decide(ledger, week=3, performance={})
    assert entry.evidence["performance"] == {}
    assert windows(ledger.entries("m"), "m", Settings().reports_path)[-1]["loss"] is None


def told_of(ledger, champion="1", left=None, by_hand=False, review=None, since=()):
    points = windows(ledger.entries("m"), "m", Settings().reports_path)
    told = {"champion": champion, "left": left, "by_hand": by_hand, "since": START, "windows": points}
    why = undone([*judgements(ledger.entries("m"))][-1], ledger.entries("m")) if points else None
    return told | {"review": review, "since_decided": since, "undone": why}


def test_a_calm_model_is_fine_and_its_errors_are_told_against_the_usual(ledger):
    decide(ledger)
    told = headline(told_of(ledger), "m", None, 7)
    assert (told["state"], told["sentence"]) == ("good", "The m model is fine.")
    assert told["serves"] == "Version 1 answers since 4 March 2024."
    assert told["errors"] == "In the newest window its error was 20 % larger than usual, which can be chance."


@pytest.mark.parametrize(
    ("action", "alarm", "state", "words"),
    [
        ("none", MOVED, "good", "whether its errors have grown is not sure yet"),
        ("none", CALLS, "watch", "larger errors than usual"),
        ("retrain", CALLS, "watch", "a new version is being made"),
        ("quarantine", CALM, "act", "data that look broken"),
        ("rollback", CALM, "act", "is to be taken back"),
    ],
)
def test_a_headline_says_in_plain_words_what_was_decided(ledger, action, alarm, state, words):
    decide(ledger, action=action, alarm=alarm)
    told = headline(told_of(ledger), "m", None, 7)
    assert told["state"] == state
    assert words in told["sentence"]


def test_a_headline_says_that_nothing_serves_and_whether_somebody_wanted_it_so(ledger):
    assert headline(told_of(ledger, champion=None), "m", None, 7)["sentence"] == "The m model does not answer yet."
    assert headline(told_of(ledger, champion=None, by_hand=True), "m", None, 7)["state"] == "act"


def test_a_model_that_nobody_checks_while_posts_come_needs_a_person(ledger):
    decide(ledger)
    newest = START + 3 * WEEK
    assert headline(told_of(ledger), "m", newest, 7)["state"] == "good", "the next window may not be over long"
    told = headline(told_of(ledger), "m", newest + timedelta(seconds=1), 7)
    assert (told["state"], "not been checked since 11 March 2024" in told["sentence"]) == ("act", True)


def test_a_challenger_that_was_refused_is_not_being_made_any_more(ledger):
    decide(ledger, action="retrain")
    told = headline(told_of(ledger, since=["promotion_refused", "retrain_started"]), "m", None, 7)
    assert (told["state"], "no better: it was refused" in told["sentence"]) == ("watch", True)


@pytest.mark.parametrize(
    ("action", "state", "words"),
    [
        ("retrain", "watch", "a new version could not be made"),
        ("recalibrate", "watch", "a new calibrator could not be made"),
        ("rollback", "act", "could not be taken back"),
    ],
)
def test_what_could_not_be_carried_out_is_told_with_its_reason(ledger, action, state, words):
    decision = decide(ledger, action=action)
    told = {"decision": decision.id, "action": action, "done": "not"}
    about = {"at": START + WEEK, "model": "m", "actor": "act flow", "evidence": told}
    move(ledger, "retrain_started", None, None)
    ledger.append("acted", reason="Nothing was changed: 0 mature rows found, 500 wanted.", **about)
    found = headline(told_of(ledger), "m", None, 7)
    assert found["state"] == state
    assert found["sentence"].endswith(f"{words}: 0 mature rows found, 500 wanted.")
    if action != "rollback":
        assert "could not be made: 0 mature rows found, 500 wanted." in said(ledger)
    move(ledger, "retrain_started", None, None)
    assert "could not" not in headline(told_of(ledger), "m", None, 7)["sentence"], "it was begun again"


def test_what_broke_is_told_within_the_sentence(ledger):
    decision = decide(ledger, action="retrain")
    told = {"decision": decision.id, "action": "retrain", "done": "not"}
    about = {"at": START + WEEK, "model": "m", "actor": "act flow", "evidence": told}
    ledger.append("acted", reason="It broke with ValueError: no rows", **about)
    assert "A challenger could not be made: it broke with ValueError: no rows." in said(ledger)


def test_a_version_that_waits_needs_a_person(ledger):
    decide(ledger, action="retrain")
    told = headline(told_of(ledger, review={"version": "2"}), "m", None, 7)
    assert (told["state"], "version, 2, which waits for a person" in told["sentence"]) == ("act", True)


def test_a_version_that_was_taken_back_is_told_before_its_last_window(ledger):
    decide(ledger, action="rollback", version="2")
    told = headline(told_of(ledger, left="2"), "m", None, 7)
    assert told["sentence"] == "The m model is back at version 1, since version 2 was taken back."


def test_a_window_has_one_point_with_its_newest_judgement_and_the_usual_loss(ledger):
    decide(ledger)
    decide(ledger, version="2", alarm=CALLS)
    ledger.append("decision", at=START, model="m", actor="command line", reason="fine", evidence={"action": "none"})
    (point,) = windows(ledger.entries("m"), "m", Settings().reports_path)
    assert (point["version"], point["loss"], point["usual"]) == ("2", 1.2, 1.0)
    assert (point["spent"], point["deciding"], point["calls"]) == (1.5, 1.4, True)


def test_marks_tell_moves_refusals_and_quarantined_windows_in_order(ledger):
    move(ledger, "promotion_refused", "2", "1", week=1)
    move(ledger, "promotion_refused", "3", "1", week=1, evidence={"intention": 7})
    move(ledger, "moved_by_hand", "4", "1", week=3, evidence={"alias": "champion"})
    move(ledger, "moved_by_hand", "5", None, week=3, evidence={"alias": "challenger"})
    held = Window(START + WEEK, START + 2 * WEEK)
    found = marks(ledger.entries("m"), [held])
    assert [mark["kind"] for mark in found] == ["promoted", "refused", "quarantined", "moved_by_hand"]
    assert found[1]["sentence"] == "Version 2 was refused; version 1 stays"
    assert in_a_year(ledger.entries("m"), START + 4 * WEEK) == {"made": 0, "promoted": 0, "refused": 1}


def told(ledger, limit=40):
    return chapters(ledger.entries(), (), lambda entry: [], limit)


def test_what_led_to_what_is_one_chapter_and_quiet_windows_are_counted(ledger):
    for week in (1, 2, 3):
        decide(ledger, week=week)
    decide(ledger, week=4, action="retrain", alarm=CALLS)
    move(ledger, "retrain_started", None, None, week=4)
    move(ledger, "promotion_intended", "2", "1", week=4)
    move(ledger, "promoted", "2", "1", week=4)
    newest, quiet, first = told(ledger)
    assert [step["step"] for step in newest["steps"]] == ["Decision", "Retrain", "Promotion"]
    assert newest["steps"][-1]["sentence"] == "Version 2 answers now in place of version 1"
    assert (quiet["quiet"], quiet["steps"]) == (3, [])
    assert [step["step"] for step in first["steps"]] == ["New version", "Promotion"]
    assert len(told(ledger, limit=1)) == 1


def test_every_kind_of_entry_can_be_told(ledger):
    from trimtab.entry import KINDS

    for kind in KINDS:
        ledger.append(kind, at=START, model="m", actor="a", reason="why", evidence={"how": "approved"})
    for chapter in told(ledger):
        assert all(step["sentence"] and "None" not in step["sentence"].split("ersion")[0] for step in chapter["steps"])


def test_a_run_fails_until_it_works_again_for_the_same_subject(ledger):
    for number, subject in enumerate(("a.yaml", "b.yaml", "b.yaml")):
        told = {"flow": "ingest", "subject": subject, "run": f"http://127.0.0.1:4200/runs/{number}"}
        ledger.append(
            "run_failed", at=START + number * WEEK, model="-", actor="ingest flow", reason="disk full", evidence=told
        )
    ledger.append(
        "run_recovered", at=START, model="-", actor="x", reason="ok", evidence={"flow": "ingest", "subject": "a.yaml"}
    )
    (found,) = failing(ledger.entries(), Addresses())
    assert (found["subject"], found["run"]) == ("b.yaml", "http://127.0.0.1:4200/runs/2")
    assert found["at"] == START + WEEK, "since its first failure"


def test_alerts_come_newest_first(ledger):
    for number in range(12):
        ledger.append("alerted", at=START, model="m", actor="tell flow", reason=f"alert {number}")
    assert [each["sentence"] for each in alerts(ledger.entries())][:2] == ["alert 11", "alert 10"]


def test_links_are_made_from_addresses_that_are_known_and_never_run_a_script(tmp_path):
    at = Addresses(prefect="http://p", mlflow="http://m")
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "2024.html").write_text("")
    told = {"report": "/elsewhere/m/2024.html", "run": "javascript:alert(1)", "run_id": "a/b"}
    found = {link["label"]: link["url"] for link in links_of(told, "m", "2", tmp_path, at)}
    assert found == {
        "report of the window": "reports/m/2024.html",
        "version 2 in MLflow": "http://m/#/models/m/versions/2",
        "run in Prefect": "http://p/runs/flow-run/a%2Fb",
    }
    assert links_of({"report": "gone.html"}, "m", "2", tmp_path, Addresses()) == []


def test_a_ledger_read_once_answers_as_the_ledger_does(ledger):
    decide(ledger)
    once = ReadOnce(ledger)
    for about in ({}, {"model": "m"}, {"kind": "decision"}, {"model": "m", "kind": "promoted"}, {"model": "x"}):
        for limit in (None, 0, 1, 9):
            assert once.entries(**about, limit=limit) == ledger.entries(**about, limit=limit)
    decide(ledger, week=2)
    assert len(once.entries("m", "decision")) == 1
