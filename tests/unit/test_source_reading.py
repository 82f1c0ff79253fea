"""Files in every format and compression give the same rows, a few at a time."""

import bz2
import gzip
import json
import lzma
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiny_source import rows
from trimtab.errors import SourceError, UnreadableFile
from trimtab.files import expand, format_of
from trimtab.mapping import Format
from trimtab.reading import chunks, columns

NAMES = ["id", "title", "likes"]
COMPRESS = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def write(path: Path, form: str, posts: list[dict]) -> None:
    frame = pd.DataFrame(posts)
    plain = path.with_name("plain")
    if form == "parquet":
        frame.to_parquet(plain)
    elif form == "jsonl":
        plain.write_text("".join(json.dumps(post) + "\n" for post in posts), "utf-8")
    else:
        frame.to_csv(plain, index=False, sep="\t" if form == "tsv" else ",")
    if path.suffix == ".zst":
        with pa.CompressedOutputStream(str(path), "zstd") as stream:
            stream.write(plain.read_bytes())
    else:
        path.write_bytes(COMPRESS[path.suffix if path.suffix in COMPRESS else ""](plain.read_bytes()))


def read(path: Path, form: Format | None = None, encoding: str = "utf-8", size: int = 1_000) -> list[list[list[str]]]:
    parts = chunks(path, NAMES, format_of(path, form), encoding, size)
    return [part.frame[NAMES].astype(str).to_numpy().tolist() for part in parts]


@pytest.mark.parametrize("ending", ["", ".gz", ".bz2", ".xz", ".zst"])
@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet"])
def test_every_format_and_compression_gives_the_same_rows(tmp_path: Path, form: str, ending: str) -> None:
    path = tmp_path / f"posts.{form}{ending}"
    write(path, form, rows(25))
    found = read(path, size=10)
    assert [len(part) for part in found] == [10, 10, 5]
    assert sum(found, []) == [[post["id"], post["title"], str(post["likes"])] for post in rows(25)]
    assert set(NAMES) < set(columns(path, format_of(path, None), "utf-8"))


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r"), min_size=1), min_size=1)
)
def test_any_text_survives_csv_and_json_lines(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("texts")
    posts = [{"id": str(n), "title": text, "likes": n} for n, text in enumerate(texts)]
    for form in ("csv", "jsonl"):
        path = folder / f"posts.{form}"
        write(path, form, posts)
        assert [cells[1] for cells in sum(read(path), [])] == texts


def test_large_ids_beside_nulls_keep_every_digit(tmp_path: Path) -> None:
    table = pa.table({"id": pa.array([90832477970636801, None], pa.int64()), "title": ["a", "b"], "likes": [1, 2]})
    path = tmp_path / "posts.parquet"
    pa.parquet.write_table(table, path)
    assert read(path)[0][0][0] == "90832477970636801"


def test_lines_that_hold_no_row_are_kept_beside_the_rows(tmp_path: Path) -> None:
    csv, jsonl = tmp_path / "posts.csv", tmp_path / "posts.jsonl"
    csv.write_text("id,title,likes\n1,a,2\n1,2,3,4,5\n2,b,3\n")
    jsonl.write_text('{"id": 1, "title": "a", "likes": 2}\n{broken\n\n[1]\n{"id": 2, "title": "b", "likes": 3}\n')
    (first,) = chunks(csv, NAMES, "csv", "utf-8", 100)
    (second,) = chunks(jsonl, NAMES, "jsonl", "utf-8", 100)
    assert [len(first.frame), [line.text for line in first.malformed]] == [2, ["1,2,3,4,5"]]
    assert [len(second.frame), [line.number for line in second.malformed]] == [2, [2, 4]]


def test_a_stated_encoding_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes("id,title,likes\n1,Zürich,2\n".encode("latin-1"))
    assert read(path, encoding="latin-1")[0][0][1] == "Zürich"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.csv", b"", "a.csv is empty; nothing was taken from it."),
        ("a.jsonl", b"", "a.jsonl has no rows; nothing was taken from it."),
        ("a.csv", b"id,title,likes\n", "a.csv has no rows; nothing was taken from it."),
        ("a.csv", bytes(range(256)) * 20, "a.csv is binary, not csv"),
        ("a.jsonl", b"\x7fELF\x00\xff\xfe" * 100, "a.jsonl is not text in the stated encoding"),
        ("a.parquet", b"not parquet at all", "a.parquet cannot be read:"),
        ("a.csv", b"id,title,likes\n1,\xff\xfe\xfd,3\n", "state its `encoding`"),
        ("a.jsonl", b'{"id": "\xff"}\n', "state its `encoding`"),
        ("a.csv.gz", b"id,title,likes\n1,a,2\n", "a.csv.gz cannot be read:"),
        ("a.csv.gz", gzip.compress(b"id,title,likes\n" + b"1,a,2\n" * 9999)[:-30], "a.csv.gz cannot be read:"),
        ("a.jsonl", b'[\n{"id": 1}\n]', "a.jsonl is not JSON lines: write one object a line."),
        ("a.csv", b"id,id,title,likes\n1,2,a,3\n", "a.csv has two columns called 'id'"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_one_sentence(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableFile) as error:
        read(path)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_vanishes_says_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="vanished while it was being read; put it back"):
        read(tmp_path / "gone.csv")


def test_a_glob_without_a_match_names_the_nearest_file(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").touch()
    with pytest.raises(SourceError, match=r"No file matches .*post.csv. Did you mean 'posts.csv'\?"):
        expand("post.csv", tmp_path)


def test_globs_are_relative_to_the_yaml_and_sorted(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "sub/c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in expand("**/*.csv", tmp_path)] == ["a.csv", "b.csv", "c.csv"]
    assert expand(str(tmp_path / "a.csv"), Path("/nowhere")) == [tmp_path / "a.csv"]


def test_a_file_without_a_telling_extension_asks_for_the_format(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no extension that tells its format"):
        format_of(tmp_path / "posts.data", None)
