"""The source YAML: what it means, and one sentence for whatever it cannot mean."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tiny_source import mapping, write_yaml
from trimtab.errors import MappingError
from trimtab.source import load, missing

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))


def changed(path: str, value: Any) -> dict[str, Any]:
    """The usual mapping with one dotted key set."""
    content = mapping()
    *parents, last = path.split(".")
    place = content
    for name in parents:
        place = place[name]
    place[last] = value
    return content


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_shipped_example_loads(path: Path) -> None:
    assert load(path).name == path.stem


def test_engagement_and_labels_in_the_same_files_are_one_feed(tmp_path: Path) -> None:
    (feed,) = load(write_yaml(tmp_path)).feeds
    assert feed.tables == ("posts", "snapshots")
    assert feed.columns == ("id", "group", "who", "title", "site", "when", "likes", "replies")


def test_engagement_in_files_of_its_own_is_a_second_feed(tmp_path: Path) -> None:
    apart = {"files": "counts/*.csv", "counts": {"likes": "n"}, "measured": {"column": "t", "format": "epoch_s"}}
    source = load(write_yaml(tmp_path, mapping(engagement=apart)))
    assert [feed.name for feed in source.feeds] == ["posts", "engagement"]
    assert source.feed("engagement").columns == ("id", "n", "t")


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("post.autor", "who", "source.yaml: post: key 'autor' is not known. Did you mean 'author'?"),
        ("posts", {}, "source.yaml: key 'posts' is not known. Did you mean 'post'?"),
        ("engagement.counts.coments", "n", "engagement.counts: key 'coments' is not known. Did you mean 'comments'?"),
        ("post.published.tz", "UTC", "source.yaml: post.published: key 'tz' is not known."),
        ("post.published.format", "iso", "'iso' is no time format. Did you mean 'iso8601'?"),
        ("post.published.format", "%Q", "'%Q' is no time format: 'Q' is a bad directive"),
        ("files", ".", "'.' names a folder; name the files in it, such as ./*.csv"),
        ("encoding", "utf-99", "'utf-99' is no encoding"),
        ("post.published.timezone", "Europe/Berln", "is no IANA time zone. Did you mean 'Europe/Berlin'?"),
        ("post.published", {"column": "t", "format": "epoch_s", "timezone": "Asia/Tokyo"}, "leave the timezone out"),
        ("post.id", {"column": "id", "constant": "x"}, "give either a column or a constant"),
        ("engagement.measured", {}, "give either a column or after_hours"),
        ("engagement.counts", {}, "map at least one of likes, shares, comments, views"),
        ("format", "xml", "source.yaml: format:"),
        ("source", "a b", "source.yaml: source:"),
        ("engagement.files", "other.csv", "give engagement.measured a column"),
    ],
)  # fmt: skip
def test_what_the_yaml_cannot_mean_is_one_sentence(tmp_path: Path, path: str, value: Any, sentence: str) -> None:
    with pytest.raises(MappingError) as error:
        load(write_yaml(tmp_path, changed(path, value)))
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    content = mapping()
    del content["post"]["published"]
    with pytest.raises(MappingError, match="post has no 'published', which every source needs"):
        load(write_yaml(tmp_path, content))


@pytest.mark.parametrize("text", ["post: [unclosed", "\tpost: x", "- just\n- a list", "", "\x00\x01"])
def test_what_is_not_yaml_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "source.yaml"
    path.write_text(text)
    with pytest.raises(MappingError, match=r"^source.yaml (is not YAML|holds no keys)"):
        load(path)


def test_an_absent_yaml_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="No source file at"):
        load(tmp_path / "absent.yaml")


def test_a_missing_column_is_told_with_the_nearest_and_all(tmp_path: Path) -> None:
    (feed,) = load(write_yaml(tmp_path)).feeds
    error = missing(feed, ["id", "group", "who", "titel", "site", "when", "likes", "replies"], "posts.csv")
    assert str(error).startswith("posts.csv: column 'title' is not known. Did you mean 'titel'? Known: group, id,")
    assert missing(feed, [*feed.columns, "more"], "posts.csv") is None


def test_the_mark_of_a_feed_changes_with_its_mapping(tmp_path: Path) -> None:
    one, same, other = (
        load(write_yaml(tmp_path, content)).feeds[0].mark
        for content in (mapping(), yaml.safe_load(yaml.safe_dump(mapping())), changed("post.text", "site"))
    )
    assert one == same != other
