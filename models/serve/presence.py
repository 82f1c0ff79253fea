"""Who serves at this moment: one small file a worker, written again every second.

A rollback waits for these workers; one that is dead or silent is not waited for.
"""

import json
import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

SILENT = timedelta(seconds=5)
FIGURES = "-figures"  # of a server's workers, a folder beside their files


@dataclass(frozen=True)
class Worker:
    """A worker as it last described itself; `versions` by model, empty while it is starting."""

    server: str
    worker: int
    host: str
    pid: int
    address: str
    versions: Mapping[str, str]
    at: datetime

    @property
    def actor(self) -> str:
        """As it signs in the ledger."""
        return f"server {self.server} worker {self.worker}"


def alive(home: Path, as_of: datetime) -> list[Worker]:
    """Workers that have been heard of within five seconds and whose process is there, by server and number.

    A file from the future counts by its distance too: a clock that was set back makes nobody serve for ever.
    """
    return [worker for worker in there(home) if abs(as_of - worker.at) <= SILENT]


def there(home: Path) -> list[Worker]:
    """Workers that have not ended, however long they have been silent, by server and number."""
    found = [worker for path in folder(home).glob("*.json") if (worker := _read(path)) is not None]
    return sorted((worker for worker in found if not _dead(worker)), key=lambda worker: (worker.server, worker.worker))


def write(home: Path, worker: Worker) -> None:
    """Describe `worker` in its file, whole."""
    path = _path(home, worker.server, worker.worker)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{worker.pid}.new")
    draft.write_text(json.dumps(asdict(worker) | {"at": worker.at.isoformat()}), encoding="utf-8")
    draft.replace(path)


def remove(home: Path, server: str, worker: int) -> None:
    """A worker that has ended is waited for by nobody."""
    _path(home, server, worker).unlink(missing_ok=True)


def sweep(home: Path) -> None:
    """Remove what processes that are gone have left, which a kill kept from tidying."""
    for path in folder(home).glob("*.json"):
        worker = _read(path)
        if worker is None or _dead(worker):
            path.unlink(missing_ok=True)
    servers = {path.name.rpartition("-")[0] for path in folder(home).glob("*.json")}
    for path in folder(home).glob(f"*{FIGURES}"):
        if path.name.removesuffix(FIGURES) not in servers:
            shutil.rmtree(path, ignore_errors=True)


def folder(home: Path) -> Path:
    """Where servers keep what they share."""
    return home / "serving"


def _path(home: Path, server: str, worker: int) -> Path:
    return folder(home) / f"{server}-{worker}.json"


def _read(path: Path) -> Worker | None:
    """None for a file that is gone by now, or not one of ours."""
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Worker(**told | {"at": datetime.fromisoformat(told["at"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _dead(worker: Worker) -> bool:
    """Whether the process is gone; of another machine's nothing can be told."""
    if worker.host != socket.gethostname():
        return False
    try:
        os.kill(worker.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
