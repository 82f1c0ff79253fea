"""Files through the door into real Delta tables, judged by real Great Expectations."""

import multiprocessing
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from monitoring.door import ingest
from simulator.incidents import parse_all
from simulator.world import World
from simulator.write import write
from tests.tiny_source import NOW, door, mapping, row, rows, run_in_chunks, table, write_rows, write_yaml
from trimtab.labels import known_by, outcome_versions
from trimtab.lake import Lake
from trimtab.source import load

LATER, MUCH_LATER = NOW + timedelta(days=1), NOW + timedelta(days=2)


def let_in(home: Path, posts: list[dict], as_of: datetime = NOW, content: dict | None = None, **settings):
    write_rows(home / "in" / "posts.jsonl", posts)
    source = load(write_yaml(home / "in", content))
    return ingest(door(home, as_of, **settings), source)


def test_posts_and_their_counts_come_in(tmp_path: Path) -> None:
    summary = let_in(tmp_path, rows(3))
    posts = table(tmp_path, "posts").sort_by("post_id").to_pylist()
    assert [post["post_id"] for post in posts] == ["forum:p0", "forum:p1", "forum:p2"]
    assert posts[1]["text"] == "Post number 1"
    assert posts[1]["published_at"] == posts[1]["known_at"] == datetime(2024, 5, 2, 12, tzinfo=UTC)
    outcomes = outcome_versions(Lake(tmp_path / "lake"), "comments", timedelta(hours=48), NOW)
    assert sorted(outcomes["value"]) == [2, 3, 4]
    assert str(summary) == "tiny: 3 rows of 1 files read, 3 new posts, 3 new snapshots."


def test_the_same_file_twice_adds_nothing(tmp_path: Path) -> None:
    let_in(tmp_path, rows(5))
    again = let_in(tmp_path, rows(5), LATER)
    assert table(tmp_path, "posts").num_rows == table(tmp_path, "snapshots").num_rows == 5
    assert (again.posts_new, again.snapshots_new, again.batches_unchanged) == (0, 0, 1)


def test_the_same_rows_in_another_file_add_nothing(tmp_path: Path) -> None:
    let_in(tmp_path, rows(5))
    again = let_in(tmp_path, list(reversed(rows(5))), LATER)
    assert again.rows_read == 5
    assert table(tmp_path, "posts").num_rows == 5


def test_a_corrected_row_is_a_new_version_known_from_now(tmp_path: Path) -> None:
    let_in(tmp_path, rows(2))
    summary = let_in(tmp_path, [row(0, title="Corrected"), row(1, likes=99)], LATER)
    lake = Lake(tmp_path / "lake")
    before, after = known_by(lake, "posts", NOW), known_by(lake, "posts", LATER)
    assert "Corrected" not in set(before["text"])
    assert "Corrected" in set(after["text"])
    assert (summary.posts_corrected, summary.snapshots_corrected, summary.posts_new) == (1, 1, 0)


def test_a_row_that_goes_back_to_what_it_was_is_a_third_version(tmp_path: Path) -> None:
    for moment, title in ((NOW, "A"), (LATER, "B"), (MUCH_LATER, "A")):
        let_in(tmp_path, [row(0, title=title)], moment)
    versions = table(tmp_path, "posts").sort_by("known_at")["text"].to_pylist()
    assert versions == ["A", "B", "A"]


def test_a_post_given_twice_with_other_words_is_a_first_sight_and_a_correction(tmp_path: Path) -> None:
    twice = [row(0, title="first"), row(1), row(0, title="last")]
    let_in(tmp_path, twice)
    versions = table(tmp_path, "posts").filter(pc.field("post_id") == "forum:p0").sort_by("known_at")
    assert versions["text"].to_pylist() == ["first", "last"]
    assert versions["known_at"].to_pylist()[1] == NOW
    write_rows(tmp_path / "in" / "posts.jsonl", [*twice, row(2)])
    ingest(door(tmp_path, LATER), load(tmp_path / "in" / "source.yaml"))
    assert table(tmp_path, "posts").num_rows == 4


def test_a_stated_known_time_is_kept(tmp_path: Path) -> None:
    content = mapping()
    content["post"]["known"] = {"column": "seen", "format": "iso8601"}
    posts = [row(0, seen="2024-05-01T13:00:00"), row(0, title="edited", seen="2024-05-03T09:00:00")]
    let_in(tmp_path, posts, content=content)
    let_in(tmp_path, list(reversed(posts)), LATER, content)
    known = table(tmp_path, "posts").sort_by("known_at")
    assert [f"{moment:%d %H}" for moment in known["known_at"].to_pylist()] == ["01 13", "03 09"]


