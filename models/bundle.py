"""A bundle in memory, ready to score: what a version will say before there is a version."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def scorer_of(scoring: str, files: Mapping[str, bytes]) -> Any:
    """The Scorer that the scoring module loads from these files, by the very code that would travel with them."""
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        return import_module(scoring).Scorer.load(folder)
