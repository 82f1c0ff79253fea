"""The stream as files of the kind that users bring: one per day and kind, and the YAML that reads them."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pc
import yaml
from pandas import DataFrame

from simulator.day import Day
from simulator.incidents import Incident, parse_all
from simulator.stream import days
from simulator.world import World
from trimtab.errors import SettingsError
from trimtab.posts import COUNTS, MEDIA

KINDS = {"posts": "jsonl", "engagement": "csv", "labels": "csv"}
ISO = {"format": "iso8601", "timezone": "UTC"}
SOURCE: dict[str, object] = {
    "source": "simulated",
    "files": "posts/*.jsonl",
    "post": {
        **{key: key for key in ("platform", "topic", "author", "text", "link_domain", *MEDIA)},
        "id": "id",
        "published": {"column": "published_at", **ISO},
    },
    "engagement": {
        "files": "engagement/*.csv",
        "id": "id",
        "platform": "platform",
        "counts": {count: count for count in COUNTS},
        "measured": {"column": "measured_at", **ISO},
    },
    "labels": {
        "files": "labels/*.csv",
        "id": "id",
        "platform": "platform",
        "label": "label",
        "labelled": {"column": "labelled_at", **ISO},
        "labeller": "labeller",
    },
}


def write(folder: Path, world: World, incidents: Sequence[Incident] = ()) -> Path:
    """Write the world's files under `folder`; returns the path of source.yaml.

    A folder that holds the same world is brought up to date: more days are added, days past the end removed.
    Raises SettingsError if the folder holds anything else, or an incident lies outside the world.
    """
    for incident in incidents:
        if incident.at >= world.end:
            raise SettingsError(
                f"{incident} is after the last day, {world.end - timedelta(days=1)}; simulate more days."
            )
    stream = days(world, incidents)
    _claim(folder, world, incidents)
    _replace(folder / "world.json", _story(world, incidents).encode())
    kept: set[Path] = set()
    for day in stream:
        for path, content in _files(folder, day):
            _replace(path, content)
            kept.add(path)
    for kind, ending in KINDS.items():
        for path in set((folder / kind).glob(f"*.{ending}")) - kept:
            path.unlink()
    _replace(folder / "source.yaml", yaml.safe_dump(SOURCE, sort_keys=False).encode())
    return folder / "source.yaml"


def _files(folder: Path, day: Day) -> list[tuple[Path, bytes]]:
    """Path and content of each file of a day; a day without rows of a kind has no file of it."""
    frames = {"posts": day.posts, "engagement": day.snapshots, "labels": day.labels}
    render = {"jsonl": _jsonl, "csv": _csv}
    return [
        (folder / kind / f"{day.date}.{ending}", render[ending](_plain(frames[kind])))
        for kind, ending in KINDS.items()
        if len(frames[kind])
    ]


def _plain(rows: DataFrame) -> DataFrame:
    """Moments as 2024-03-01T06:00:00Z."""
    plain = rows.copy()
    for name, kind in rows.dtypes.items():
        if isinstance(kind, pd.DatetimeTZDtype):
            seconds = rows[name].dt.tz_localize(None).to_numpy().astype("datetime64[s]")
            plain[name] = np.char.add(seconds.astype(str), "Z").astype(object)
    return plain


def _jsonl(rows: DataFrame) -> bytes:
    encode = json.JSONEncoder(ensure_ascii=False).encode
    names = list(rows)
    lines = zip(*(rows[name].tolist() for name in names), strict=True)
    return "".join(encode(dict(zip(names, line, strict=True))) + "\n" for line in lines).encode()


def _csv(rows: DataFrame) -> bytes:
    sink = pa.BufferOutputStream()
    pc.write_csv(pa.Table.from_pandas(rows, preserve_index=False), sink, pc.WriteOptions(quoting_style="needed"))
    return sink.getvalue().to_pybytes()


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(content)
    draft.replace(path)


def _story(world: World, incidents: Sequence[Incident]) -> str:
    """What the folder holds, so that a later call knows it for its own."""
    told = {**asdict(world), "start": str(world.start), "incidents": sorted(map(str, incidents))}
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _claim(folder: Path, world: World, incidents: Sequence[Incident]) -> None:
    """Refuse a folder with other things in it, or with another world's days."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not folder.is_dir():
        raise SettingsError(f"{folder} is a file; give a new or empty folder.")
    story = folder / "world.json"
    if not story.is_file():
        raise SettingsError(f"{folder} is not empty and was not written by a simulation; give a new or empty folder.")
    told, wanted = json.loads(story.read_text()), json.loads(_story(world, incidents))
    written = int(told.pop("days"))
    wanted.pop("days")
    changed = set(told.pop("incidents")) ^ set(wanted.pop("incidents"))
    late = all(incident.at >= world.date_of(written) for incident in parse_all(changed))
    differs = [name for name in wanted if told.get(name) != wanted[name]] + ([] if late else ["incidents"])
    if differs:
        raise SettingsError(
            f"{folder} holds another simulated world ({', '.join(differs)} differ); give a new folder or delete it."
        )
