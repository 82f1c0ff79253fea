"""What stands in the way of a release: one sentence, an exit code that says so, and nothing moved."""

import os
import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from signal import SIGKILL
from time import sleep

import pytest

from models.by_hand import look
from models.history import History
from models.promotion import promote, recover, rollback
from models.retrain import retrain
from models.stores import Stores
from monitoring.watch import assess_window
from monitoring.watching import look_at_watch
from tests import tiny_stores
from tests.served import away
from tests.tiny_model import MODEL, frame
from tests.tiny_story import AT
from trimtab.cli.main import main
from trimtab.errors import RegistryError, TrimtabError
from trimtab.ledger import Ledger
from trimtab.settings import Settings, Training

LATER = AT + timedelta(days=9)


@pytest.fixture
def stores(tmp_path):
    """Versions 1 and 2 served, 3 serves, and a watch runs over it."""
    found = Stores(Settings(home=tmp_path, models=("tests.tiny_model",), training=Training(min_rows=50, threads=1)))
    found.registry = tiny_stores.with_versions(found.settings.mlflow_path)
    for version in "123":
        promote(found.registry, found.ledger, "tiny", version, at=AT, actor="ana", reason="better")
    return found


@pytest.fixture
def trimtab(stores, monkeypatch, capsys):
    """A command as a person runs it: (exit code, what it printed, what it said went wrong)."""
    monkeypatch.setenv("TRIMTAB_MODELS", '["tests.tiny_model"]')

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["trimtab", "--home", str(stores.settings.home), *words])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return left.value.code, out, err

    return run


def points_nowhere(stores, alias="champion"):
    """As a restore of half a backup leaves it: the alias is there, its version is not."""
    with closing(sqlite3.connect(stores.registry.store.database)) as database, database:
        database.execute("UPDATE registered_model_aliases SET version = 9 WHERE alias = ?", (alias,))


def deleted(stores, version="3"):
    stores.registry.store.client.delete_model_version("tiny", version)


def damaged(stores, version="3"):
    place = stores.registry.folder("tiny", version) / "artifacts" / "bundle" / "booster.txt"
    place.write_bytes(place.read_bytes().replace(b"tree", b"trea", 1))


def trained(stores):
    rows = frame(600, days=20, seed=4)
    known = rows["event_timestamp"] + timedelta(hours=48)
    outcomes = rows[["post_id", "target"]].assign(label_known_at=known)
    past = History(rows.drop(columns="target"), outcomes)
    return retrain(stores, MODEL, past, LATER, "it was asked for", "key", actor="test")


WORK = {
    "train": trained,
    "monitor": lambda stores: assess_window(stores, MODEL, LATER),
    "watch": lambda stores: look_at_watch(stores, MODEL, LATER),
}


@pytest.mark.parametrize("work", WORK)
def test_a_champion_that_points_nowhere_is_said_and_left_to_a_person(stores, work):
    points_nowhere(stores)
    with pytest.raises(RegistryError, match=r"tiny has no version '9'\. Versions: 1, 2, 3\."):
        WORK[work](stores)


@pytest.mark.parametrize(("work", "says"), [("monitor", "tiny has no champion; train one first"), ("watch", None)])
def test_a_champion_deleted_under_us_is_nothing_to_be_judged(stores, work, says):
    deleted(stores)
    if says is None:
        assert WORK[work](stores) is None
    else:
        with pytest.raises(RegistryError, match=says):
            WORK[work](stores)


@pytest.mark.parametrize("work", WORK)
def test_a_bundle_with_a_byte_changed_is_named_by_whoever_would_ask_it(stores, work):
    damaged(stores)
    with pytest.raises(
        RegistryError, match=r"tiny 3 is not what .*booster\.txt .* retrain after a rollback to another"
    ):
        WORK[work](stores)
    assert stores.registry.alias("tiny", "champion") == "3"


def test_back_from_an_alias_that_points_nowhere(stores, trimtab):
    points_nowhere(stores)
    code, out, err = trimtab("rollback", "tiny", "--reason", "x", "--no-wait")
    assert (code, err) == (0, ""), err
    assert out.startswith("tiny 3 is champion again in place of none"), "the version that served last"
    assert stores.registry.alias("tiny", "champion") == "3"


