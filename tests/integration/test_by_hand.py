"""What somebody moves in MLflow itself is noticed, written down, and from then on a move like any other."""

import os
from datetime import timedelta

import pytest

from models.by_hand import look, nothing_to_beat, notice, notice_champion, taken_off
from models.moves import barred, last_move, went_forward
from models.promotion import promote, recover, rollback
from models.registry import Registry
from models.release import judge
from models.stores import Stores
from monitoring.status import lines, status
from tests import tiny_stores
from tests.tiny_model import MODEL, frame
from tests.tiny_story import AT
from trimtab.errors import NothingToRollBack
from trimtab.ledger import Ledger
from trimtab.settings import Release, Settings

LATER = AT + timedelta(days=1)


@pytest.fixture
def registry(tmp_path):
    return tiny_stores.with_versions(tmp_path / "mlflow")


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.db")


def up(registry, ledger, *versions):
    for version in versions:
        promote(registry, ledger, "tiny", version, at=AT, actor="ana", reason=f"{version} is better")


def back(registry, ledger, **more):
    return rollback(registry, ledger, "tiny", at=LATER, actor="on call", reason="angry users", **more)


def in_mlflow(registry, alias, version):
    """What a click in the UI does: MLflow alone is told."""
    if version is None:
        registry.store.client.delete_registered_model_alias("tiny", alias)
    else:
        registry.store.client.set_registered_model_alias("tiny", alias, version)


def noticed(ledger):
    return ledger.entries("tiny", "moved_by_hand")


def told(registry, ledger, tmp_path):
    return lines(status(Stores(Settings(home=tmp_path, models=("tests.tiny_model",)))))


def test_a_champion_pointed_at_by_hand_is_written_down_once_with_the_version_that_it_left(registry, ledger):
    up(registry, ledger, "1", "2")
    in_mlflow(registry, "champion", "3")
    (entry,) = notice(registry, ledger, "tiny", at=LATER)
    assert (entry.version, entry.previous, entry.at, entry.actor) == ("3", "2", LATER, "somebody")
    assert str(entry).startswith("2012-04-22 00:00 tiny 3: champion moved by hand (before: 2) by somebody: ")
    assert notice(registry, ledger, "tiny", at=LATER) == []
    assert noticed(ledger) == [entry] == [last_move(ledger, "tiny")]
    assert registry.aliases("tiny") == {"champion": "3", "previous": "2"}
    assert ledger.served_at("tiny", LATER) == entry


def test_what_trimtab_moved_itself_is_not_taken_for_a_move_by_hand(registry, ledger):
    up(registry, ledger, "1", "2", "3")
    assert notice(registry, ledger, "tiny", at=LATER) == []
    back(registry, ledger)
    assert look(registry, ledger, ["tiny"], at=LATER) == []
    assert notice(registry, ledger, "unknown", at=LATER) == []


def test_a_model_that_was_only_ever_served_by_hand_is_in_the_ledger_too(registry, ledger):
    in_mlflow(registry, "champion", "2")
    (entry,) = notice(registry, ledger, "tiny", at=LATER)
    assert (entry.version, entry.previous) == ("2", None)


def test_status_and_cards_say_what_was_done_by_hand(registry, ledger, tmp_path):
    up(registry, ledger, "1", "2")
    in_mlflow(registry, "champion", "3")
    notice(registry, ledger, "tiny", at=LATER)
    assert "tiny: version 3 serves since 2012-04-22 00:00 or earlier (previous 2, 3 versions)." in told(
        registry, ledger, tmp_path
    )
    card = registry.store.client.get_model_version("tiny", "3").description
    assert card.startswith("Champion since 2012-04-22")
    assert "pointed at it in MLflow, not by trimtab" in card
    assert registry.store.client.get_model_version("tiny", "2").description.startswith("Replaced by version 3")


def test_promotion_and_rollback_start_from_where_champion_really_is(registry, ledger):
    up(registry, ledger, "1")
    in_mlflow(registry, "champion", "2")
    up(registry, ledger, "3")
    assert [entry.kind for entry in ledger.entries()][2:5] == ["moved_by_hand", "promotion_intended", "promoted"]
    assert registry.aliases("tiny") == {"champion": "3", "previous": "2"}
    assert back(registry, ledger) == ("3", "2")
    assert back(registry, ledger) == ("2", "1")
    assert barred(ledger, "tiny") == {"2", "3"}


def test_a_barred_version_that_somebody_points_champion_at_is_free_again(registry, ledger):
    up(registry, ledger, "1", "2")
    back(registry, ledger)
    assert barred(ledger, "tiny") == {"2"}
    in_mlflow(registry, "champion", "2")
    notice(registry, ledger, "tiny", at=LATER)
    assert barred(ledger, "tiny") == set()


