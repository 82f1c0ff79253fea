"""Tiny sources for tests: a folder with a few posts and the YAML that reads them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from monitoring.door import Door, ingest
from trimtab.authors import Authors
from trimtab.lake import Lake
from trimtab.settings import Ingest
from trimtab.source import load

NOW = datetime(2024, 6, 1, tzinfo=UTC)


def row(number: int = 0, **changes: Any) -> dict[str, Any]:
    """One post with its counts, two days old."""
    usual = {
        "id": f"p{number}",
        "group": "cats",
        "who": f"person-{number % 3}",
        "title": f"Post number {number}",
        "site": "example.org",
        "when": f"2024-05-{1 + number % 20:02d}T12:00:00",
        "likes": 10 + number,
        "replies": 2 + number,
    }
    return usual | changes


def rows(number: int, **changes: Any) -> list[dict[str, Any]]:
    return [row(each, **changes) for each in range(number)]


def mapping(files: str = "posts.jsonl", **changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "source": "tiny",
        "files": files,
        "post": {
            "id": "id",
            "platform": {"constant": "forum"},
            "topic": "group",
            "author": "who",
            "text": "title",
            "link_domain": "site",
            "published": {"column": "when", "format": "iso8601"},
        },
        "engagement": {"counts": {"likes": "likes", "comments": "replies"}, "measured": {"after_hours": 48}},
    }
    return usual | changes


def write_yaml(folder: Path, content: dict[str, Any] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "source.yaml"
    path.write_text(yaml.safe_dump(content or mapping()), "utf-8")
    return path


def write_rows(path: Path, posts: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in posts), "utf-8")
    return path


def door(home: Path, as_of: datetime = NOW, until: datetime | None = None, **settings: Any) -> Door:
    return Door(Lake(home / "lake"), Authors.of(home), Ingest(**settings), as_of, until)


def table(home: Path, name: str) -> pa.Table:
    return Lake(home / "lake").read(name)


def run_in_chunks(home: Path) -> None:
    """What a process of its own runs: home/in through the door, 100 rows at a time."""
    ingest(door(home, chunk_rows=100), load(home / "in" / "source.yaml"))
