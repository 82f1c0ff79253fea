"""A challenger that passed the gates and waits for a person, on a real registry."""

import getpass
import json
import os
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from click.testing import CliRunner
from prefect import Task

from flows import steps
from flows.release import release
from models.evaluate import compare
from models.gates import Gate, GatesReport
from models.promotion import promote, rollback
from models.registry import Registry
from models.registry.marks import set_tag, tags_of
from models.release import judge
from models.review import say, settle, want_review
from models.waiting import standing, waiting_version
from models.word import TAG, Word
from tests import tiny_stores
from tests.tiny_model import MODEL, frame
from tests.tiny_story import AT, register
from trimtab.cli import looking, releases  # noqa: F401 - they register themselves
from trimtab.cli.main import cli
from trimtab.errors import RegistryError
from trimtab.ledger import Ledger
from trimtab.settings import Cost, Release

MOVED = 0.8  # the world in which versions fitted with this shift are at home
FRESH, OLD_WORLD = frame(400, days=14, seed=5, shift=MOVED), frame(400, days=14, seed=6)
REVIEW = Release(promotion="review")
LATER = AT + timedelta(hours=3)
YES, NO = Word("approved", "ana", "looks right"), Word("refused", "bob", "worse on forums")


@cache
def prepared():
    """Version 1 serves; it knows the world of before, as 4 does; 2 and 3 know the one of now."""
    path = Path(mkdtemp(prefix="trimtab-review-"))
    registry, ledger = tiny_stores.empty(path / "mlflow"), Ledger(path / "ledger.db")
    register(registry, path, "old")
    register(registry, path, "new", shift=MOVED, reason="Drift in topic_mean_28d.")
    register(registry, path, "newer", shift=MOVED, reason="Drift again.")
    register(registry, path, "back")
    promote(registry, ledger, "tiny", "1", at=AT, actor="ana", reason="first")
    return path


@cache
def waiting_home():
    """The same, and 2 waits for review."""
    path = Path(mkdtemp(prefix="trimtab-waiting-"))
    asked(*at_home(path, prepared()), "2")
    return path


def at_home(path, source):
    """A copy of a home that was prepared."""
    registry = tiny_stores.copy(source / "mlflow", path / "mlflow")
    for file in source.glob("ledger.*"):
        (path / file.name).write_bytes(file.read_bytes())
    return registry, Ledger(path / "ledger.db")


@pytest.fixture
def home(tmp_path):
    return at_home(tmp_path, prepared())


@pytest.fixture
def waits(tmp_path):
    return at_home(tmp_path, waiting_home())


def argued(registry, champion, challenger, fresh):
    """What the gates say of a challenger that passed, in plain values."""
    said = [registry.load("tiny", version).predict(fresh) for version in (champion, challenger)]
    found = compare(MODEL, champion, challenger, fresh, *said)
    gate = Gate("better", True, str(found.delta), "less loss", str(found))
    return {"gates": GatesReport((gate,)).evidence(), "comparison": found.evidence()}


def asked(registry, ledger, challenger, at=AT, champion="1", fresh=FRESH):
    evidence = argued(registry, champion, challenger, fresh)
    told = {"at": at, "actor": "retrain flow", "reason": "It is better.", "evidence": evidence}
    return want_review(registry, ledger, "tiny", challenger, champion, Cost(), **told)


def judged(registry, ledger, challenger, at=AT, fresh=FRESH, release=REVIEW):
    return judge(registry, ledger, MODEL, challenger, fresh, release, at=at, actor="retrain flow")


def card(registry, version):
    return registry.store.client.get_model_version("tiny", version).description


def tag(registry, version):
    return tags_of(registry, "tiny", version).get(TAG)


def kinds(ledger):
    return [entry.kind for entry in ledger.entries("tiny")]


def test_a_challenger_that_passed_the_gates_waits_with_alias_tag_and_card(home):
    registry, ledger = home
    verdict = judged(registry, ledger, "2")
    assert not verdict.promoted
    assert str(verdict).startswith("tiny 2 waits for review: Challenger 2 beats champion 1 by")
    assert registry.aliases("tiny") == {"champion": "1", "challenger": "2"}
    assert tag(registry, "2") == "waiting"
    shown = card(registry, "2")
    assert shown.startswith("Waits for review since 2012-04-21 00:00 UTC\n---\n")
    run = registry.info("tiny", "2").run_id
    assert f"](get-artifact?path=comparison_1_2.png&run_uuid={run})" in shown
    assert "comparison_1_2.png" in {file.path for file in registry.store.client.list_artifacts(run)}
    assert kinds(ledger)[-2:] == ["gates_judged", "review_wanted"]
    before = kinds(ledger)
    assert judged(registry, ledger, "2") == verdict, "judged again after a kill it asks once"
    assert (kinds(ledger), card(registry, "2")) == (before, shown)


