"""Tampering through raw SQLite, triggers dropped, is found and located."""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tiny_stores import dies
from trimtab import ledger_tables
from trimtab.chain import Head, link
from trimtab.errors import LedgerError
from trimtab.ledger import Ledger

AT = datetime(2012, 4, 1, 3, 30, tzinfo=UTC)
COUNT = 6
COLUMNS = ("at", "kind", "model", "version", "previous", "actor", "reason", "evidence", "key")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


def write(ledger, number, **more):
    return ledger.append(
        "promoted",
        at=AT + timedelta(days=number),
        model="engagement",
        version=str(number),
        previous=str(number - 1),
        actor="ana",
        reason=f"{number} is better",
        evidence={"rows": number},
        key=f"k{number}",
        **more,
    )


@pytest.fixture
def ledger(tmp_path):
    made = Ledger(tmp_path / "ledger.db")
    for number in range(1, COUNT + 1):
        write(made, number)
    return made


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    made = Ledger(tmp_path_factory.mktemp("whole") / "ledger.db")
    for number in range(1, COUNT + 1):
        write(made, number)
    return made


def copied(ledger, folder):
    for path in (ledger.path, ledger.head_path):
        shutil.copyfile(path, folder / path.name)
    return Ledger(folder / ledger.path.name)


def forge(ledger, *statements):
    """Run SQL as somebody would who knows the file and has dropped its triggers."""
    with closing(sqlite3.connect(ledger.path)) as database, database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        for statement, *values in statements:
            database.execute(statement, values)


def fault(ledger):
    found = ledger.verify()
    assert not found.whole
    assert found.fault is not None
    return found.fault.id, found.fault.what


anywhere = given(data=st.data())
freely = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ids = st.integers(1, COUNT)


def test_a_ledger_that_nobody_touched_is_whole(ledger):
    found = ledger.verify()
    assert found.whole
    assert str(found).startswith(f"The ledger at {ledger.path} is whole: 6 entries, each of which fits the one before;")
    assert str(found).endswith(f"the newest is 6:{ledger.entries()[-1].hash}.")


def test_a_ledger_that_was_never_written_is_whole_and_stays_unmade(tmp_path):
    found = Ledger(tmp_path / "ledger.db").verify()
    assert found.whole
    assert str(found).endswith("is whole: nothing has been written yet.")
    assert list(tmp_path.iterdir()) == []


@anywhere
@freely
def test_a_changed_value_is_found_at_its_entry(whole, tmp_path, data):
    ledger, number, column = copied(whole, tmp_path), data.draw(ids), data.draw(st.sampled_from(COLUMNS))
    value = data.draw(TEXTS)
    if value == getattr(whole.entries()[number - 1], column, None):
        return
    forge(ledger, (f"UPDATE entries SET {column} = ? WHERE id = ?", value, number))
    assert fault(ledger) == (number, "changed")


@anywhere
@freely
def test_removed_entries_are_found_where_they_stood(whole, tmp_path, data):
    first = data.draw(st.integers(1, COUNT - 1))
    last, tables = data.draw(st.integers(first, COUNT - 1)), data.draw(st.sampled_from(["ec", "e"]))
    ledger = copied(whole, tmp_path)
    names = [name for name in ("entries", "chain") if name[0] in tables]
    forge(ledger, *((f"DELETE FROM {name} WHERE id BETWEEN ? AND ?", first, last) for name in names))
    assert fault(ledger) == (first, "removed")


@anywhere
@freely
def test_a_tail_that_was_cut_off_is_found(whole, tmp_path, data):
    first, ledger = data.draw(ids), copied(whole, tmp_path)
    forge(ledger, *((f"DELETE FROM {name} WHERE id >= ?", first) for name in ("entries", "chain")))
    assert fault(ledger) == (first, "cut off")
    write(ledger, 99)  # what comes after does not hide it
    assert fault(ledger) == (first, "removed")


@anywhere
@freely
def test_two_entries_that_were_swapped_are_found_at_the_first(whole, tmp_path, data):
    one, other = sorted(data.draw(st.lists(ids, min_size=2, max_size=2, unique=True)))
    ledger, tables = copied(whole, tmp_path), data.draw(st.sampled_from([["entries"], ["entries", "chain"]]))
    moves = ((-one, one), (one, other), (other, -one))
    forge(ledger, *((f"UPDATE {t} SET id = ? WHERE id = ?", new, old) for t in tables for new, old in moves))
    assert fault(ledger) == (one, "changed")


