import sqlite3
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from trimtab.errors import LedgerError
from trimtab.ledger import Ledger

AT = datetime(2012, 4, 1, 3, 30, tzinfo=UTC)


def promoted(ledger, version="7", **more):
    return ledger.append(
        "promoted", at=AT, model="engagement", version=version, previous="6", actor="ana", reason="better", **more
    )


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "deep" / "ledger.db")


def test_an_entry_comes_back_as_it_was_given(ledger):
    entry = promoted(ledger, evidence={"rows": np.int64(3412), "seen": AT, "text": "naïve 🙂"}, key="k")
    assert ledger.entries() == [entry]
    assert ledger.find("k") == entry
    assert entry.at == AT
    assert entry.evidence == {"rows": 3412, "seen": "2012-04-01T03:30:00+00:00", "text": "naïve 🙂"}


def test_an_entry_prints_as_one_sentence(ledger):
    assert str(promoted(ledger)) == "2012-04-01 03:30 engagement 7: promoted (before: 6) by ana: better"


def test_a_ledger_that_was_never_written_is_empty_and_reading_does_not_make_it(ledger):
    assert ledger.entries() == []
    assert ledger.find("k") is None
    assert not ledger.path.exists()


def test_the_same_key_twice_keeps_the_first_entry(ledger):
    first = promoted(ledger, key="once")
    again = promoted(ledger, version="8", key="once")
    assert again == first
    assert len(ledger.entries()) == 1


def test_entries_are_filtered_and_limited_to_the_newest_in_order(ledger):
    for version in "123":
        promoted(ledger, version=version)
    ledger.append("decision", at=AT, model="sentiment", actor="monitor", reason="benign")
    assert [e.version for e in ledger.entries(model="engagement", limit=2)] == ["2", "3"]
    assert [e.model for e in ledger.entries(kind="decision")] == ["sentiment"]


def test_the_time_is_kept_in_utc(ledger):
    from datetime import timezone

    local = AT.astimezone(timezone(timedelta(hours=5)))
    entry = ledger.append("decision", at=local, model="m", actor="a", reason="r")
    assert entry.at.utcoffset() == timedelta(0)
    assert entry.at == AT


@pytest.mark.parametrize(
    "statement",
    ["UPDATE entries SET reason = 'other'", "DELETE FROM entries"],
)
def test_an_entry_can_be_neither_changed_nor_removed(ledger, statement):
    promoted(ledger)
    with sqlite3.connect(ledger.path) as database, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.execute(statement)
    assert ledger.entries()[0].reason == "better"


@pytest.mark.parametrize("column, value", [("id", 1), ("key", "'k'")])
def test_an_entry_cannot_be_replaced(ledger, column, value):
    kept = promoted(ledger, key="k")
    with sqlite3.connect(ledger.path) as database:
        database.execute(
            f"INSERT OR REPLACE INTO entries (at, kind, model, actor, reason, evidence, {column})"
            f" VALUES ('{AT.isoformat()}', 'promoted', 'm', 'a', 'forged', '{{}}', {value})"
        )
    assert ledger.entries() == [kept]


def test_an_unknown_kind_is_refused_with_the_nearest(ledger):
    with pytest.raises(LedgerError, match="Did you mean 'promoted'"):
        ledger.append("promotd", at=AT, model="m", actor="a", reason="r")


def test_a_moment_without_a_zone_is_refused(ledger):
    with pytest.raises(LedgerError, match="without a time zone"):
        ledger.append("decision", at=datetime(2012, 4, 1), model="m", actor="a", reason="r")  # noqa: DTZ001


def test_evidence_that_is_not_plain_is_refused(ledger):
    with pytest.raises(LedgerError, match="cannot be written as JSON"):
        promoted(ledger, evidence={"what": object()})
    assert ledger.entries() == []


def test_a_file_that_is_not_a_ledger_gives_one_sentence(ledger):
    ledger.path.parent.mkdir()
    ledger.path.write_bytes(b"not a database" * 100)
    with pytest.raises(LedgerError, match="cannot be used"):
        ledger.entries()


WRITER = """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path
    from trimtab.ledger import Ledger
    ledger = Ledger(Path(sys.argv[1]))
    for i in range(25):
        ledger.append("decision", at=datetime(2012, 4, 1, tzinfo=UTC), model=sys.argv[2], actor="a", reason=str(i),
                      key=f"shared-{i}" if i % 5 == 0 else None)
        print(i, flush=True)
"""


def writer(path, name):
    command = [sys.executable, "-c", textwrap.dedent(WRITER), str(path), name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_several_processes_write_at_once_and_nothing_is_lost_or_doubled(ledger):
    writers = [writer(ledger.path, name) for name in "abc"]
    assert [process.wait(60) for process in writers] == [0, 0, 0]
    entries = ledger.entries()
    assert len(entries) == 3 * 20 + 5
    assert len({e.id for e in entries}) == len(entries)
    assert ledger.verify().whole


def test_what_was_said_to_be_written_survives_kill_9(ledger):
    process = writer(ledger.path, "a")
    said = [process.stdout.readline() for _ in range(10)]
    process.kill()
    process.wait()
    reasons = [e.reason for e in ledger.entries()]
    assert reasons[: len(said)] == [line.strip() for line in said]
    promoted(ledger)
    assert ledger.entries()[-1].kind == "promoted"
    assert ledger.verify().whole