def test_a_challenger_that_fails_leaves_the_one_that_waits_in_its_place(waits):
    registry, ledger = waits
    assert not judged(registry, ledger, "3", at=LATER, fresh=OLD_WORLD).promoted
    assert registry.aliases("tiny") == {"champion": "1", "challenger": "2"}
    assert waiting_version(ledger, "tiny") == "2"


def test_a_version_that_waits_and_fails_when_judged_anew_waits_no_longer(waits):
    registry, ledger = waits
    assert not judged(registry, ledger, "2", at=LATER, fresh=OLD_WORLD).promoted
    assert registry.aliases("tiny") == {"champion": "1"}
    assert waiting_version(ledger, "tiny") is None


def test_a_version_that_waits_and_passes_anew_goes_on_waiting(waits):
    registry, ledger = waits
    asked(registry, ledger, "2", at=LATER)
    assert (tag(registry, "2"), registry.alias("tiny", "challenger")) == ("waiting", "2")
    assert card(registry, "2").startswith("Waits for review since 2012-04-21 03:00 UTC")
    say(registry, ledger, "tiny", "2", YES, at=LATER)
    assert [e.evidence["how"] for e in ledger.entries("tiny", "review_ended")] == ["superseded", "approved"]


def test_a_first_version_waits_too_where_nothing_serves(tmp_path):
    registry, ledger = tiny_stores.with_versions(tmp_path / "mlflow"), Ledger(tmp_path / "ledger.db")
    told = {"at": AT, "actor": "train flow", "reason": "No version of tiny served before.", "evidence": {}}
    want_review(registry, ledger, "tiny", "1", None, Cost(), **told)
    assert registry.aliases("tiny") == {"challenger": "1"}
    assert "until then nothing serves" in card(registry, "1")
    say(registry, ledger, "tiny", "1", YES, at=LATER)
    assert registry.aliases("tiny") == {"champion": "1"}


def test_an_approval_promotes_at_once_and_says_who_when_and_why(waits):
    registry, ledger = waits
    done = say(registry, ledger, "tiny", "2", YES, at=LATER)
    assert registry.aliases("tiny") == {"champion": "2", "previous": "1"}
    word, promoted = ledger.entries("tiny", "approved")[0], ledger.entries("tiny", "promoted")[-1]
    assert (word.actor, word.at, word.reason) == ("ana", LATER, "looks right")
    assert (promoted.actor, promoted.evidence["word"]) == ("ana", word.id)
    assert promoted.evidence["comparison"]["better"] is True
    assert promoted.reason.endswith("Approved by ana: looks right")
    assert (done.kind, done.evidence["how"]) == ("review_ended", "approved")
    assert tag(registry, "2") == "approved"
    assert card(registry, "2").startswith("Champion since 2012-04-21 03:00 UTC")
    assert "Approved on 2012-04-21 03:00 UTC\n---\n\nBy ana: looks right" in card(registry, "2")


def test_a_word_said_twice_counts_once(waits):
    registry, ledger = waits
    first = say(registry, ledger, "tiny", "2", YES, at=LATER)
    before = len(ledger.entries())
    assert say(registry, ledger, "tiny", "2", YES, at=LATER + timedelta(hours=1)) == first
    assert len(ledger.entries()) == before


def test_a_refusal_leaves_the_champion_and_takes_the_alias_off(waits):
    registry, ledger = waits
    say(registry, ledger, "tiny", "2", NO, at=LATER)
    assert registry.aliases("tiny") == {"champion": "1"}
    assert tag(registry, "2") == "refused"
    assert card(registry, "2").startswith("Refused by a person on 2012-04-21 03:00 UTC\n---\n\nBy bob: worse on forums")
    assert waiting_version(ledger, "tiny") is None
    with pytest.raises(RegistryError, match=r"tiny 2 does not wait for review. Its review ended .*, refused: worse"):
        say(registry, ledger, "tiny", "2", YES, at=LATER)
    asked(registry, ledger, "2")
    assert waiting_version(ledger, "tiny") is None, "the same judgement again does not make it wait again"
    assert registry.aliases("tiny") == {"champion": "1"}


