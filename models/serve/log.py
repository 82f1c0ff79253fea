"""Answers into the lake, in batches and in the background. A full queue loses rows, which is counted and said."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import Any

import pyarrow as pa

from models.serve.metrics import Metrics
from models.serve.scoring import Said
from trimtab.posts import PREDICTIONS, SENTIMENTS

log = logging.getLogger("trimtab.serve")
ROLE = "served"  # one row an answer, so that a post may have several; a flow's predictions are `champion`
MOST_FILES = 256  # of the table, before they are put together


@dataclass(frozen=True)
class Line:
    """What one version said of some posts."""

    posts: Sequence[tuple[str | None, datetime]]  # id and published_at; without an id nothing is kept
    said: Said


class PredictionLog:
    """A bounded queue and the thread that empties it every `seconds`."""

    def __init__(self, lake: Any, metrics: Metrics, *, rows: int, seconds: float) -> None:
        self._lake, self._metrics, self._rows, self._seconds = lake, metrics, rows, seconds
        self._lines: SimpleQueue[Line | None] = SimpleQueue()
        self._waiting, self._losing = 0, False
        self._lock = Lock()
        self._thread = Thread(target=self._run, name="log predictions", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, line: Line) -> None:
        """Keep it to be written; never waits."""
        with self._lock:
            full = self._waiting + len(line.posts) > self._rows
            self._waiting += 0 if full else len(line.posts)
        if full:
            self._lost(len(line.posts), "more predictions are made than can be written")
            return
        self._metrics.waiting.set(self._waiting)
        self._lines.put(line)

    def stop(self, seconds: float = 10) -> None:
        """Write what is left, and end."""
        self._lines.put(None)
        self._thread.join(timeout=seconds)

    def _run(self) -> None:
        going = True
        while going:
            lines, going = self._gather()
            if lines:
                self._write(lines)

    def _gather(self) -> tuple[list[Line], bool]:
        """What comes within `seconds` of the first line, and whether there will be more."""
        lines: list[Line] = []
        first = self._lines.get()
        if first is None:
            return lines, False
        lines.append(first)
        deadline = monotonic() + self._seconds
        while (left := deadline - monotonic()) > 0 and self._waiting < self._rows // 2:
            try:
                line = self._lines.get(timeout=left)
            except Empty:
                break
            if line is None:
                return lines, False
            lines.append(line)
        return lines, True

    def _write(self, lines: list[Line]) -> None:
        rows = sum(len(line.posts) for line in lines)
        try:
            written = self._lake.append("predictions", table_of(lines))
            self._lake.tidy("predictions", files=MOST_FILES)
        except Exception as error:  # noqa: BLE001 - an answer never depends on the log
            self._lost(rows, str(error).splitlines()[0])
        else:
            self._losing = False
            self._metrics.written.inc(written)
        with self._lock:
            self._waiting -= rows
        self._metrics.waiting.set(self._waiting)

    def _lost(self, rows: int, why: str) -> None:
        self._metrics.dropped.inc(rows)
        if not self._losing:
            log.warning("Predictions are not kept for monitoring: %s", why)
        self._losing = True


def table_of(lines: Sequence[Line]) -> pa.Table:
    """Rows of the predictions table; posts without an id are left out."""
    columns: dict[str, list[Any]] = {name: [] for name in PREDICTIONS.names}
    for line in lines:
        kept = [post is not None for post, _ in line.posts]
        for name, values in _columns(line).items():
            columns[name].extend(values if all(kept) else compress(values, kept))
    return pa.table({field.name: pa.array(columns[field.name], field.type) for field in PREDICTIONS})


def _columns(line: Line) -> dict[str, Sequence[Any]]:
    said, count = line.said, len(line.posts)
    nothing = [None] * count
    odds = [said.columns[f"p_{name}"] for name in SENTIMENTS] if "label" in said.columns else []
    return {
        "post_id": [post for post, _ in line.posts],
        "model": [said.model] * count,
        "version": [said.version] * count,
        "role": [ROLE] * count,
        "scored_at": [said.at] * count,
        "published_at": [published for _, published in line.posts],
        **{name: said.columns.get(name, nothing) for name in ("value", "low", "high")},
        "probabilities": [list(of) for of in zip(*odds, strict=True)] if odds else nothing,
    }
