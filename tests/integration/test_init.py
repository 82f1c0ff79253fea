"""`trimtab init` with real files: what it writes is taken in, what it cannot read is one sentence."""

import bz2
import gzip
import json
import re
import shlex
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pandas as pd
import pytest
import yaml

from monitoring.door import ingest
from monitoring.judgement import bad_rows
from tests import tiny_exports as exports
from tests.tiny_source import NOW, door, table
from trimtab.authors import Authors
from trimtab.cli import commands, init, looking, releases  # noqa: F401 - they register themselves
from trimtab.cli.main import cli
from trimtab.cli.survey import SAMPLE_ROWS, Sample
from trimtab.cli.trial import held
from trimtab.conversion import convert
from trimtab.errors import TrimtabError
from trimtab.files import expand, format_of
from trimtab.reading import chunks
from trimtab.settings import Ingest
from trimtab.source import load

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
TUTORIAL = ROOT / "docs" / "tutorial.md"
EXPORTS = ("twitter", "reddit", "mastodon", "youtube", "spreadsheet", "airline", "feed")


def run(*words: object) -> int:
    """The exit code; what goes wrong is raised as it is."""
    return cli.main(["init", *map(str, words)], standalone_mode=False) or 0


def refused(*words: object) -> str:
    with pytest.raises((TrimtabError, click.ClickException)) as error:
        run(*words)
    sentence = getattr(error.value, "message", str(error.value))
    assert "\n" not in sentence
    return sentence


def export(folder: Path, name: str) -> Path:
    """One of the exports as its tool would write it."""
    posts = getattr(exports, name)()
    if name in ("reddit", "mastodon"):
        return exports.write(folder / f"{name}.jsonl", posts)
    if name == "spreadsheet":
        return exports.write(folder / f"{name}.csv", posts, ";", "utf-8-sig")
    return exports.write(folder / f"{name}.csv", posts)


@pytest.mark.parametrize("name", EXPORTS)
def test_what_is_written_is_taken_in(tmp_path: Path, name: str) -> None:
    path = export(tmp_path, name)
    assert run(path) == (3 if name == "feed" else 0)
    summary = ingest(door(tmp_path / "home"), load(path.with_suffix(".yaml")))
    assert (summary.posts_new, summary.rows_quarantined, summary.batches_quarantined) == (120, 0, 0)
    assert table(tmp_path / "home", "snapshots").num_rows == (0 if name in ("airline", "feed") else 120)
    assert table(tmp_path / "home", "labels").num_rows == (120 if name == "airline" else 0)


def test_times_counts_and_labels_come_out_as_they_were_meant(tmp_path: Path) -> None:
    for name in ("spreadsheet", "airline"):
        run(export(tmp_path, name))
        ingest(door(tmp_path / name), load(tmp_path / f"{name}.yaml"))
    published = sorted(table(tmp_path / "spreadsheet", "posts")["published_at"].to_pylist())
    assert published == [exports.moment(n).replace(second=0) for n in range(120)]
    assert sum(table(tmp_path / "spreadsheet", "snapshots")["comments"].to_pylist()) == sum(
        exports.attention(n, 2) for n in range(120)
    )
    assert set(table(tmp_path / "airline", "labels")["label"].to_pylist()) == {"negative", "neutral", "positive"}


def test_the_terminal_shows_columns_examples_and_the_next_commands_but_no_names(tmp_path: Path, capsys) -> None:
    posts = [post | {"Text": f"{post['Verfasser']} und @jmueller: {post['Text']}"} for post in exports.spreadsheet()]
    path = exports.write(tmp_path / "redaktion.csv", posts, ";")
    assert run(path) == 0
    shown = capsys.readouterr().out
    assert "redaktion.csv: csv_semicolon, utf-8, 120 rows, all looked at closely." in shown
    assert [line.split()[:3] for line in shown.splitlines() if line.startswith("Kampagne")] == [
        ["Kampagne", "topic", "sure"]
    ]
    assert "120 of 120 sampled rows would be taken in, 120 with counts that are due." in shown
    assert f"trimtab ingest {tmp_path / 'redaktion.yaml'}" in shown
    assert "trimtab train engagement --as-of 2023-03-29" in shown
    written = (tmp_path / "redaktion.yaml").read_text()
    for name in ("Jörg", "Müller", "Änne", "Groß", "jmueller"):
        assert name not in shown + written