def test_bad_rows_are_held_with_reason_and_raw_row_and_the_rest_come_in(tmp_path: Path) -> None:
    posts = rows(20) + [
        row(30, likes=-1),
        row(31, replies="many"),
        row(32, when="yesterday"),
        row(33, when="2031-01-01T00:00:00"),
        row(37, when="1970-01-20T00:00:00"),
        row(34, title=None),
        row(35, id=""),
        row(36, likes=float("nan")),
    ]
    summary = let_in(tmp_path, posts)
    held = {entry["reason"] for entry in table(tmp_path, "quarantine").to_pylist()}
    assert held == {
        "likes is negative",
        "replies 'many' is no whole number",
        "when 'yesterday' is no time in the format iso8601",
        "published at 2031-01-01 00:00, in the future of this run: 2024-06-01 01:00 at the latest is wanted; correct "
        "the time or its timezone, or replay the row once that time has come",
        "published at 1970-01-20 00:00, before 1990; correct the time, or say in the YAML how it is written",
        "the text is missing",
        "the id or the platform is missing",
        "likes 'nan' is no whole number",
    }
    assert (summary.posts_new, summary.rows_quarantined) == (20, 8)
    let_in(tmp_path, [*posts, row(40)], LATER)
    assert table(tmp_path, "quarantine").num_rows == 16  # another file, another batch: its bad rows are its own


def test_the_raw_author_is_written_nowhere(tmp_path: Path) -> None:
    secret = "only-this-person"
    posts = [row(n, who=secret) for n in range(30)] + [row(50, who=secret, likes=-1)]
    let_in(tmp_path, posts)
    (tmp_path / "in" / "posts.jsonl").unlink()
    authors = set(table(tmp_path, "posts")["author"].to_pylist())
    assert len(authors) == 1
    assert authors.pop() in table(tmp_path, "quarantine")["raw"].to_pylist()[0]
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    for name in ("posts", "quarantine", "batches"):
        assert secret not in str(table(tmp_path, name).to_pylist())