def test_a_tag_in_mlflow_is_carried_out_by_the_next_tick(waits):
    registry, ledger = waits
    set_tag(registry, "tiny", "2", TAG, " Approved ")
    assert "approved by tag in MLflow, which `trimtab release` carries out" in str(standing(registry, ledger, "tiny"))
    assert [entry.evidence["how"] for entry in settle(registry, ledger, "tiny", at=LATER)] == ["approved"]
    assert registry.alias("tiny", "champion") == "2"
    word = ledger.entries("tiny", "approved")[0]
    assert (word.actor, word.at, word.reason) == ("tag in MLflow", LATER, "no reason was given")
    assert settle(registry, ledger, "tiny", at=LATER) == []


def test_who_and_why_are_kept_where_tags_say_them(waits):
    registry, ledger = waits
    for name, value in ((f"{TAG}.by", "cleo"), (f"{TAG}.reason", "forums matter"), (TAG, "refused")):
        set_tag(registry, "tiny", "2", name, value)
    settle(registry, ledger, "tiny", at=LATER)
    word = ledger.entries("tiny", "refused")[0]
    assert (word.actor, word.reason) == ("cleo (tag in MLflow)", "forums matter")
    assert registry.aliases("tiny") == {"champion": "1"}


def test_the_alias_approved_approves_and_is_taken_off(waits):
    registry, ledger = waits
    registry.set_alias("tiny", "approved", "2")
    settle(registry, ledger, "tiny", at=LATER)
    assert registry.aliases("tiny") == {"champion": "2", "previous": "1"}
    assert ledger.entries("tiny", "approved")[0].actor == "alias in MLflow"


def test_yes_by_alias_and_no_by_tag_is_no(waits):
    registry, ledger = waits
    registry.set_alias("tiny", "approved", "2")
    set_tag(registry, "tiny", "2", TAG, "refused")
    settle(registry, ledger, "tiny", at=LATER)
    assert registry.aliases("tiny") == {"champion": "1"}


def test_a_misspelt_tag_approves_nothing_and_is_said(waits):
    registry, ledger = waits
    set_tag(registry, "tiny", "2", TAG, "aproved")
    assert settle(registry, ledger, "tiny", at=LATER) == []
    assert "says 'aproved', which means nothing. Did you mean 'approved'?" in str(standing(registry, ledger, "tiny"))


def test_an_alias_from_before_does_not_approve_what_is_shown_later(home):
    registry, ledger = home
    registry.set_alias("tiny", "approved", "2")
    set_tag(registry, "tiny", "2", TAG, "approved")
    asked(registry, ledger, "2")
    settle(registry, ledger, "tiny", at=LATER)
    assert registry.aliases("tiny") == {"champion": "1", "challenger": "2"}
    assert tag(registry, "2") == "waiting"


def test_a_newer_challenger_ends_the_wait_of_the_older(waits):
    registry, ledger = waits
    asked(registry, ledger, "3", at=LATER)
    assert registry.aliases("tiny") == {"champion": "1", "challenger": "3"}
    assert (tag(registry, "2"), tag(registry, "3")) == ("superseded", "waiting")
    assert card(registry, "2").startswith("No longer waits for review since 2012-04-21 03:00 UTC")
    with pytest.raises(RegistryError, match="tiny 2 does not wait .* Version 3 passed the gates .* in its place"):
        say(registry, ledger, "tiny", "2", YES, at=LATER)
    assert ledger.entries("tiny", "approved") == []


def test_an_approval_after_another_promotion_is_kept_and_not_carried_out(waits):
    registry, ledger = waits
    promote(registry, ledger, "tiny", "3", at=AT, actor="someone in a hurry", reason="by hand")
    set_tag(registry, "tiny", "2", TAG, "approved")
    (ended,) = settle(registry, ledger, "tiny", at=LATER)
    assert registry.alias("tiny", "champion") == "3"
    assert ended.evidence["how"] == "lapsed"
    assert "It was reviewed against version 1, and version 3 serves now: it must be judged anew" in ended.reason
    assert ledger.entries("tiny", "approved")[0].version == "2", "what the person said is kept"
    assert tag(registry, "2") == "lapsed"


def test_a_rollback_ends_a_wait_that_was_judged_against_the_version_it_left(home):
    registry, ledger = home
    promote(registry, ledger, "tiny", "2", at=AT, actor="ana", reason="second")
    asked(registry, ledger, "4", champion="2", fresh=OLD_WORLD)
    rollback(registry, ledger, "tiny", at=LATER, actor="on call", reason="angry users")
    assert "but it was reviewed against version 2" in str(standing(registry, ledger, "tiny"))
    with pytest.raises(RegistryError, match="reviewed against version 2, and version 1 serves now"):
        say(registry, ledger, "tiny", "4", YES, at=LATER)
    assert registry.alias("tiny", "champion") == "1"