@pytest.mark.parametrize("ending", [".csv.gz", ".csv.bz2", ".parquet", ".tsv", ".txt", ".data"])
def test_other_formats_compressions_and_endings_give_the_same_mapping(tmp_path: Path, ending: str) -> None:
    posts = exports.youtube()
    path = tmp_path / f"comments{ending}"
    text = exports.as_csv(posts, "\t" if ending == ".tsv" else ",").encode()
    if ending == ".parquet":
        pd.DataFrame(posts).to_parquet(path)
    else:
        path.write_bytes({".csv.gz": gzip.compress, ".csv.bz2": bz2.compress}.get(ending, bytes)(text))
    assert run(path) == 0
    found = yaml.safe_load((tmp_path / "comments.yaml").read_text())
    named = {name: value for name, value in found["post"].items() if isinstance(value, str)}
    assert named == {"id": "commentId", "topic": "videoId", "author": "authorChannelId", "text": "textOriginal"}
    assert found["post"]["published"] == {"column": "publishedAt", "format": "iso8601"}
    assert found["engagement"]["counts"] == {"likes": "likeCount", "comments": "totalReplyCount"}
    assert found.get("format") == ("csv" if ending in (".txt", ".data") else None)
    feed = load(tmp_path / "comments.yaml").feeds[0]
    (chunk,) = chunks(path, list(feed.columns), format_of(path, feed.format), feed.encoding, 1_000)
    assert len(chunk.frame) == 120


