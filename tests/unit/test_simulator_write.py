"""The files of a simulated world."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from simulator.incidents import parse, parse_all
from simulator.incidents.breaks import EMPTIABLE
from simulator.stream import days
from simulator.world import World
from simulator.write import write
from trimtab.authors import Authors
from trimtab.conversion import convert
from trimtab.errors import SettingsError
from trimtab.files import expand, format_of
from trimtab.posts import COUNTS
from trimtab.reading import chunks, columns
from trimtab.source import load, missing

WORLD = World(start=date(2024, 3, 1), days=5, posts_per_day=60, seed=1)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_seed_writes_the_same_bytes(tmp_path):
    incidents = parse_all(["concept_drift@2024-03-03", "null_column@2024-03-04:column=views"])
    write(tmp_path / "one", WORLD, incidents)
    write(tmp_path / "two", WORLD, incidents)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert "posts/2024-03-05.jsonl" in contents(tmp_path / "one")


def test_a_folder_written_in_two_goes_is_the_folder_written_in_one(tmp_path):
    write(tmp_path / "once", WORLD)
    write(tmp_path / "twice", replace(WORLD, days=2))
    write(tmp_path / "twice", WORLD)
    assert contents(tmp_path / "once") == contents(tmp_path / "twice")


def test_fewer_days_remove_the_days_past_the_end(tmp_path):
    write(tmp_path / "cut", WORLD)
    write(tmp_path / "cut", replace(WORLD, days=2))
    write(tmp_path / "short", replace(WORLD, days=2))
    assert contents(tmp_path / "cut") == contents(tmp_path / "short")


def test_files_say_what_the_stream_says(tmp_path):
    write(tmp_path, WORLD)
    for day in days(WORLD):
        posts = pd.read_json(
            tmp_path / f"posts/{day.date}.jsonl", lines=True, dtype=False, convert_dates=["published_at"]
        )
        assert_frame_equal(posts, day.posts, check_dtype=False)
        snapshots = pd.read_csv(tmp_path / f"engagement/{day.date}.csv", parse_dates=["measured_at"])
        assert_frame_equal(snapshots, day.snapshots, check_dtype=False)
        if len(day.labels):
            labels = pd.read_csv(tmp_path / f"labels/{day.date}.csv", parse_dates=["labelled_at"])
            assert_frame_equal(labels, day.labels, check_dtype=False)


def test_trimtab_reads_the_yaml_and_finds_every_column_in_the_files(tmp_path):
    source = load(write(tmp_path, WORLD))
    assert [feed.name for feed in source.feeds] == ["posts", "engagement", "labels"]
    for feed in source.feeds:
        for path in expand(feed.files, tmp_path):
            found = columns(path, format_of(path, feed.format), feed.encoding)
            assert missing(feed, found, path.name) is None


def test_what_trimtab_takes_from_the_files_is_what_the_stream_said(tmp_path):
    source = load(write(tmp_path, WORLD))
    frames = {"posts": "posts", "engagement": "snapshots", "labels": "labels"}
    for feed in source.feeds:
        files = expand(feed.files, tmp_path)
        raw = [next(iter(chunks(p, list(feed.columns), format_of(p, None), "utf-8", 10_000))).frame for p in files]
        mapped = pd.concat([convert(feed, frame, Authors(bytes(32))) for frame in raw], ignore_index=True)
        said = pd.concat([getattr(day, frames[feed.name]) for day in days(WORLD)], ignore_index=True)
        assert mapped["unread"].isna().all()
        assert list(mapped["post_id"]) == list(said["platform"] + ":" + said["id"])
        for column in set(mapped) & set(said) - {"author"}:
            here, there = mapped[column], said[column]
            assert ((here == there) | (here.isna() & there.isna())).all(), column


@pytest.mark.parametrize("column", EMPTIABLE)
def test_any_column_that_can_come_empty_can_be_written_and_read(tmp_path, column):
    source = load(write(tmp_path, WORLD, [parse(f"null_column@2024-03-03:days=1,column={column}")]))
    table = {"label": "labels", **dict.fromkeys(COUNTS, "engagement")}.get(column, "posts")
    feed = source.feed(table)
    path = next(path for path in expand(feed.files, tmp_path) if "2024-03-03" in path.name)
    raw = next(iter(chunks(path, list(feed.columns), format_of(path, None), "utf-8", 10_000))).frame
    assert convert(feed, raw, Authors(bytes(32)))[column].isna().all()


def test_moments_are_written_in_utc(tmp_path):
    write(tmp_path, WORLD)
    line = json.loads((tmp_path / "posts/2024-03-01.jsonl").read_text().splitlines()[0])
    assert line["published_at"].startswith("2024-03-01T")
    assert line["published_at"].endswith("Z")


def test_a_null_count_is_an_empty_field(tmp_path):
    write(tmp_path, WORLD, [parse("null_column@2024-03-03:column=views")])
    rows = (tmp_path / "engagement/2024-03-03.csv").read_text().splitlines()
    assert all(row.endswith(",") for row in rows[1:])


def test_a_day_with_nothing_has_no_file(tmp_path):
    write(tmp_path, WORLD, [parse("outage@2024-03-03:days=1,left=0")])
    assert not (tmp_path / "posts/2024-03-03.jsonl").exists()
    assert (tmp_path / "posts/2024-03-04.jsonl").exists()


def test_a_folder_with_other_things_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(
        SettingsError, match="is not empty and was not written by a simulation; give a new or empty folder"
    ):
        write(tmp_path, WORLD)
    assert contents(tmp_path) == {"thesis.doc": b"years of work"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "world").write_text("")
    with pytest.raises(SettingsError, match="is a file"):
        write(tmp_path / "world", WORLD)


def test_another_world_s_folder_is_refused_and_left_alone(tmp_path):
    write(tmp_path, WORLD)
    before = contents(tmp_path)
    with pytest.raises(SettingsError, match=r"another simulated world \(seed differ"):
        write(tmp_path, replace(WORLD, seed=2))
    with pytest.raises(SettingsError, match=r"another simulated world \(incidents differ"):
        write(tmp_path, WORLD, [parse("viral_day@2024-03-02")])
    assert contents(tmp_path) == before


def test_an_incident_may_be_planted_in_the_days_that_are_added(tmp_path):
    incidents = [parse("viral_day@2024-03-04")]
    write(tmp_path / "grown", replace(WORLD, days=3))
    write(tmp_path / "grown", WORLD, incidents)
    write(tmp_path / "once", WORLD, incidents)
    assert contents(tmp_path / "grown") == contents(tmp_path / "once")


def test_an_incident_after_the_last_day_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="is after the last day, 2024-03-05; simulate more days"):
        write(tmp_path, WORLD, [parse("viral_day@2025-03-04")])
