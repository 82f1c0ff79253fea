import os
import shutil
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from models import promotion
from models.by_hand import notice_champion
from models.promotion import barred, promote, recover, rollback
from models.registry import Registry
from models.stores import Stores
from monitoring.status import lines, status
from tests import tiny_stores
from tests.tiny_story import AT
from trimtab.errors import NothingToRollBack, RegistryError, UnknownModel
from trimtab.ledger import Ledger
from trimtab.settings import Settings


@pytest.fixture
def registry(tmp_path):
    return tiny_stores.with_versions(tmp_path / "mlflow")


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.db")


def up(registry, ledger, version):
    return promote(registry, ledger, "tiny", version, at=AT, actor="ana", reason=f"{version} is better")


def back(registry, ledger, **more):
    return rollback(registry, ledger, "tiny", at=AT + timedelta(days=1), actor="on call", reason="angry users", **more)


def card(registry, version):
    return registry.store.client.get_model_version("tiny", version).description


def kinds(ledger):
    return [entry.kind for entry in ledger.entries() if not entry.kind.startswith("watch_")]


def test_a_promotion_moves_the_aliases_and_is_written_down_before_and_after(registry, ledger):
    up(registry, ledger, "1")
    registry.set_alias("tiny", "challenger", "2")
    done = up(registry, ledger, "2")
    assert registry.aliases("tiny") == {"champion": "2", "previous": "1"}
    assert (done.kind, done.version, done.previous, done.actor) == ("promoted", "2", "1", "ana")
    assert kinds(ledger) == ["promotion_intended", "promoted"] * 2


def test_promoting_the_champion_again_changes_nothing(registry, ledger):
    up(registry, ledger, "1")
    first = up(registry, ledger, "2")
    assert up(registry, ledger, "2") == first
    assert registry.aliases("tiny") == {"champion": "2", "previous": "1"}
    assert len(kinds(ledger)) == 4


def test_the_cards_of_both_versions_say_what_happened(registry, ledger):
    up(registry, ledger, "1")
    up(registry, ledger, "2")
    assert card(registry, "2").startswith("Champion since 2012-04-21 00:00 UTC")
    assert card(registry, "1").startswith("Replaced by version 2 on 2012-04-21")
    back(registry, ledger)
    assert card(registry, "2").startswith("Rolled back on 2012-04-22 00:00 UTC")
    assert "angry users" in card(registry, "2")
    assert card(registry, "1").startswith("Champion again since 2012-04-22")


def test_status_says_of_which_version_a_reason_tells(registry, ledger, tmp_path):
    stores = Stores(Settings(home=tmp_path, models=("tests.tiny_model",)))
    for version in "12":
        up(registry, ledger, version)
    assert "  Why: 2 is better" in lines(status(stores))
    back(registry, ledger)
    assert "  Why: version 2 was taken back: angry users" in lines(status(stores))


def test_a_rollback_puts_back_what_served_before_and_bars_what_it_left(registry, ledger):
    for version in "123":
        up(registry, ledger, version)
    assert back(registry, ledger) == ("3", "2")
    assert registry.aliases("tiny") == {"champion": "2", "previous": "1"}
    assert barred(ledger, "tiny") == {"3"}
    assert ledger.entries(kind="rolled_back")[0].reason == "angry users"


def test_rolling_back_again_goes_further_back_and_never_forth(registry, ledger):
    for version in "123":
        up(registry, ledger, version)
    assert back(registry, ledger) == ("3", "2")
    assert back(registry, ledger) == ("2", "1")
    assert registry.aliases("tiny") == {"champion": "1"}
    with pytest.raises(NothingToRollBack, match="1 serves and no version served before it. Barred after a .*: 2, 3"):
        back(registry, ledger)
    assert registry.aliases("tiny") == {"champion": "1"}


def test_a_barred_version_is_passed_over_when_a_later_one_is_rolled_back(registry, ledger):
    up(registry, ledger, "1")
    up(registry, ledger, "2")
    back(registry, ledger)
    up(registry, ledger, "3")
    assert registry.alias("tiny", "previous") == "1"
    assert back(registry, ledger) == ("3", "1")
    assert registry.alias("tiny", "previous") is None


