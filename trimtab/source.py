"""The source YAML: which columns of which files are a post, its engagement and its labels.

A typing error is one sentence with the nearest known word, never a silently empty column.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ValidationError

from trimtab.errors import MappingError
from trimtab.mapping import Column, EngagementPart, Format, LabelsPart, Mapping, PostPart


@dataclass(frozen=True)
class Feed:
    """Files of one shape and what their rows hold: a post, its engagement, its labels, or several of them."""

    name: Literal["posts", "engagement", "labels"]
    files: str
    format: Format | None
    encoding: str
    id: Column
    platform: Column
    post: PostPart | None
    engagement: EngagementPart | None
    labels: LabelsPart | None

    @property
    def tables(self) -> tuple[str, ...]:
        parts = {"posts": self.post, "snapshots": self.engagement, "labels": self.labels}
        return tuple(table for table, part in parts.items() if part is not None)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the files that are read, each once."""
        parts = (self.id, self.platform, self.post, self.engagement, self.labels)
        return tuple(dict.fromkeys(column for part in parts if part is not None for column in part.named_columns()))

    @property
    def mark(self) -> str:
        """Changes whenever the mapping of this feed does."""
        return blake2b(repr(self).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Source:
    """A source as the rest of the code sees it."""

    name: str
    yaml: Path
    feeds: tuple[Feed, ...]

    def feed(self, name: str) -> Feed:
        for feed in self.feeds:
            if feed.name == name:
                return feed
        raise MappingError(f"{self.yaml.name} has no files of its own for {name}; the rows to replay came from there.")


def load(path: Path) -> Source:
    """Read a source YAML; raises MappingError with one sentence on anything that it cannot mean."""
    mapping = _parse(path)
    first = Feed(
        "posts", mapping.files, mapping.format, mapping.encoding or "utf-8", mapping.post.id, mapping.post.platform,
        mapping.post, _together(mapping.engagement), _together(mapping.labels),
    )  # fmt: skip
    apart = [
        _apart(path, mapping, name, part)
        for name, part in (("engagement", mapping.engagement), ("labels", mapping.labels))
        if part is not None and part.files is not None
    ]
    return Source(mapping.source, path, (first, *apart))


def missing(feed: Feed, found: Iterable[str], file: str) -> MappingError | None:
    """The sentence about columns that the mapping names and the file lacks, or None."""
    available = list(found)
    lacking = [column for column in feed.columns if column not in available]
    if not lacking:
        return None
    return MappingError.unknown("column", lacking[0], available, file)


def _together(part: Any) -> Any:
    return part if part is not None and part.files is None else None


def _apart(path: Path, mapping: Mapping, name: Any, part: Any) -> Feed:
    due = part.measured if name == "engagement" else part.labelled
    if due.after_hours is not None:
        word = "measured" if name == "engagement" else "labelled"
        raise MappingError(
            f"{path.name}: {name} has files of its own, which hold no publication time to add after_hours to; "
            f"give {name}.{word} a column."
        )
    return Feed(
        name, part.files, part.format, part.encoding or mapping.encoding or "utf-8",
        part.id or mapping.post.id, part.platform or mapping.post.platform, None,
        part if name == "engagement" else None, part if name == "labels" else None,
    )  # fmt: skip


def _parse(path: Path) -> Mapping:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except IsADirectoryError as error:
        raise MappingError(f"{path} is a folder; name the source YAML in it.") from error
    except FileNotFoundError as error:
        raise MappingError(f"No source file at {path}; write one as docs/sources.md says.") from error
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1})" if mark else ""
        raise MappingError(f"{path.name} is not YAML{place}: {getattr(error, 'problem', None) or error}.") from error
    if not isinstance(content, dict):
        raise MappingError(f"{path.name} holds no keys; a source starts with `source: name`, as docs/sources.md shows.")
    try:
        return Mapping.model_validate(content)
    except ValidationError as error:
        raise _sentence(path, error) from error


def _sentence(path: Path, error: ValidationError) -> MappingError:
    first = sorted(error.errors(), key=lambda each: each["type"] != "extra_forbidden")[0]
    place, word = [str(part) for part in first["loc"][:-1]], str(first["loc"][-1]) if first["loc"] else ""
    where = f"{path.name}: {'.'.join(place)}" if place else path.name
    if first["type"] == "extra_forbidden":
        return MappingError.unknown("key", word, _keys(place), where)
    if first["type"] == "missing":
        return MappingError(f"{where} has no '{word}', which every source needs; see docs/sources.md.")
    dotted = ".".join([*place, word])
    return MappingError(f"{path.name}: {dotted}: {first['msg'].removeprefix('Value error, ')}.")


def _keys(place: list[str]) -> list[str]:
    model: type[BaseModel] = Mapping
    for name in place:
        annotation = model.model_fields[name].annotation
        options = [annotation, *get_args(annotation)]
        model = next(each for each in options if isinstance(each, type) and issubclass(each, BaseModel))
    return list(model.model_fields)