def test_going_back_by_hand_is_no_new_release(registry, ledger):
    """What served before is not watched as if it had been promoted now."""
    up(registry, ledger, "1", "2")
    in_mlflow(registry, "champion", "1")
    (entry,) = notice(registry, ledger, "tiny", at=LATER)
    assert not went_forward(entry)
    assert registry.aliases("tiny") == {"champion": "1", "previous": "2"}
    in_mlflow(registry, "champion", "3")
    (entry,) = notice(registry, ledger, "tiny", at=LATER)
    assert went_forward(entry)


def test_promoting_what_somebody_made_champion_tells_of_the_move_by_hand(registry, ledger):
    up(registry, ledger, "1")
    in_mlflow(registry, "champion", "2")
    done = promote(registry, ledger, "tiny", "2", at=LATER, actor="ana", reason="better")
    assert done.kind == "moved_by_hand"
    assert registry.aliases("tiny") == {"champion": "2", "previous": "1"}


def test_a_champion_taken_off_by_hand_can_be_put_back_or_replaced(registry, ledger, tmp_path):
    up(registry, ledger, "1", "2")
    in_mlflow(registry, "champion", None)
    (entry,) = notice(registry, ledger, "tiny", at=LATER)
    assert (entry.version, entry.previous) == (None, "2")
    assert "champion was taken off version 2 in MLflow" in told(registry, ledger, tmp_path)[-1]
    assert registry.aliases("tiny") == {"previous": "2"}
    assert back(registry, ledger) == ("none", "2")
    assert registry.aliases("tiny") == {"champion": "2", "previous": "1"}
    assert barred(ledger, "tiny") == set()


def test_a_promotion_after_champion_was_taken_off_keeps_the_way_back(registry, ledger):
    up(registry, ledger, "1", "2")
    in_mlflow(registry, "champion", None)
    up(registry, ledger, "3")
    assert registry.aliases("tiny") == {"champion": "3", "previous": "2"}
    in_mlflow(registry, "champion", None)
    up(registry, ledger, "3")
    assert registry.aliases("tiny") == {"champion": "3", "previous": "2"}
    assert back(registry, ledger) == ("3", "2")
    assert back(registry, ledger) == ("2", "1")
    in_mlflow(registry, "champion", None)
    registry.set_alias("tiny", "previous", None)
    assert back(registry, ledger, to="3") == ("none", "3")


def test_nothing_is_promoted_by_itself_where_somebody_took_champion_off(registry, ledger):
    up(registry, ledger, "1", "2")
    in_mlflow(registry, "champion", None)
    verdict = judge(registry, ledger, MODEL, "3", frame(300, days=10, seed=3), Release(), at=LATER, actor="retrain")
    assert not verdict.promoted
    assert "Somebody took champion off version 2" in str(verdict)
    assert "trimtab rollback tiny --to VERSION" in str(verdict)
    assert registry.alias("tiny", "champion") is None


def test_a_champion_that_was_deleted_leaves_nothing_to_beat(registry, ledger):
    assert nothing_to_beat(ledger, "tiny") == "No version of tiny served before."
    up(registry, ledger, "1", "2")
    registry.store.client.delete_model_version("tiny", "2")
    notice(registry, ledger, "tiny", at=LATER)
    assert taken_off(registry, ledger, "tiny") is None
    assert nothing_to_beat(ledger, "tiny") == "No version of tiny serves since 2 was taken off or deleted by hand."


def test_with_nothing_to_put_back_a_rollback_says_which_versions_there_are(registry, ledger):
    in_mlflow(registry, "champion", "1")
    notice(registry, ledger, "tiny", at=AT)
    in_mlflow(registry, "champion", None)
    notice(registry, ledger, "tiny", at=AT)
    in_mlflow(registry, "previous", None)
    with pytest.raises(NothingToRollBack, match="No tiny serves .* Name one of 1, 2, 3 with --to"):
        back(registry, ledger)


def test_a_version_deleted_in_mlflow_takes_champion_with_it_and_the_ledger_says_so(registry, ledger):
    up(registry, ledger, "1", "2", "3")
    registry.store.client.delete_model_version("tiny", "3")
    (entry,) = notice(registry, ledger, "tiny", at=LATER)
    assert entry.reason == "version 3 was deleted in MLflow, and champion with it; none serves"
    assert registry.aliases("tiny") == {"previous": "2"}
    assert back(registry, ledger) == ("none", "2")


def test_a_challenger_pointed_at_by_hand_is_written_down_and_serves_nothing(registry, ledger):
    up(registry, ledger, "1")
    in_mlflow(registry, "challenger", "2")
    (entry,) = notice(registry, ledger, "tiny", at=LATER)
    assert (entry.version, entry.evidence["alias"]) == ("2", "challenger")
    assert notice(registry, ledger, "tiny", at=LATER) == []
    last = last_move(ledger, "tiny")
    assert last is not None
    assert last.version == "1"