def test_a_person_may_name_a_barred_version_which_frees_it(registry, ledger):
    up(registry, ledger, "1")
    up(registry, ledger, "2")
    back(registry, ledger)
    assert back(registry, ledger, to="2") == ("1", "2")
    assert barred(ledger, "tiny") == {"1"}


def test_rolling_back_to_the_version_that_serves_or_to_none_is_refused(registry, ledger):
    with pytest.raises(NothingToRollBack, match="tiny has no champion yet"):
        back(registry, ledger)
    up(registry, ledger, "1")
    with pytest.raises(NothingToRollBack, match="tiny 1 serves already"):
        back(registry, ledger, to="1")
    with pytest.raises(RegistryError, match="tiny has no version '9'"):
        back(registry, ledger, to="9")
    with pytest.raises(UnknownModel, match="Did you mean 'tiny'"):
        rollback(registry, ledger, "tinyy", at=AT, actor="a", reason="r")
    assert registry.aliases("tiny") == {"champion": "1"}


def decided(ledger, version, key=None):
    about = {"model": "tiny", "version": version, "actor": "monitor flow", "reason": "its loss is higher"}
    return ledger.append("decision", at=AT, evidence={"action": "rollback"}, key=key, **about)


def test_two_decisions_on_one_bad_version_are_one_rollback(registry, ledger):
    for version in "123":
        up(registry, ledger, version)
    first, second = (decided(ledger, "3", key) for key in ("by the monitor", "by the watch"))
    assert back(registry, ledger, of=first) == ("3", "2")
    with pytest.raises(NothingToRollBack, match=r"tiny 3 serves no more, so .* roll back; tiny 2 serves\."):
        back(registry, ledger, of=second)
    assert registry.aliases("tiny") == {"champion": "2", "previous": "1"}
    assert barred(ledger, "tiny") == {"3"}


def test_a_decision_is_void_once_a_person_has_put_its_version_back(registry, ledger):
    for version in "123":
        up(registry, ledger, version)
    late = decided(ledger, "3")
    back(registry, ledger)
    back(registry, ledger, to="3")
    with pytest.raises(NothingToRollBack, match="tiny 3 serves, and on call put it there at .* after its rollback was"):
        back(registry, ledger, of=late)
    assert registry.alias("tiny", "champion") == "3"
    assert back(registry, ledger, of=decided(ledger, "3", "anew")) == ("3", "1")


def test_a_decision_goes_on_with_its_own_rollback_and_not_with_another_after_a_kill(registry, ledger, monkeypatch):
    for version in "123":
        up(registry, ledger, version)
    third = decided(ledger, "3")
    with monkeypatch.context() as patch, pytest.raises(AttributeError):
        patch.setattr(promotion, "_carry_out", lambda *_: None)
        back(registry, ledger, of=third)
    assert back(registry, ledger, of=third) == ("3", "2")
    second = decided(ledger, "2")
    with monkeypatch.context() as patch, pytest.raises(AttributeError):
        patch.setattr(promotion, "_carry_out", lambda *_: None)
        back(registry, ledger, of=second)
    with pytest.raises(NothingToRollBack, match="tiny 3 serves no more"):
        back(registry, ledger, of=third)
    assert registry.alias("tiny", "champion") == "1", "what was begun is finished all the same"


def test_the_previous_version_that_was_deleted_is_not_pointed_at(registry, ledger):
    for version in "123":
        up(registry, ledger, version)
    registry.store.client.delete_model_version("tiny", "1")
    assert back(registry, ledger) == ("3", "2")
    assert registry.aliases("tiny") == {"champion": "2"}


def test_two_promotions_at_once_come_one_after_the_other(registry, ledger, tmp_path):
    first = os.fork()
    if first == 0:
        up(Registry(tmp_path / "mlflow"), ledger, "1")
        os._exit(0)
    second = os.fork()
    if second == 0:
        up(Registry(tmp_path / "mlflow"), ledger, "2")
        os._exit(0)
    assert [os.waitpid(child, 0)[1] for child in (first, second)] == [0, 0]
    assert kinds(ledger) == ["promotion_intended", "promoted"] * 2
    last = ledger.entries()[-1]
    assert registry.aliases("tiny") == {"champion": last.version, "previous": last.previous}


