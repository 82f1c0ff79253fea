import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake

from trimtab.errors import LakeError
from trimtab.lake import Lake
from trimtab.posts import SNAPSHOTS, TABLES

START = datetime(2024, 1, 1, tzinfo=UTC)
KEY = ("post_id", "measured_at", "known_at", "row_hash")


def snapshots(ids, comments=5, day=0):
    at = START + timedelta(days=day)
    rows = [
        {"post_id": f"a:{i}", "measured_at": at, "known_at": at, "comments": comments, "row_hash": comments}
        for i in ids
    ]
    return pa.Table.from_pylist(rows, schema=SNAPSHOTS)


def test_a_table_that_was_never_written_has_no_rows_and_its_schema(tmp_path):
    found = Lake(tmp_path).read("posts")
    assert found.num_rows == 0
    assert found.schema == TABLES["posts"]


def test_inserting_the_same_rows_twice_adds_nothing(tmp_path):
    lake = Lake(tmp_path)
    assert lake.insert_new("snapshots", snapshots(range(5)), KEY) == 5
    assert lake.insert_new("snapshots", snapshots(range(5)), KEY) == 0
    assert lake.count("snapshots") == 5


def test_a_table_of_before_a_column_was_thought_of_is_read_and_written_on(tmp_path):
    lake, old = Lake(tmp_path), SNAPSHOTS.remove(SNAPSHOTS.get_field_index("views"))
    before = snapshots(range(3), comments=2).select(old.names)
    write_deltalake(str(tmp_path / "snapshots"), before)
    few = lake.read("snapshots", ["post_id", "views"], filter=pc.field("post_id") == "a:1")
    assert few.to_pylist() == [{"post_id": "a:1", "views": None}]
    newer = snapshots(range(1, 4), comments=7).set_column(
        SNAPSHOTS.get_field_index("views"), SNAPSHOTS.field("views"), pa.array([9, 9, 9])
    )
    assert lake.insert_new("snapshots", newer, KEY) == 3
    assert lake.append("snapshots", newer) == 3
    assert sorted(lake.read("snapshots", ["views"])["views"].to_pylist(), key=str) == [9] * 6 + [None] * 3
    assert lake.read("snapshots", version=0).schema == SNAPSHOTS


def test_a_pinned_version_is_read_as_it_was(tmp_path):
    lake = Lake(tmp_path)
    lake.append("snapshots", snapshots(range(3)))
    version = lake.version("snapshots")
    lake.append("snapshots", snapshots(range(3, 9)))
    assert lake.read("snapshots", version=version).num_rows == 3
    assert lake.read("snapshots").num_rows == 9


def test_a_lake_at_past_versions_reads_them_and_is_not_written_to(tmp_path):
    lake = Lake(tmp_path)
    lake.append("snapshots", snapshots(range(3)))
    past = lake.at({"snapshots": lake.version("snapshots"), "posts": -1})
    lake.append("snapshots", snapshots(range(3, 9)))
    write_deltalake(str(tmp_path / "posts"), TABLES["posts"].empty_table())
    assert past.read("snapshots").num_rows == past.count("snapshots") == 3
    assert past.read("posts").num_rows == 0
    assert not past.exists("posts")
    with pytest.raises(LakeError, match="opened at past versions"):
        past.append("snapshots", snapshots(range(9, 12)))


def test_a_version_whose_files_a_vacuum_took_is_said_to_be_gone(tmp_path):
    lake = Lake(tmp_path)
    for number in range(3):
        lake.append("snapshots", snapshots([number]))
    version = lake.version("snapshots")
    lake.tidy("snapshots", files=2)
    table = DeltaTable(str(tmp_path / "snapshots"))
    table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    assert lake.read("snapshots").num_rows == 3
    for gone in (version, 99):
        with pytest.raises(LakeError, match=f"no longer holds version {gone}: its files are gone.*backup"):
            lake.at({"snapshots": gone}).read("snapshots")


def test_a_filter_and_columns_are_pushed_down(tmp_path):
    lake = Lake(tmp_path)
    lake.append("snapshots", snapshots(range(3)))
    found = lake.read("snapshots", ["post_id"], pc.field("post_id") == "a:1")
    assert found.to_pydict() == {"post_id": ["a:1"]}


def test_a_table_that_is_not_in_the_design_is_refused(tmp_path):
    with pytest.raises(LakeError, match="no table 'pots'"):
        Lake(tmp_path).read("pots")


WRITER = """
import sys; from pathlib import Path
sys.path.insert(0, {tests!r})
from test_lake import snapshots, KEY
from trimtab.lake import Lake
for part in range(5):
    Lake(Path({lake!r})).insert_new("snapshots", snapshots(range(part * 20, part * 20 + 40)), KEY)
"""


def test_two_writers_at_once_add_each_row_once(tmp_path):
    from pathlib import Path

    script = WRITER.format(tests=str(Path(__file__).parent), lake=str(tmp_path))
    running = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(2)]
    assert [process.wait(120) for process in running] == [0, 0]
    ids = Lake(tmp_path).read("snapshots", ["post_id"])["post_id"].to_pylist()
    assert len(ids) == len(set(ids)) == 120
