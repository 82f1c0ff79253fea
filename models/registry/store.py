"""MLflow on SQLite and local files: opened when first used, silent, and made whole or not at all."""

import logging
import os
import shutil
import sqlite3
import sys
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from filelock import FileLock, Timeout

from trimtab.errors import RegistryBusy, RegistryError, Unavailable

LOCK_SECONDS = 600
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_UV_AUTO_DETECT": "false",  # no copy of whatever pyproject.toml lies in the current folder
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
_loading = Lock()  # MLflow hands the object that a file defines over in a global


class ModelLock(FileLock):
    """A lock that says in a sentence why it could not be had."""

    def acquire(self, *args: Any, **more: Any) -> Any:
        try:
            return super().acquire(*args, **more)
        except Timeout as error:
            raise RegistryBusy(
                f"Another process holds {self.lock_file}: it trains, judges or moves a version, or it hangs. "
                "Nothing was moved; run the command again, or end that process first."
            ) from error


class Store:
    """The database, the artifacts and the locks below one folder. mlflow is imported within: it costs seconds."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @property
    def database(self) -> Path:
        return self.path / "mlflow.db"

    @property
    def laid_out(self) -> bool:
        """Whether there is a database. Unavailable where there was one: made anew, it would hide every version."""
        if self.database.exists():
            return True
        if any((self.path / "artifacts").glob("*")):
            raise Unavailable(
                f"{self.database} is not there, but the files of its versions are: it was moved, or its disk is away. "
                "Put it back, or restore it from a backup; see docs/oncall.md."
            )
        return False

    @property
    def uri(self) -> str:
        return f"sqlite:///{self.database}"

    @cached_property
    def mlflow(self) -> Any:
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        import mlflow
        import mlflow.pyfunc

        logging.getLogger("mlflow").setLevel(
            logging.CRITICAL
        )  # it prints stack dumps of what `spoken` says in a sentence
        return mlflow

    @cached_property
    def client(self) -> Any:
        with self.lock("mlflow"):
            if not self.laid_out:
                self._lay_out()
        return self.mlflow.MlflowClient(self.uri, self.uri)

    def lock(self, name: str) -> FileLock:
        """One writer a name; held by `with`. Reentrant within a thread. RegistryBusy where it is held too long."""
        self.path.mkdir(parents=True, exist_ok=True)
        return ModelLock(self.path / f"{name}.lock", timeout=LOCK_SECONDS, is_singleton=True)

    @contextmanager
    def running_code(self) -> Iterator[None]:
        """Around what makes MLflow run a models-from-code file; it leaves no bytecode beside the file."""
        with _loading, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
            try:
                yield
            finally:
                sys.dont_write_bytecode = before

    @contextmanager
    def spoken(self) -> Iterator[None]:
        """MLflow's errors and the disk's as one sentence."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (self.mlflow.MlflowException, SQLAlchemyError, OSError) as error:
            first = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
            raise RegistryError(
                f"The model registry at {self.path} failed: {first}. No version was left half-made; "
                "free the disk or restore the store, then run the command again."
            ) from error

    def _lay_out(self) -> None:
        """Make the database beside its place and move it in whole: a half-migrated one would be refused for ever."""
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        staged, whole = self.path / "mlflow.db.staged", self.path / "mlflow.db.whole"
        staged.unlink(missing_ok=True)
        event.listen(Engine, "connect", _hurry)
        try:
            uri = f"sqlite:///{staged}"
            self.mlflow.MlflowClient(uri, uri).search_experiments(max_results=1)
        finally:
            event.remove(Engine, "connect", _hurry)
        shutil.copyfile(staged, whole)
        with closing(sqlite3.connect(whole)) as database:
            database.execute("PRAGMA journal_mode = WAL")  # the UI reads while we write
        with whole.open("rb") as file:
            os.fsync(file.fileno())
        whole.replace(self.database)
        staged.unlink()


def _hurry(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA journal_mode = MEMORY")
