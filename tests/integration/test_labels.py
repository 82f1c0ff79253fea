"""What was known when: the readers that keep the future out."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from trimtab import labels
from trimtab.lake import Lake
from trimtab.posts import LABELS, POSTS, SNAPSHOTS

START = datetime(2024, 1, 1, tzinfo=UTC)
HORIZON = timedelta(hours=48)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path)


def add(lake, table, schema, *rows):
    lake.append(table, pa.Table.from_pylist([{"source": "s", "row_hash": 0} | row for row in rows], schema=schema))


def post(number, published=0.0, known=None, **more):
    known = published if known is None else known
    return {"post_id": f"p:{number}", "published_at": day(published), "known_at": day(known), **more}


def snapshot(number, measured, comments, known=None):
    known = measured if known is None else known
    return {"post_id": f"p:{number}", "measured_at": day(measured), "known_at": day(known), "comments": comments}


def outcomes(lake, as_of):
    found = labels.outcome_versions(lake, "comments", HORIZON, day(as_of)).drop_duplicates("post_id", keep="last")
    return dict(zip(found["post_id"], found["value"], strict=True))


def test_a_count_before_the_horizon_is_not_an_outcome(lake):
    add(lake, "posts", POSTS, post(1))
    add(lake, "snapshots", SNAPSHOTS, snapshot(1, 1.0, 7), snapshot(1, 2.0, 9), snapshot(1, 5.0, 99))
    assert outcomes(lake, 1.9) == {}
    assert outcomes(lake, 10) == {"p:1": 9}


def test_a_correction_is_seen_from_its_known_time_on(lake):
    add(lake, "posts", POSTS, post(1))
    add(lake, "snapshots", SNAPSHOTS, snapshot(1, 2.0, 9), snapshot(1, 2.0, 50, known=8))
    assert outcomes(lake, 7.9) == {"p:1": 9}
    assert outcomes(lake, 8) == {"p:1": 50}


def test_a_corrected_post_is_told_as_it_was_first_known(lake):
    add(lake, "posts", POSTS, post(1, text="first"), post(1, known=3, text="second"))
    for as_of in (2, 4):
        found = labels.first_seen(lake, day(as_of), ["text"])
        assert found[["text", "known_at"]].values.tolist() == [["first", day(0)]]


def test_a_corrected_publication_time_does_not_change_what_was_mature_before(lake):
    add(lake, "posts", POSTS, post(1), {**post(1, known=20), "published_at": day(3)})
    add(lake, "snapshots", SNAPSHOTS, snapshot(1, 2.0, 9), snapshot(1, 6.0, 99))
    assert outcomes(lake, 10) == {"p:1": 9}
    late = labels.outcome_versions(lake, "comments", HORIZON, day(21))
    assert list(late[late["label_known_at"] <= day(10)]["value"]) == [9]


def test_the_newest_label_known_by_then_is_in_force(lake):
    rows = [
        {"post_id": "p:1", "label": "neutral", "labelled_at": day(1), "known_at": day(1), "labeller": "a"},
        {"post_id": "p:1", "label": "negative", "labelled_at": day(3), "known_at": day(4), "labeller": "b"},
    ]
    add(lake, "labels", LABELS, *rows)
    assert list(labels.sentiment_versions(lake, day(3.5))["label"]) == ["neutral"]
    assert list(labels.sentiment_versions(lake, day(4))["label"]) == ["neutral", "negative"]


def test_an_earlier_snapshot_that_is_learned_later_changes_the_outcome_from_then_on(lake):
    add(lake, "posts", POSTS, post(1))
    add(lake, "snapshots", SNAPSHOTS, snapshot(1, 3.0, 30), snapshot(1, 2.0, 20, known=9))
    versions = labels.outcome_versions(lake, "comments", HORIZON, day(10))
    assert list(versions["value"]) == [30, 20]
    assert outcomes(lake, 8) == {"p:1": 30}
    assert outcomes(lake, 9) == {"p:1": 20}


def test_what_is_known_is_the_same_however_the_rows_lie_in_their_files(tmp_path):
    """A table that was compacted holds the same rows in another order."""
    counts = [snapshot(1, 2.0, 9, known=6), snapshot(1, 5.0, 99, known=6), snapshot(1, 3.0, 30, known=6)]
    said = {"post_id": "p:1", "labelled_at": day(3), "known_at": day(3)}
    marks = [
        said | {"label": "neutral", "labeller": "a", "row_hash": 1},
        said | {"label": "negative", "labeller": "b", "row_hash": 2},
    ]
    found = []
    for turn in (1, -1):
        lake = Lake(tmp_path / str(turn))
        add(lake, "posts", POSTS, post(1))
        add(lake, "snapshots", SNAPSHOTS, *counts[::turn])
        add(lake, "labels", LABELS, *marks[::turn])
        counted = labels.outcome_versions(lake, "comments", HORIZON, day(9))
        found.append((counted.to_dict("list"), labels.sentiment_versions(lake, day(9)).to_dict("list")))
    assert found[0] == found[1]
    assert (found[0][0]["value"][-1], found[0][1]["label"][-1]) == (9, "negative")