def test_a_version_whose_files_were_changed_is_not_promoted(waits):
    registry, ledger = waits
    booster = next(registry.folder("tiny", "2").rglob("booster.txt"))
    booster.write_bytes(booster.read_bytes().replace(b"0", b"1", 1))
    with pytest.raises(RegistryError, match="tiny 2 was not promoted, its review lapsed: .* too late. .*booster.txt"):
        say(registry, ledger, "tiny", "2", YES, at=LATER)
    assert registry.aliases("tiny") == {"champion": "1"}


def test_a_version_that_was_sealed_anew_is_not_the_one_that_was_reviewed(waits):
    registry, ledger = waits
    set_tag(registry, "tiny", "2", "trimtab.seal", "0" * 64)
    with pytest.raises(RegistryError, match="the seal of its files has changed"):
        say(registry, ledger, "tiny", "2", YES, at=LATER)
    assert registry.aliases("tiny") == {"champion": "1"}


def test_a_version_deleted_while_it_waited_ends_its_review(waits):
    registry, ledger = waits
    registry.store.client.delete_model_version("tiny", "2")
    (ended,) = settle(registry, ledger, "tiny", at=LATER)
    assert ended.reason == "lapsed: Version 2 was deleted while it waited."
    assert standing(registry, ledger, "tiny") is None


def test_a_champion_made_by_hand_of_the_version_that_waits_ends_its_review(waits):
    registry, ledger = waits
    registry.set_alias("tiny", "champion", "2")
    (ended,) = settle(registry, ledger, "tiny", at=LATER)
    assert ended.reason == "lapsed: Version 2 was made champion while it waited, without this review."
    assert registry.alias("tiny", "challenger") is None


@pytest.mark.parametrize(("version", "sentence"), [("1", "No version of tiny does"), ("9", "tiny has no version '9'")])
def test_approving_what_does_not_wait_is_one_sentence(home, version, sentence):
    with pytest.raises(RegistryError, match=sentence):
        say(*home, "tiny", version, YES, at=LATER)


@pytest.fixture
def trimtab(waits, tmp_path, monkeypatch):
    """The command line on the home in which version 2 waits."""
    monkeypatch.setenv("TRIMTAB_MODELS", '["tests.tiny_model"]')
    monkeypatch.setenv("TRIMTAB_HOME", str(tmp_path))  # so that what a command sets is taken back
    return lambda *words: CliRunner().invoke(cli, ["--home", str(tmp_path), *words])


def test_the_command_line_approves_in_the_name_of_who_runs_it_or_of_who_is_named(trimtab, waits):
    done = trimtab("approve", "tiny", "2", "--reason", "looks right", "--by", "ana")
    assert done.output.splitlines()[0] == "tiny 2 was approved by ana and serves: looks right"
    assert waits[0].alias("tiny", "champion") == "2"
    again = trimtab("approve", "tiny", "2", "--reason", "again")
    assert again.output.splitlines()[0] == done.output.splitlines()[0]
    late = trimtab("refuse", "tiny", "2", "--reason", "changed my mind")
    assert isinstance(late.exception, RegistryError)
    assert "tiny 2 does not wait for review" in str(late.exception)


def test_the_command_line_refuses(trimtab, waits):
    done = trimtab("refuse", "tiny", "2", "--reason", "worse on forums")
    assert done.output == f"tiny 2 was refused by {getpass.getuser()}; the champion stays: worse on forums\n"


def test_status_says_what_waits_since_when_and_what_to_do(trimtab):
    assert (
        "  Waits for review: version 2 since 2012-04-21 00:00; on its page in MLflow, or: "
        'trimtab approve tiny 2 --reason "..." (or refuse).\n'
    ) in trimtab("status").output
    told = json.loads(trimtab("status", "--json").output)["models"]["tiny"]["review"]
    assert (told["version"], told["against"], told["said"]) == ("2", "1", None)
    assert told["since"] == "2012-04-21 00:00:00+00:00"


def test_the_tick_tells_what_it_carried_out_and_what_still_waits(trimtab, waits, tmp_path, monkeypatch):
    for name, step in [*vars(steps).items()]:
        if isinstance(step, Task):
            monkeypatch.setattr(steps, name, step.fn)  # without a Prefect server
    assert release.fn(home=str(tmp_path), as_of=LATER)["sentence"].startswith("tiny waits for review: version 2 since")
    set_tag(waits[0], "tiny", "2", TAG, "approved")
    told = release.fn("tiny", str(tmp_path), LATER)
    assert told == {"rows": 1, "sentence": "tiny 2 was approved by tag in MLflow and serves: no reason was given"}
    assert release.fn(home=str(tmp_path), as_of=LATER) == {"rows": 0, "sentence": "Nothing waits for review."}