def test_emoji_right_to_left_text_and_half_surrogates_survive(tmp_path: Path) -> None:
    title = "👩‍👩‍👧 مرحبا שלום \u202egnp"
    write_rows(tmp_path / "in" / "posts.jsonl", [row(0, title=title)])
    with (tmp_path / "in" / "posts.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"id": "p9", "group": "x", "who": "y", "title": "half \\ud83d", "site": null, ')
        file.write('"when": "2024-05-01T12:00:00", "likes": 1, "replies": 1}\n')
    ingest(door(tmp_path), load(write_yaml(tmp_path / "in")))
    assert sorted(table(tmp_path, "posts")["text"].to_pylist()) == sorted([title, "half ?"])


def test_a_five_megabyte_post_is_held_and_its_neighbours_come_in(tmp_path: Path) -> None:
    summary = let_in(tmp_path, [*rows(10), row(99, title="x" * 5_000_000)])
    assert summary.posts_new == 10
    entry = table(tmp_path, "quarantine").to_pylist()[0]
    assert entry["reason"] == "the text is longer than 100,000 characters"
    assert len(entry["raw"]) > 5_000_000


def test_counts_of_a_post_too_young_for_them_are_left_for_later(tmp_path: Path) -> None:
    young = row(0, when="2024-05-31T12:00:00")
    first = let_in(tmp_path, [young])
    assert (first.posts_new, first.snapshots_new) == (1, 0)
    second = let_in(tmp_path, [young, row(1)], NOW + timedelta(days=3))
    assert second.snapshots_new == 2


def test_until_leaves_later_rows_for_a_later_run(tmp_path: Path) -> None:
    write_rows(tmp_path / "in" / "posts.jsonl", rows(10))
    source = load(write_yaml(tmp_path / "in"))
    first = ingest(door(tmp_path, until=datetime(2024, 5, 6, tzinfo=UTC)), source)
    second = ingest(door(tmp_path), source)
    assert (first.posts_new, first.rows_quarantined) == (5, 0)
    assert second.posts_new == 5


def test_small_chunks_and_one_big_chunk_give_the_same_tables(tmp_path: Path) -> None:
    for home, chunk in ((tmp_path / "a", 100), (tmp_path / "b", 50_000)):
        let_in(home, rows(450), chunk_rows=chunk)
    posts = [table(tmp_path / home, "posts").drop(["author"]).sort_by("post_id") for home in "ab"]
    assert posts[0].num_rows == 450
    assert posts[0]["text"] == posts[1]["text"] and posts[0]["known_at"] == posts[1]["known_at"]
    assert table(tmp_path / "a", "batches").num_rows == 5


def test_one_broken_file_does_not_stop_the_others(tmp_path: Path) -> None:
    write_rows(tmp_path / "in" / "a.jsonl", rows(3))
    (tmp_path / "in" / "b.jsonl").write_bytes(b"")
    write_rows(tmp_path / "in" / "c.jsonl", [row(7), row(8)])
    summary = ingest(door(tmp_path), load(write_yaml(tmp_path / "in", mapping("*.jsonl"))))
    assert (summary.posts_new, summary.batches_quarantined) == (5, 1)
    assert summary.problems == ("b.jsonl: b.jsonl is empty; nothing was taken from it.",)


@pytest.fixture(scope="module")
def broken_days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six weeks of a simulated stream with one incident a week, ingested."""
    home = tmp_path_factory.mktemp("days")
    incidents = (
        "viral_day@2024-01-20", "unit_change@2024-01-24:days=1", "null_column@2024-01-31:days=1", "outage@2024-02-07",
    )  # fmt: skip
    source = write(home / "in", World(days=42, posts_per_day=100, authors=50), parse_all(incidents))
    ingest(door(home), load(source))
    return home


def test_broken_days_of_a_stream_are_refused_whole_and_viral_ones_pass(broken_days: Path) -> None:
    batches = table(broken_days, "batches").to_pylist()
    assert {row["file"] for row in batches if row["verdict"] == "quarantined"} == {
        "engagement/2024-01-24.csv",
        "posts/2024-01-31.jsonl",
        "posts/2024-02-07.jsonl",
    }
    held = table(broken_days, "quarantine").to_pylist()
    assert {entry["reason"].partition(":")[0] for entry in held} == {"units", "nulls", "volume"}
    published = set(table(broken_days, "posts")["published_at"].cast("date32").to_pylist())
    assert datetime(2024, 1, 31).date() not in published  # noqa: DTZ001
    assert datetime(2024, 1, 20).date() in published  # noqa: DTZ001


def test_a_burst_of_rows_is_refused(broken_days: Path) -> None:
    day = (broken_days / "in" / "posts" / "2024-02-10.jsonl").read_text("utf-8").splitlines()
    moved = [line.replace("2024-02-10T", "2024-02-12T") for line in day]
    burst = [line.replace('"id": "', f'"id": "copy{copy}-') for copy in range(12) for line in moved]
    (broken_days / "in" / "posts" / "2024-02-12.jsonl").write_text("\n".join(burst), "utf-8")
    summary = ingest(door(broken_days, LATER), load(broken_days / "in" / "source.yaml"))
    assert summary.batches_quarantined == 1
    assert "rows a day where" in summary.problems[0]


# A fresh process each, since the runtime of deltalake does not survive a fork; the slow import is shared.
FRESH = multiprocessing.get_context("forkserver")
FRESH.set_forkserver_preload(["great_expectations"])


def _start(home: Path) -> Any:
    running = FRESH.Process(target=run_in_chunks, args=(home,))
    running.start()
    return running


def test_a_killed_run_leaves_whole_tables_and_the_next_completes_it(tmp_path: Path) -> None:
    write_rows(tmp_path / "in" / "posts.jsonl", rows(2_000))
    source = load(write_yaml(tmp_path / "in"))
    running = _start(tmp_path)
    while Lake(tmp_path / "lake").version("snapshots") < 3:
        time.sleep(0.01)
    running.kill()
    running.join()
    assert 0 < table(tmp_path, "posts").num_rows < 2_000
    summary = ingest(door(tmp_path, LATER, chunk_rows=100), source)
    posts = table(tmp_path, "posts")
    assert posts.num_rows == len(pc.unique(posts["post_id"])) == table(tmp_path, "snapshots").num_rows == 2_000
    assert summary.posts_corrected == 0


def test_two_runs_at_once_take_every_row_once(tmp_path: Path) -> None:
    write_rows(tmp_path / "in" / "posts.jsonl", rows(1_000))
    write_yaml(tmp_path / "in")
    both = [_start(tmp_path), _start(tmp_path)]
    for running in both:
        running.join()
    assert [running.exitcode for running in both] == [0, 0]
    posts = table(tmp_path, "posts")
    assert posts.num_rows == len(pc.unique(posts["post_id"])) == table(tmp_path, "snapshots").num_rows == 1_000
