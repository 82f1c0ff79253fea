"""Real registries for tests: MLflow lays out a database once a process, tests work on copies of it."""

import os
import shutil
import sqlite3
import tempfile
import traceback
from contextlib import closing
from functools import cache
from pathlib import Path

from mlflow.tracking._tracking_service.utils import _artifact_repos_cache as _places_by_run

from models.registry import Registry
from tests.tiny_story import register

PLACES = {  # columns in which MLflow keeps where files lie
    "experiments": ["artifact_location"],
    "runs": ["artifact_uri"],
    "logged_models": ["artifact_location"],
    "model_versions": ["source", "storage_location"],
}


def empty(path: Path) -> Registry:
    """A registry without models at `path`."""
    return copy(_laid_out(), path)


def with_versions(path: Path) -> Registry:
    """A registry at `path` with three versions of `tiny`, not yet opened; none has an alias."""
    return copy(_three_versions(), path)


def copy(source: Path, path: Path) -> Registry:
    """The registry at `source` once more at `path`, not yet opened: MLflow's absolute paths are rewritten."""
    shutil.copytree(source, path)
    with closing(sqlite3.connect(path / "mlflow.db")) as database, database:
        for table, columns in PLACES.items():
            for column in columns:
                database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (str(source), str(path)))
    _places_by_run.clear()  # MLflow remembers for the whole process where the files of a run lie
    return Registry(path)


def dies(action) -> int:
    """Run `action` in a child process; the status that it ended with."""
    child = os.fork()
    if child == 0:
        try:
            action()
        except BaseException:  # noqa: BLE001 - a child must not return into pytest
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def dies_at(step, action) -> int:
    """Run `action` in a child that ends, as by kill -9, before or after the n-th call of one function.

    `step`: class, name of its function, n, "before" or "after".
    """
    target, name, count, when = step
    real, left = getattr(target, name), [count]

    def counted(*args, **kwargs):
        left[0] -= 1
        if left[0] == 0 and when == "before":
            os._exit(9)
        done = real(*args, **kwargs)
        if left[0] == 0:
            os._exit(9)
        return done

    def patched():
        setattr(target, name, counted)
        action()

    return dies(patched)


@cache
def _laid_out() -> Path:
    path = Path(tempfile.mkdtemp(prefix="trimtab-empty-"))
    Registry(path).store.client.search_experiments(max_results=1)
    return path


@cache
def _three_versions() -> Path:
    path = Path(tempfile.mkdtemp(prefix="trimtab-three-"))
    registry = empty(path / "mlflow")
    for key in "abc":
        register(registry, path, key, reason=f"Run {key}.")
    return registry.store.path
