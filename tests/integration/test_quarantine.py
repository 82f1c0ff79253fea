"""What the door refused can be listed, looked at and let in again."""

from datetime import timedelta
from pathlib import Path

import pyarrow.compute as pc
import pytest

from models.stores import Stores
from monitoring.door import ingest
from monitoring.quarantine import PART_ROWS, Quarantine
from monitoring.readmission import replay
from monitoring.summary import IngestSummary
from monitoring.watch import quarantined_rows
from tests.tiny_model import MODEL
from tests.tiny_source import NOW, door, mapping, row, rows, table, write_rows, write_yaml
from trimtab.errors import SourceError
from trimtab.lake import Lake
from trimtab.settings import Settings
from trimtab.source import load
from trimtab.windows import Window

LATER = NOW + timedelta(days=1)


def day(number: int, posts: int = 60, factor: int = 1) -> list[dict]:
    """One day's file; `factor` is the unit of its likes."""
    when = f"2024-05-{number:02d}T10:00:00"
    return [row(number * 10_000 + n, when=when, likes=(5 + n) * factor) for n in range(posts)]


def week_with_a_broken_last_day(home: Path, posts: int = 60) -> IngestSummary:
    for number in range(1, 8):
        write_rows(
            home / "in" / f"{number}.jsonl", day(number, posts if number == 7 else 60, 1000 if number == 7 else 1)
        )
    return ingest(door(home, volume_factor=1e6), load(write_yaml(home / "in", mapping("*.jsonl"))))


def quarantine(home: Path) -> Quarantine:
    return Quarantine(Lake(home / "lake"))


def test_a_refused_batch_can_be_shown_without_its_file(tmp_path: Path) -> None:
    summary = week_with_a_broken_last_day(tmp_path, PART_ROWS + 10)
    assert summary.batches_quarantined == 1
    (tmp_path / "in" / "7.jsonl").unlink()
    entries = quarantine(tmp_path).entries()
    assert [entry.scope for entry in entries] == ["batch", "batch"]
    shown = quarantine(tmp_path).find([entries[0].batch_id])
    posts = [post for entry in shown for post in entry.rows]
    assert len(posts) == PART_ROWS + 10
    assert posts[0]["title"] == "Post number 70000" and len(posts[0]["who"]) == 32
    assert "units: the median of likes is" in str(shown[0])


def test_a_refused_batch_stays_out_until_it_is_forced_and_then_is_a_precedent(tmp_path: Path) -> None:
    week_with_a_broken_last_day(tmp_path)
    source = load(tmp_path / "in" / "source.yaml")
    batch = quarantine(tmp_path).entries()[0].batch_id
    again = replay(door(tmp_path, LATER), source, [batch])
    assert (again.posts_new, again.batches_quarantined) == (0, 1)
    assert ingest(door(tmp_path, LATER), source).batches_held == 1
    forced = replay(door(tmp_path, LATER), source, [batch], force=True)
    assert (forced.posts_new, forced.snapshots_new) == (60, 60)
    known = table(tmp_path, "posts").filter(pc.field("known_at") >= LATER)
    assert known.num_rows == 60, "what was held is known from the day it was let in, not from its publication"
    assert quarantine(tmp_path).entries() == ()
    assert quarantine(tmp_path).entries("replayed")[0].batch_id == batch
    write_rows(tmp_path / "in" / "8.jsonl", day(8, factor=1000))
    after = ingest(door(tmp_path, LATER), source)
    assert (after.posts_new, after.batches_quarantined, after.batches_held) == (60, 0, 0)


def test_a_batch_that_was_forced_in_no_longer_counts_as_quarantined(tmp_path: Path) -> None:
    week_with_a_broken_last_day(tmp_path)
    stores, window = Stores(Settings(home=tmp_path)), Window(NOW - timedelta(days=31), NOW)
    batch = quarantine(tmp_path).entries()[0].batch_id
    assert quarantined_rows(stores, MODEL, window) == ({batch: 60}, 7 * 60)
    replay(door(tmp_path, LATER), load(tmp_path / "in" / "source.yaml"), [batch], force=True)
    assert quarantined_rows(stores, MODEL, window) == ({}, 7 * 60)


def test_a_forced_batch_keeps_the_same_author(tmp_path: Path) -> None:
    week_with_a_broken_last_day(tmp_path)
    batch = quarantine(tmp_path).entries()[0].batch_id
    replay(door(tmp_path, LATER), load(tmp_path / "in" / "source.yaml"), [batch], force=True)
    assert len(set(table(tmp_path, "posts")["author"].to_pylist())) == 3


def test_rows_come_in_once_the_mapping_is_put_right(tmp_path: Path) -> None:
    posts = rows(40) + [row(50, when="15.05.2024 08:00"), row(51, when="15.05.2024 09:00", likes=-3)]
    write_rows(tmp_path / "in" / "posts.jsonl", posts)
    ingest(door(tmp_path), load(write_yaml(tmp_path / "in")))
    ids = [entry.quarantine_id for entry in quarantine(tmp_path).entries()]
    content = mapping()
    content["post"]["published"]["format"] = "%d.%m.%Y %H:%M"
    summary = replay(door(tmp_path, LATER), load(write_yaml(tmp_path / "in", content)), ids)
    assert (summary.posts_new, summary.rows_quarantined) == (1, 1)
    (left,) = quarantine(tmp_path).entries()
    assert quarantine(tmp_path).find([left.quarantine_id])[0].rows[0]["id"] == "p51"
    assert replay(door(tmp_path, LATER), load(tmp_path / "in" / "source.yaml"), ids).posts_new == 0


def test_a_file_that_was_never_read_is_to_be_ingested_again(tmp_path: Path) -> None:
    write_rows(tmp_path / "in" / "a.jsonl", rows(3))
    (tmp_path / "in" / "b.jsonl").write_bytes(b"")
    source = load(write_yaml(tmp_path / "in", mapping("*.jsonl")))
    ingest(door(tmp_path), source)
    with pytest.raises(SourceError, match="b.jsonl was never read as rows; repair the file"):
        replay(door(tmp_path), source, [quarantine(tmp_path).entries()[0].quarantine_id])


def test_an_unknown_name_is_refused_with_the_nearest(tmp_path: Path) -> None:
    write_rows(tmp_path / "in" / "posts.jsonl", [*rows(40), row(50, likes=-1)])
    ingest(door(tmp_path), load(write_yaml(tmp_path / "in")))
    known = quarantine(tmp_path).entries()[0].quarantine_id
    with pytest.raises(SourceError, match=f"Did you mean '{known}'"):
        quarantine(tmp_path).find([known[:-1]])