STEPS = [
    (act, target, name, count)
    for act, target, name, counts in (
        ("want", Ledger, "append", (1,)),
        ("want", Registry, "set_alias", (1,)),
        ("want", Registry, "note", (1,)),
        ("yes", Ledger, "append", (1, 2, 3, 4)),
        ("yes", Registry, "set_alias", (1, 2, 3)),
        ("yes", Registry, "note", (1, 2, 3)),
        ("no", Ledger, "append", (1, 2)),
        ("no", Registry, "note", (1,)),
        ("no", Registry, "set_alias", (1,)),
        ("newer", Ledger, "append", (1, 2)),
        ("newer", Registry, "note", (1, 2)),
        ("newer", Registry, "set_alias", (1, 2)),
    )
    for count in counts
]
ACTS = {
    "want": lambda registry, ledger: asked(registry, ledger, "2"),
    "yes": lambda registry, ledger: say(registry, ledger, "tiny", "2", YES, at=LATER),
    "no": lambda registry, ledger: say(registry, ledger, "tiny", "2", NO, at=LATER),
    "newer": lambda registry, ledger: asked(registry, ledger, "3", at=LATER),
}
AFTER = {
    "want": {"champion": "1", "challenger": "2"},
    "yes": {"champion": "2", "previous": "1"},
    "no": {"champion": "1"},
    "newer": {"champion": "1", "challenger": "3"},
}


def dies_after(step, action):
    """Run `action` in a child that is killed after the n-th call of the step; the status that it ended with."""
    _, target, name, count = step
    real, left = getattr(target, name), [count]

    def counted(*args, **kwargs):
        done = real(*args, **kwargs)
        left[0] -= 1
        if left[0] == 0:
            os._exit(9)
        return done

    def patched():
        setattr(target, name, counted)
        action()

    return tiny_stores.dies(patched)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step[0]}_{step[2]}_{step[3]}")
def test_a_review_killed_after_any_step_is_completed_by_the_same_call(tmp_path, step):
    registry, ledger = at_home(tmp_path, prepared() if step[0] == "want" else waiting_home())
    act = ACTS[step[0]]
    assert dies_after(step, lambda: act(Registry(tmp_path / "mlflow"), ledger)) == 9
    registry = Registry(tmp_path / "mlflow")
    assert registry.alias("tiny", "champion") in {"1", AFTER[step[0]]["champion"]}
    act(registry, ledger)
    assert settle(registry, ledger, "tiny", at=LATER + timedelta(days=1)) == []
    assert registry.aliases("tiny") == AFTER[step[0]]
    ids = [entry.key for entry in ledger.entries("tiny") if entry.key]
    assert len(ids) == len(set(ids))
    for version in "123":
        titles = [line for line in card(registry, version).splitlines() if "UTC" in line and "since 2012" in line]
        assert len(titles) == len(set(titles)), card(registry, version)
    assert {v: tag(registry, v) for v in "23"} == {
        "want": {"2": "waiting", "3": None},
        "yes": {"2": "approved", "3": None},
        "no": {"2": "refused", "3": None},
        "newer": {"2": "superseded", "3": "waiting"},
    }[step[0]]


def test_an_approval_killed_amid_the_promotion_is_completed_by_a_tick(tmp_path):
    registry, ledger = at_home(tmp_path, waiting_home())
    dies_after(("yes", Registry, "set_alias", 2), lambda: ACTS["yes"](Registry(tmp_path / "mlflow"), ledger))
    assert settle(registry, ledger, "tiny", at=LATER)[0].evidence["how"] == "approved"
    assert registry.aliases("tiny") == {"champion": "2", "previous": "1"}


def test_a_promotion_that_was_rolled_back_before_its_review_ended_still_ends_as_approved(tmp_path):
    registry, ledger = at_home(tmp_path, waiting_home())
    dies_after(("yes", Ledger, "append", 3), lambda: ACTS["yes"](Registry(tmp_path / "mlflow"), ledger))
    rollback(registry, ledger, "tiny", at=LATER, actor="on call", reason="angry users")
    assert settle(registry, ledger, "tiny", at=LATER)[0].evidence["how"] == "approved"
    assert registry.alias("tiny", "champion") == "1"