STEPS = [
    (target, name, count, when)
    for target, name, counts in (
        (Ledger, "append", (1, 2)),
        (Registry, "set_alias", (1, 2, 3)),
        (Registry, "note", (1, 2)),
    )
    for count in counts
    for when in ("before", "after")
]


@cache
def prepared(versions):
    """A store in which these versions served one after the other; the next one waits."""
    path = Path(mkdtemp(prefix="trimtab-served-"))
    registry, ledger = tiny_stores.with_versions(path / "mlflow"), Ledger(path / "ledger.db")
    for version in versions:
        up(registry, ledger, version)
    if len(versions) < 3:
        registry.set_alias("tiny", "challenger", str(len(versions) + 1))
    return path


def served_before(tmp_path, versions):
    source = prepared(versions)
    tiny_stores.copy(source / "mlflow", tmp_path / "mlflow")
    shutil.copyfile(source / "ledger.db", tmp_path / "ledger.db")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step[3]}_{step[1]}_{step[2]}")
def test_a_promotion_killed_at_any_step_leaves_old_or_new_and_recovers(tmp_path, ledger, step):
    served_before(tmp_path, "12")
    assert tiny_stores.dies_at(step, lambda: up(Registry(tmp_path / "mlflow"), ledger, "3")) == 9
    registry = Registry(tmp_path / "mlflow")
    assert registry.alias("tiny", "champion") in {"2", "3"}
    assert notice_champion(registry, ledger, "tiny", at=AT) is None
    intended = any(entry.version == "3" for entry in ledger.entries(kind="promotion_intended"))
    recover(registry, ledger, "tiny", at=AT)
    after = {"champion": "3", "previous": "2"}
    assert registry.aliases("tiny") == (after if intended else {"champion": "2", "previous": "1", "challenger": "3"})
    up(registry, ledger, "3")
    assert registry.aliases("tiny") == after
    assert [entry.version for entry in ledger.entries(kind="promoted")] == ["1", "2", "3"]
    assert card(registry, "3").count("Champion since") == 1
    assert card(registry, "2").count("Replaced by version 3") == 1


@pytest.mark.parametrize(
    "step", [step for step in STEPS if step[1:3] != ("set_alias", 3)], ids=lambda step: f"{step[3]}_{step[1]}_{step[2]}"
)
def test_a_rollback_killed_at_any_step_leaves_old_or_new_and_recovers(tmp_path, ledger, step):
    served_before(tmp_path, "123")
    assert tiny_stores.dies_at(step, lambda: back(Registry(tmp_path / "mlflow"), ledger)) == 9
    registry = Registry(tmp_path / "mlflow")
    assert registry.alias("tiny", "champion") in {"2", "3"}
    assert notice_champion(registry, ledger, "tiny", at=AT) is None
    intended = bool(ledger.entries(kind="rollback_intended"))
    recover(registry, ledger, "tiny", at=AT)
    recover(registry, ledger, "tiny", at=AT)
    assert registry.aliases("tiny") == {"champion": "2" if intended else "3", "previous": "1" if intended else "2"}
    assert len(ledger.entries(kind="rolled_back")) == intended


def test_a_rollback_that_was_killed_is_finished_by_the_same_call_and_goes_no_further_back(tmp_path, ledger):
    served_before(tmp_path, "123")
    killed = (Registry, "set_alias", 1, "after")
    assert tiny_stores.dies_at(killed, lambda: back(Registry(tmp_path / "mlflow"), ledger)) == 9
    assert back(Registry(tmp_path / "mlflow"), ledger) == ("3", "2")
    assert back(Registry(tmp_path / "mlflow"), ledger) == ("2", "1")


def test_a_recovery_does_not_undo_what_a_person_did_by_hand_meanwhile(registry, ledger, monkeypatch):
    up(registry, ledger, "1")
    with monkeypatch.context() as patch:
        patch.setattr(promotion, "_carry_out", lambda *_: None)
        up(registry, ledger, "2")
    registry.set_alias("tiny", "champion", "3")
    done = recover(registry, ledger, "tiny", at=AT)
    assert done is not None
    assert done.kind == "promotion_refused"
    assert "Somebody moved champion to 3 by hand" in done.reason
    assert registry.alias("tiny", "champion") == "3"
    assert recover(registry, ledger, "tiny", at=AT) is None