@anywhere
@freely
def test_an_entry_that_was_put_between_others_is_found_there_or_at_the_next(whole, tmp_path, data):
    """Those after it are numbered anew; with a hash of its own that fits, it is the next that does not."""
    place, ledger = data.draw(ids), copied(whole, tmp_path)
    row = (place, AT.isoformat(), "promoted", "engagement", "9", "8", "eve", "because", "{}", None)
    before = whole.entries()[place - 2].hash if place > 1 else "0" * 64
    fits = data.draw(st.booleans())
    shift = [
        (f"UPDATE {table} SET id = ? WHERE id = ?", old + 1, old)
        for old in range(COUNT, place - 1, -1)
        for table in ("entries", "chain")
    ]
    new = [
        (f"INSERT INTO entries VALUES ({', '.join('?' * 10)})", *row),
        ("INSERT INTO chain VALUES (?, ?)", place, link(before, row) if fits else "f" * 64),
    ]
    forge(ledger, *shift, *new)
    assert fault(ledger)[0] == (place + 1 if fits else place)


@pytest.mark.parametrize("number", [-3, 0, COUNT + 1, COUNT + 50])
def test_an_entry_that_was_added_past_trimtab_is_found(ledger, number):
    row = (number, AT.isoformat(), "promoted", "engagement", "9", "8", "eve", "because", "{}", None)
    forge(ledger, (f"INSERT INTO entries VALUES ({', '.join('?' * 10)})", *row))
    assert fault(ledger) == (number, "inserted")


def test_the_sentence_names_the_entry_its_date_and_what_it_was(ledger):
    forge(ledger, ("UPDATE entries SET reason = 'x' WHERE id = 3",))
    assert str(ledger.verify()) == (
        f"The ledger at {ledger.path} was tampered with: entry 3 (2012-04-04T03:30 engagement 3: promoted) was "
        "changed: it does not fit its hash."
    )


def hash_anew(ledger, start):
    """What somebody does who knows how the chain is made: the hashes from `start` on, once more."""
    with closing(sqlite3.connect(ledger.path)) as database:
        rows = database.execute(f"SELECT {ledger_tables.COLUMNS} FROM entries ORDER BY id").fetchall()
    before, hashes = "0" * 64, []
    for row in rows:
        before = link(before, row)
        hashes.append((before, row[0]))
    forge(ledger, *(("UPDATE chain SET hash = ? WHERE id = ?", *each) for each in hashes if each[1] >= start))
    return Head(rows[-1][0], before)


def test_a_ledger_that_was_hashed_anew_does_not_fit_its_head_and_never_again(ledger):
    forge(ledger, ("UPDATE entries SET reason = 'x' WHERE id = 3",))
    hash_anew(ledger, 3)
    assert fault(ledger) == (COUNT, "rewritten")
    write(ledger, 99)
    assert fault(ledger) == (COUNT + 1, "changed")


def test_an_entry_noted_elsewhere_finds_even_a_ledger_whose_head_was_written_anew(ledger):
    noted = Head.parse(f"4:{ledger.entries()[3].hash}")
    forge(ledger, ("UPDATE entries SET reason = 'x' WHERE id = 3",))
    hash_anew(ledger, 3).write(ledger.head_path)
    assert ledger.verify().whole
    found = ledger.verify(noted).fault
    assert found is not None
    assert (found.id, found.what) == (4, "rewritten")


def test_a_file_that_was_made_to_look_old_is_not_trusted_again(ledger):
    forge(
        ledger,
        ("UPDATE entries SET reason = 'x' WHERE id = 3",),
        ("DROP TABLE chain",),
        ("PRAGMA user_version = 1",),
    )
    assert fault(ledger) == (COUNT, "rewritten")


def test_a_head_that_is_gone_leaves_the_end_unknown_until_the_next_entry(ledger):
    ledger.head_path.unlink()
    assert fault(ledger) == (COUNT, "end unknown")
    write(ledger, 7)
    assert ledger.verify().whole


def test_a_ledger_that_is_gone_while_its_head_is_there_is_found(ledger):
    ledger.path.unlink()
    assert fault(ledger) == (1, "cut off")
    write(ledger, 7)
    assert fault(ledger) == (1, "removed")