@pytest.mark.parametrize("spoil", [points_nowhere, deleted])
def test_where_nothing_serves_any_more_the_monitor_says_what_to_do(stores, trimtab, spoil):
    spoil(stores)
    look(stores.registry, stores.ledger, ["tiny"], at=LATER)
    with pytest.raises(RegistryError, match=r"tiny has no champion.* trimtab rollback tiny --to VERSION --reason"):
        assess_window(stores, MODEL, LATER)
    assert trimtab("rollback", "tiny", "--reason", "x", "--to", "1", "--no-wait")[0] == 0


def test_back_to_an_alias_that_points_nowhere_is_refused_with_what_there_is(stores, trimtab):
    points_nowhere(stores, "previous")
    code, out, err = trimtab("rollback", "tiny", "--reason", "x", "--no-wait")
    assert code == 1 and len(err.splitlines()) == 1 and err.startswith("trimtab: tiny has no version '9'. Versions: 1")
    assert stores.registry.alias("tiny", "champion") == "3"


def test_back_to_a_version_that_was_damaged_is_refused_and_another_can_be_named(stores, trimtab):
    damaged(stores, "2")
    code, out, err = trimtab("rollback", "tiny", "--reason", "x", "--no-wait")
    assert code == 1 and len(err.splitlines()) == 1 and "booster.txt" in err, err
    assert stores.registry.alias("tiny", "champion") == "3" and not stores.ledger.entries("tiny", "rollback_intended")
    assert trimtab("rollback", "tiny", "--reason", "x", "--to", "1", "--no-wait")[0] == 0
    assert stores.registry.alias("tiny", "champion") == "1"


@pytest.mark.parametrize("words", [("rollback", "tiny", "--reason", "x"), ("approve", "tiny", "2", "--reason", "x")])
def test_a_registry_that_somebody_else_holds_is_one_sentence(stores, trimtab, monkeypatch, words):
    monkeypatch.setattr("models.registry.store.LOCK_SECONDS", 0.5)
    monkeypatch.setattr("models.promotion.ROLLBACK_SECONDS", 0.5)
    held = os.fork()
    if held == 0:
        with stores.registry.lock("tiny"):
            (stores.settings.home / "held").touch()
            sleep(60)
        os._exit(0)
    try:
        while not (stores.settings.home / "held").exists():
            sleep(0.01)
        code, out, err = trimtab(*words)
    finally:
        os.kill(held, SIGKILL)
        os.waitpid(held, 0)
    assert code == 1 and len(err.splitlines()) == 1 and "Another process holds" in err, (out, err)
    assert stores.registry.alias("tiny", "champion") == "3"


def test_a_registry_whose_database_is_locked_is_one_sentence_and_the_command_goes_on_later(stores, trimtab):
    words = ("rollback", "tiny", "--reason", "x", "--no-wait")
    with closing(sqlite3.connect(stores.registry.store.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        code, out, err = trimtab(*words)  # after the 20 seconds that MLflow waits
    assert code == 1 and len(err.splitlines()) == 1 and "database is locked" in err, (out, err)
    assert stores.registry.alias("tiny", "champion") == "3"
    assert trimtab(*words)[0] == 0
    assert stores.registry.aliases("tiny") == {"champion": "2", "previous": "1"}, "begun once, and once only"


def test_a_registry_whose_database_was_moved_away_is_said_and_not_made_anew(stores, trimtab):
    hidden = away(stores.registry.store.database)
    for words in (("rollback", "tiny", "--reason", "x", "--no-wait"), ("status",)):
        code, out, err = trimtab(*words)
        assert code == 1 and len(err.splitlines()) == 1 and "Put it back" in err, (out, err)
    assert not stores.registry.store.database.exists()
    hidden.rename(stores.registry.store.database)
    assert trimtab("status")[0] == 0


def test_a_clock_that_jumped_back_changes_neither_the_order_nor_what_serves(stores):
    past = AT - timedelta(days=400)
    assert rollback(stores.registry, stores.ledger, "tiny", at=past, actor="on call", reason="x") == ("3", "2")
    assert recover(stores.registry, stores.ledger, "tiny", at=past) is None
    assert stores.registry.aliases("tiny") == {"champion": "2", "previous": "1"}
    assert stores.ledger.served_at("tiny", AT).version == "2", "in the order in which they were made"
    assert look_at_watch(stores, MODEL, past) is None
    assert Ledger(stores.settings.ledger_path).verify().whole
    with pytest.raises(TrimtabError, match="was trained as of .*, after 2011"):
        assess_window(stores, MODEL, past)
