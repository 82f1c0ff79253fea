"""The files of a simulated world."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml
from pandas.testing import assert_frame_equal

from simulator.incidents import parse, parse_all
from simulator.stream import days
from simulator.world import World
from simulator.write import write
from trimtab.errors import SettingsError

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


def test_the_yaml_names_columns_that_the_files_have(tmp_path):
    source = yaml.safe_load(write(tmp_path, WORLD).read_text())
    post = json.loads(next(iter(sorted(tmp_path.glob(source["files"])))).read_text().splitlines()[0])
    mapped = {value["column"] if isinstance(value, dict) else value for value in source["post"].values()}
    assert mapped == set(post)
    for section in ("engagement", "labels"):
        file = sorted(tmp_path.glob(source[section]["files"]))[0]
        header = {name.strip('"') for name in file.read_text().splitlines()[0].split(",")}
        assert {source[section]["id"], source[section]["platform"]} <= header
    assert set(source["engagement"]["counts"].values()) <= set(
        pd.read_csv(sorted(tmp_path.glob("engagement/*.csv"))[0]).columns
    )


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