def test_forged_text_that_is_no_text_is_found_like_any_other(ledger):
    forge(ledger, ("UPDATE entries SET reason = CAST(x'ff41' AS TEXT) WHERE id = 2",))
    assert fault(ledger) == (2, "changed")


def test_reading_a_forged_entry_gives_one_sentence(ledger):
    forge(ledger, ("UPDATE entries SET evidence = 'none' WHERE id = 2",))
    with pytest.raises(LedgerError, match="Entry 2 of the ledger cannot be read"):
        ledger.entries()


def test_the_hashes_cannot_be_changed_removed_or_left_out(ledger):
    for statement in (
        "UPDATE chain SET hash = ''",
        "DELETE FROM chain",
        "INSERT OR REPLACE INTO chain VALUES (1, '')",
        "INSERT INTO entries (at, kind, model, actor, reason, evidence) VALUES ('', '', '', '', '', '')",
    ):
        with closing(sqlite3.connect(ledger.path)) as database, pytest.raises(sqlite3.IntegrityError):
            database.execute(statement)
    assert ledger.verify().whole


def old_file(path: Path, count: int) -> Ledger:
    """A ledger from before there was a chain: entries and no hashes."""
    made = Ledger(path)
    for number in range(1, count + 1):
        write(made, number)
    forge(made, ("DROP TABLE chain",), ("PRAGMA user_version = 1",))
    with closing(sqlite3.connect(path)) as database:
        database.executescript(ledger_tables.ENTRIES)
    made.head_path.unlink()
    return made


def test_an_older_file_gets_its_hashes_once(tmp_path):
    ledger = old_file(tmp_path / "ledger.db", 5)
    first = [(entry.reason, entry.hash) for entry in ledger.entries()]
    assert len({digest for _, digest in first}) == 5
    assert [(entry.reason, entry.hash) for entry in ledger.entries()] == first
    assert ledger.verify().whole
    assert write(ledger, 6).id == 6
    assert ledger.verify().whole


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["_hash_all", "Head.write"])
def test_a_kill_while_an_older_file_gets_its_hashes_leaves_it_old_or_new(tmp_path, step, when):
    ledger = old_file(tmp_path / "ledger.db", 5)
    holder, name = (Head, "write") if "." in step else (ledger_tables, step)
    assert dies(lambda: (die_at(holder, name, when), ledger.entries())) == 9
    assert len(ledger.entries()) == 5
    assert ledger.verify().whole
    write(ledger, 6)
    assert ledger.verify().whole


def die_at(holder, name, when):
    """End this process, as by kill -9, around the next call of one function."""
    real = getattr(holder, name)

    def dying(*args):
        if when == "after":
            real(*args)
        os._exit(9)

    setattr(holder, name, dying)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("holder, name", [(Ledger, "_add"), (Head, "write")])
def test_a_kill_around_an_entry_is_no_tampering_even_twice_in_a_row(ledger, holder, name, when):
    for number in (7, 8):
        assert dies(lambda n=number: (die_at(holder, name, when), write(ledger, n))) == 9
        assert ledger.verify().whole
    write(ledger, 9)
    assert ledger.verify().whole
    assert ledger.entries()[-1].reason == "9 is better"


def test_what_served_at_a_moment_is_the_last_move_made_before_it(tmp_path):
    ledger = Ledger(tmp_path / "ledger.db")
    assert ledger.served_at("engagement", AT) is None
    for number in (1, 2, 3):
        write(ledger, number)
    told = {"model": "engagement", "actor": "on call", "reason": "angry users"}
    ledger.append("rolled_back", at=AT + timedelta(days=5), version="2", previous="3", **told)
    ledger.append("moved_by_hand", at=AT + timedelta(days=6), version="9", evidence={"alias": "challenger"}, **told)
    ledger.append("moved_by_hand", at=AT + timedelta(days=7), previous="2", evidence={"alias": "champion"}, **told)
    served = [ledger.served_at("engagement", AT + timedelta(days=day)) for day in (0, 1, 2.5, 3, 6.5, 8)]
    assert [entry and entry.version for entry in served] == [None, "1", "2", "3", "2", None]
    assert served[4] is not None
    assert (served[4].kind, served[4].at, served[4].previous) == ("rolled_back", AT + timedelta(days=5), "3")
    assert ledger.served_at("sentiment", AT + timedelta(days=8)) is None