@pytest.mark.parametrize("kind", ["trained", "gates_judged", "review_wanted"])
def test_a_challenger_that_waits_was_not_pointed_at_by_hand(registry, ledger, kind):
    up(registry, ledger, "1")
    ledger.append(kind, at=AT, model="tiny", version="2", actor="retrain flow", reason="older")
    in_mlflow(registry, "challenger", "2")
    assert notice(registry, ledger, "tiny", at=LATER) == []


def test_an_entry_is_not_dated_before_the_move_that_it_undid(registry, ledger):
    up(registry, ledger, "1")
    in_mlflow(registry, "champion", "2")
    (entry,) = notice(registry, ledger, "tiny", at=AT - timedelta(days=30))
    assert entry.at == AT


def killed_amid_a_promotion(registry, ledger, tmp_path):
    """1 serves, a promotion of 2 is intended and nothing has been moved."""

    def dies():
        Registry.set_alias = lambda *_: os._exit(9)
        up(Registry(tmp_path / "mlflow"), ledger, "2")

    up(registry, ledger, "1")
    assert tiny_stores.dies(dies) == 9


@pytest.mark.parametrize("looked", [False, True])
@pytest.mark.parametrize("moved", ["3", None])
def test_what_was_moved_by_hand_after_a_kill_is_left_there(registry, ledger, tmp_path, moved, looked):
    killed_amid_a_promotion(registry, ledger, tmp_path)
    assert look(registry, ledger, ["tiny"], at=LATER) == []
    in_mlflow(registry, "champion", moved)
    if looked:
        assert len(look(registry, ledger, ["tiny"], at=LATER)) == 1
    done = recover(registry, ledger, "tiny", at=LATER)
    assert done is not None
    assert done.kind == "promotion_refused"
    assert registry.alias("tiny", "champion") == moved
    assert [entry.version for entry in noticed(ledger)] == [moved]


def test_a_person_who_moves_champion_after_a_kill_and_back_again_is_not_overruled(registry, ledger, tmp_path):
    killed_amid_a_promotion(registry, ledger, tmp_path)
    for version in ("3", "1"):
        in_mlflow(registry, "champion", version)
        look(registry, ledger, ["tiny"], at=LATER)
    recover(registry, ledger, "tiny", at=LATER)
    assert registry.alias("tiny", "champion") == "1"


def test_a_promotion_goes_on_when_the_version_that_it_replaces_was_deleted_after_a_kill(registry, ledger, tmp_path):
    killed_amid_a_promotion(registry, ledger, tmp_path)
    registry.store.client.delete_model_version("tiny", "1")
    assert look(registry, ledger, ["tiny"], at=LATER) == []
    recover(registry, ledger, "tiny", at=LATER)
    assert registry.aliases("tiny") == {"champion": "2"}
    assert noticed(ledger) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    "target, name, count",
    [(Registry, "set_alias", 1), (Registry, "note", 1), (Registry, "note", 2), (Ledger, "append", 1)],
)
def test_a_kill_while_a_move_is_written_down_loses_nothing(registry, ledger, tmp_path, target, name, count, when):
    up(registry, ledger, "1", "2")
    in_mlflow(registry, "champion", "3")
    real, left = getattr(target, name), [count]

    def counted(*args, **kwargs):
        left[0] -= 1
        if left[0] == 0 and when == "before":
            os._exit(9)
        done = real(*args, **kwargs)
        if left[0] == 0:
            os._exit(9)
        return done

    def dies():
        setattr(target, name, counted)
        notice(Registry(tmp_path / "mlflow"), ledger, "tiny", at=LATER)

    assert tiny_stores.dies(dies) == 9
    notice(registry, ledger, "tiny", at=LATER)
    assert [(entry.version, entry.previous) for entry in noticed(ledger)] == [("3", "2")]
    assert registry.aliases("tiny") == {"champion": "3", "previous": "2"}
    assert registry.store.client.get_model_version("tiny", "3").description.count("Champion since") == 1


def test_several_who_look_at_once_write_it_down_once(registry, ledger, tmp_path):
    up(registry, ledger, "1")
    in_mlflow(registry, "champion", "2")
    children = []
    for _ in range(3):
        if (child := os.fork()) == 0:
            notice_champion(Registry(tmp_path / "mlflow"), ledger, "tiny", at=LATER)
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert len(noticed(ledger)) == 1


def test_a_look_does_not_wait_for_who_is_moving_aliases(registry, ledger, tmp_path):
    up(registry, ledger, "1")
    in_mlflow(registry, "champion", "2")
    with registry.lock("tiny"):
        assert tiny_stores.dies(lambda: _sees_nothing(tmp_path, ledger)) == 0
    assert len(look(registry, ledger, ["tiny", "another"], at=LATER)) == 1


def _sees_nothing(tmp_path, ledger):
    from filelock import FileLock

    other = Registry(tmp_path / "mlflow")
    other.store.lock = lambda name: FileLock(tmp_path / "mlflow" / f"{name}.lock", timeout=60)  # of another process
    assert look(other, ledger, ["tiny"], at=LATER) == []
