"""Whatever is wrong with the input: one sentence, and nothing lost or half-written."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from monitoring.door import ingest
from tests.tiny_source import NOW, door, mapping, row, rows, table, write_rows, write_yaml
from trimtab.authors import Authors
from trimtab.errors import LakeError, MappingError, SourceError, UnreadableFile
from trimtab.lake import Lake
from trimtab.source import load


def refused(home: Path, kind: type[Exception]) -> str:
    with pytest.raises(kind) as error:
        ingest(door(home), load(home / "in" / "source.yaml"))
    assert "\n" not in str(error.value)
    for name in ("posts", "snapshots"):
        assert table(home, name).num_rows == 0
    return str(error.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "posts.jsonl is empty; nothing was taken from it."),
        (b"\x00\x01\x02" * 999, "posts.jsonl is not JSON lines: write one object a line."),
        ("[1]\n{'id'\n".encode("utf-16"), "posts.jsonl is not text in the stated encoding"),
    ],
)
def test_a_file_that_is_no_file_of_posts_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    write_yaml(tmp_path / "in")
    (tmp_path / "in" / "posts.jsonl").write_bytes(content)
    assert sentence in refused(tmp_path, UnreadableFile)
    assert table(tmp_path, "quarantine")["reason"].to_pylist()[0].startswith(sentence)


def test_a_mapped_column_that_no_file_has_is_the_yaml_s_fault(tmp_path: Path) -> None:
    content = mapping()
    content["post"]["text"] = "titel"
    write_yaml(tmp_path / "in", content)
    write_rows(tmp_path / "in" / "posts.jsonl", rows(3))
    sentence = refused(tmp_path, MappingError)
    assert sentence.startswith("posts.jsonl: column 'titel' is not known. Did you mean 'title'? Known: group, id,")
    assert table(tmp_path, "quarantine").num_rows == 0


def test_a_column_that_one_file_lost_refuses_that_file(tmp_path: Path) -> None:
    write_yaml(tmp_path / "in", mapping("*.jsonl"))
    write_rows(tmp_path / "in" / "a.jsonl", rows(3))
    write_rows(tmp_path / "in" / "b.jsonl", [{k: v for k, v in row(9).items() if k != "likes"}])
    summary = ingest(door(tmp_path), load(tmp_path / "in" / "source.yaml"))
    assert (summary.posts_new, summary.batches_quarantined) == (3, 1)
    assert "b.jsonl: column 'likes' is not known." in summary.problems[0]


def test_a_glob_without_a_match_is_refused(tmp_path: Path) -> None:
    write_yaml(tmp_path / "in", mapping("nothing/*.csv"))
    assert "No file matches" in refused(tmp_path, SourceError)


def test_a_file_in_which_no_date_parses_is_refused_whole(tmp_path: Path) -> None:
    write_yaml(tmp_path / "in")
    write_rows(tmp_path / "in" / "posts.jsonl", rows(50, when="the day before"))
    summary = ingest(door(tmp_path), load(tmp_path / "in" / "source.yaml"))
    assert (summary.posts_new, summary.batches_quarantined) == (0, 1)
    why = "when 'the day before' is no time in the format iso8601"
    assert summary.problems == (f"posts.jsonl: 50 of 50 rows are bad, the first because: {why}",)


def test_a_file_that_vanishes_while_it_is_read_keeps_what_came_before(tmp_path: Path) -> None:
    write_yaml(tmp_path / "in", mapping("*.jsonl"))
    write_rows(tmp_path / "in" / "a.jsonl", rows(150))
    write_rows(tmp_path / "in" / "b.jsonl", [row(900)])
    source = load(tmp_path / "in" / "source.yaml")

    def vanish(feed: str, done: int) -> None:
        (tmp_path / "in" / "b.jsonl").unlink(missing_ok=True)

    summary = ingest(door(tmp_path, chunk_rows=100), source, progress=vanish)
    assert summary.posts_new == 150
    assert (
        "b.jsonl vanished while it was being read; put it back and run the same command again." in summary.problems[0]
    )
    write_rows(tmp_path / "in" / "b.jsonl", [row(900)])
    assert ingest(door(tmp_path, chunk_rows=100), source).posts_new == 1


LIMITED = """
import resource, sys
from pathlib import Path
from trimtab.errors import LakeError
from trimtab.lake import Lake
import pyarrow as pa
from trimtab.posts import SNAPSHOTS
lake = Lake(Path(sys.argv[1]) / "lake")
more = lake.read("snapshots")
more = pa.concat_tables([more] * 400).set_column(0, "post_id", pa.array([f"p{n}" for n in range(400 * len(more))]))
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    lake.insert_new("snapshots", more, on=["post_id", "measured_at"])
except LakeError as error:
    print(error)
    sys.exit(3)
"""


def test_a_disk_that_is_full_leaves_the_table_as_it_was(tmp_path: Path) -> None:
    assert resource.RLIMIT_FSIZE is not None
    write_yaml(tmp_path / "in")
    write_rows(tmp_path / "in" / "posts.jsonl", rows(50))
    ingest(door(tmp_path), load(tmp_path / "in" / "source.yaml"))
    before = table(tmp_path, "snapshots")
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path)], cwd=root, capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    assert "It is whole as it was; make room" in done.stdout
    assert done.stdout.count("\n") == 1
    assert table(tmp_path, "snapshots").equals(before)
    assert Lake(tmp_path / "lake").insert_new("snapshots", before, on=["post_id", "measured_at"]) == 0


def test_an_author_key_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    Authors.of(tmp_path)
    assert (tmp_path / "author.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "author.key").write_bytes(b"short")
    with pytest.raises(LakeError, match="put back the key of this home"):
        Authors.of(tmp_path)


def test_malformed_lines_are_held_without_their_text_where_an_author_might_stand_in_it(tmp_path: Path) -> None:
    for home, author in ((tmp_path / "with", "who"), (tmp_path / "without", None)):
        content = mapping()
        if author is None:
            del content["post"]["author"]
        write_yaml(home / "in", content)
        path = write_rows(home / "in" / "posts.jsonl", rows(40))
        path.write_text(path.read_text() + '{"who": "some-one", broken\n')
        assert ingest(door(home), load(home / "in" / "source.yaml")).rows_quarantined == 1
    shown, hidden = (table(tmp_path / home, "quarantine")["raw"].to_pylist()[0] for home in ("without", "with"))
    assert "some-one" in shown
    assert "some-one" not in hidden and '"number": 41' in hidden
    assert NOW in table(tmp_path / "with", "quarantine")["at"].to_pylist()


def test_a_row_without_a_publication_time_is_held_with_its_reason(tmp_path: Path) -> None:
    write_yaml(tmp_path / "in")
    write_rows(tmp_path / "in" / "posts.jsonl", [*rows(9), row(10, when="")])
    summary = ingest(door(tmp_path), load(tmp_path / "in" / "source.yaml"))
    assert summary.posts_new == 9
    assert table(tmp_path, "quarantine")["reason"].to_pylist() == ["the publication time is missing"]