@pytest.mark.parametrize(("encoding", "asked"), [("cp1252", 0), ("utf-16", 0), ("cp1251", 3)])
def test_an_encoding_is_told_or_asked_for(tmp_path: Path, capsys, encoding: str, asked: int) -> None:
    posts = exports.spreadsheet()
    if encoding == "cp1251":
        posts = [
            post | {"Text": f"Новая трамвайная линия открыта {n}", "Verfasser": "x"} for n, post in enumerate(posts)
        ]
        posts = [{name.encode("ascii", "ignore").decode(): value for name, value in post.items()} for post in posts]
        posts = [post | {"Verffentlicht am": post["Verffentlicht am"], "Kampagne": "Лето"} for post in posts]
    path = exports.write(tmp_path / "posts.csv", posts, ";", encoding)
    assert run(path, *(["--column", "published=Verffentlicht am"] if asked else [])) == asked
    assert ("encoding: it is not utf-8" in capsys.readouterr().out) == bool(asked)
    wanted = "utf-16" if encoding == "utf-16" else "cp1252"
    assert load(path.with_suffix(".yaml")).feeds[0].encoding == wanted
    assert ingest(door(tmp_path / "home"), load(path.with_suffix(".yaml"))).posts_new == 120


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"", "a.csv is empty"),
        ("a.csv", b" \n\n", "a.csv is empty"),
        ("a.csv", b"id,text,created_at\n", "a.csv has no rows"),
        ("a.csv", b"text\nhello\nworld\n", "a.csv has one column; a post needs an id, a text and a time"),
        ("a.csv", b"id,id,text\n1,2,a b\n", "a.csv has two columns called 'id'; rename one of them."),
        ("a.csv", b"1,2024-05-01,hello you\n2,2024-05-02,hello me\n",
         "a.csv has no header: its first line reads like a row ('1')"),
        ("a.csv", b'"id\nof it",text\n1,a b\n', "runs over several lines; put it on one."),
        ("a.csv", bytes(range(256)) * 40, "a.csv is binary"),
        ("a.csv", b"PK\x03\x04" + b"x" * 99, "a.csv is a spreadsheet or an archive; save the sheet as CSV"),
        ("a.csv", gzip.compress(b"id,text\n1,a\n", mtime=0), "a.csv is compressed; end its name in .gz"),
        ("a.csv", b"id|text|created_at\n1|a b|2024-01-01\n2|a c|2024-01-02\n", "cut into cells by '|'"),
        ("a.csv", b"id,text\n1," + b"x" * (9 << 20) + b"\n", "a.csv has a line of more than 8 MB"),
        ("a.csv", bytes(range(1, 256)) * 40, "a.csv is binary"),
        ("a.csv", b"<html><body>not found</body></html>", "a.csv is a web page or XML"),
        ("a.csv", b"name,colour\nx,red\ny,blue\n", "No column holds the times of publication"),
        ("a.jsonl", b'[{"id": 1}]', "a.jsonl is one JSON list; write one object a line"),
        ("a.jsonl", b'{"id": 1, "te\n{"id"\n', "a.jsonl is not JSON lines"),
        ("a.parquet", b"PAR1 and then nothing of the kind", "a.parquet cannot be read:"),
        ("a.csv.gz", b"id,text\n1,a\n", "a.csv.gz cannot be read:"),
    ],
)  # fmt: skip
def test_a_file_of_no_posts_is_one_sentence_and_nothing_is_written(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert sentence in refused(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_place_that_cannot_be_read_or_written_is_one_sentence(tmp_path: Path) -> None:
    path = export(tmp_path, "youtube")
    (tmp_path / "folder").mkdir()
    assert "Did you mean 'youtube.csv'?" in refused(tmp_path / "youtub.csv")
    assert "is a folder; name one of the files in it, such as youtube.csv" in refused(tmp_path)
    assert "is a folder; name the file to write" in refused(path, "-o", tmp_path / "folder")
    assert "does not end in .yaml" in refused(path, "-o", path, "--force")
    assert "has no '='" in refused(path, "--column", "text")
    assert "'Europe/Berln' is no IANA time zone. Did you mean 'Europe/Berlin'?" in refused(
        path, "--timezone", "Europe/Berln"
    )
    assert "the platform is blank" in refused(path, "--platform", " ")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "youtube.csv"]


def test_a_yaml_that_is_there_is_kept_unless_forced(tmp_path: Path) -> None:
    path, written = export(tmp_path, "youtube"), tmp_path / "youtube.yaml"
    written.write_text("mine")
    assert "--force writes over it" in refused(path)
    assert written.read_text() == "mine"
    assert run(path, "--force") == 0
    assert load(written).name == "youtube"
    assert run(path, "-o", tmp_path / "deep" / "er" / "other.yml") == 0
    (found,) = expand(load(tmp_path / "deep" / "er" / "other.yml").feeds[0].files, tmp_path / "deep" / "er")
    assert found.samefile(path)


@pytest.mark.parametrize("name", ["posts [1].csv", "a*b?.csv", "ünï: #1.csv", "-x.csv", "über.CSV"])
def test_files_with_odd_names_can_be_named(tmp_path: Path, name: str) -> None:
    path = exports.write(tmp_path / name, exports.youtube(20))
    assert run(path) == 0
    (written,) = tmp_path.glob("*.yaml")
    assert expand(load(written).feeds[0].files, tmp_path) == [path]


def test_rows_that_would_be_held_are_told_with_the_reason(tmp_path: Path, capsys) -> None:
    posts = [post | ({"likeCount": -1} if n < 6 else {}) for n, post in enumerate(exports.youtube())]
    posts[50] |= {"publishedAt": "yesterday"}
    path = exports.write(tmp_path / "c.csv", posts)
    path.write_text(path.read_text() + "one,cell,too,few\n")
    assert run(path) == 0
    shown = capsys.readouterr().out
    assert "113 of 120 sampled rows would be taken in" in shown
    assert "6 would be held: likes is negative" in shown
    assert "1 would be held: publishedAt 'yesterday' is no time in the format iso8601" in shown
    assert "1 lines hold no row and would be held, the first because the line has 4 cells, the header 11." in shown


def test_a_file_that_would_be_held_whole_exits_with_3(tmp_path: Path, capsys) -> None:
    ahead = [(exports.moment(n) + timedelta(days=365 * 30)).isoformat() for n in range(120)]
    posts = [post | {"publishedAt": when} for post, when in zip(exports.youtube(), ahead, strict=True)]
    assert run(exports.write(tmp_path / "c.csv", posts)) == 3
    shown = capsys.readouterr().out
    assert "0 of 120 sampled rows would be taken in" in shown
    assert "in the future of this run" in shown
    assert "So the file would be held whole: 30% of bad rows refuse a batch." in shown


def test_the_trial_holds_rows_for_the_reasons_of_the_door(tmp_path: Path) -> None:
    wrong = [
        {"id": ""}, {"created_utc": 12}, {"title": None, "selftext": ""}, {"score": -3, "ups": -3},
        {"num_comments": 1.5}, {"retrieved_on": 1}, {"created_utc": "soon"}, {"selftext": "x" * 100_001},
        {"is_self": "perhaps"}, {"created_utc": 4_000_000_000}, {"score": -1, "ups": -1, "retrieved_on": "x"},
    ]  # fmt: skip
    posts = [post | (wrong[n] if n < len(wrong) else {}) for n, post in enumerate(exports.reddit())]
    path = exports.write(tmp_path / "reddit.jsonl", posts)
    run(path)
    (feed,) = load(tmp_path / "reddit.yaml").feeds
    (chunk,) = chunks(path, list(feed.columns), format_of(path, None), "utf-8", 1_000)
    mapped = convert(feed, chunk.frame, Authors(bytes(32)))
    ours, theirs = held(mapped, feed, Ingest(), NOW), bad_rows(mapped, feed, Ingest(), NOW)
    assert list(ours.isna()) == list(theirs.isna()) == [n >= len(wrong) for n in range(120)]
    assert list(ours.dropna()) == list(theirs.dropna())


def test_a_long_file_is_sampled_from_end_to_end_and_its_ids_are_counted_whole(tmp_path: Path, capsys) -> None:
    rows = 9_000
    posts = exports.youtube(rows)
    posts[rows - 1]["commentId"] = posts[0]["commentId"]
    path = exports.write(tmp_path / "long.csv", posts)
    assert run(path) == 0
    assert "9,000 rows, all read, 1 in 4 looked at closely." in capsys.readouterr().out
    assert "1 rows have an id that came before" in (tmp_path / "long.yaml").read_text()


def test_a_sample_is_every_nth_row_however_the_rows_come() -> None:
    for sizes in ([20_000], [61] * 150, [1, 9_999, 3, 4_001]):
        sample, at = Sample(), 0
        for size in sizes:
            sample.add(pd.DataFrame({"n": range(at, at + size)}))
            at += size
        found = sample.frame()["n"].tolist()
        assert found == list(range(0, at, sample.every))
        assert SAMPLE_ROWS // 2 <= len(found) <= SAMPLE_ROWS


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_shipped_examples_are_proposed_as_they_were_written_by_hand(tmp_path: Path, path: Path) -> None:
    by_hand = yaml.safe_load(path.read_text("utf-8"))
    data = path.parent / by_hand["files"]
    if not data.exists():
        pytest.skip(f"{by_hand['files']} is not there; docs/sources.md says where it is found")
    assert run(data, "-o", tmp_path / "found.yaml") == 0
    found = yaml.safe_load((tmp_path / "found.yaml").read_text("utf-8"))
    by_hand["post"]["published"].pop("timezone", None)
    found["post"]["published"].pop("timezone", None)
    assert found["post"] == by_hand["post"]
    assert found.get("engagement") == by_hand.get("engagement")
    labels, mine = by_hand.get("labels"), found.get("labels")
    assert (labels and {**labels, "labeller": 0}) == (mine and {**mine, "labeller": 0})


def test_a_slip_ends_the_process_with_one_sentence_and_1(tmp_path: Path) -> None:
    script = "from trimtab.cli import main; main()"
    words = ["--home", str(tmp_path / "home"), "init", str(tmp_path / "nothere.csv")]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("trimtab: No file at ") and len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_nested_cells_are_shown_to_nobody(tmp_path: Path, capsys) -> None:
    path = exports.write(tmp_path / "toots.jsonl", exports.mastodon())
    assert run(path) == 0
    assert "person1" not in capsys.readouterr().out + (tmp_path / "toots.yaml").read_text()
    assert json.loads(path.read_text().splitlines()[1])["account"]["acct"] == "person1"


def told_commands() -> list[str]:
    """Every command line of the tutorial."""
    return re.findall(r"^(?:.*`)?(trimtab [a-z][^`\n]*)", TUTORIAL.read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("line", told_commands())
def test_the_tutorial_says_only_what_the_command_line_takes(line: str) -> None:
    command: Any = cli
    words = shlex.split(line, comments=True)[1:]
    while words and hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    known = {option for param in command.params for option in param.opts}
    assert [word for word in words if word.startswith("-") and word not in known] == []
    wanted = [param for param in command.params if param.required and not param.opts[0].startswith("-")]
    assert len([word for word in words if not word.startswith("-")]) >= len(wanted)
