"""Answers into the lake, in batches and in the background. A full queue loses rows, which is counted and said."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from threading import Event, Lock, Thread
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
    """A bounded queue and the thread that empties it every `seconds`, or when it is half full.

    A line does not wake the thread: a thread that is woken takes Python's lock from the answer that is being made.
    """

    def __init__(self, lake: Any, metrics: Metrics, *, rows: int, seconds: float) -> None:
        self._lake, self._metrics, self._rows, self._seconds = lake, metrics, rows, seconds
        self._lines: list[Line] = []
        self._waiting, self._losing, self._ending = 0, False, False
        self._lock, self._due = Lock(), Event()
        self._thread = Thread(target=self._run, name="log predictions", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, line: Line) -> None:
        """Keep it to be written; never waits."""
        with self._lock:
            full = self._waiting + len(line.posts) > self._rows
            if not full:
                self._lines.append(line)
                self._waiting += len(line.posts)
        if full:
            self._lost(len(line.posts), "more predictions are made than can be written")
            return
        self._metrics.waiting.set(self._waiting)
        if self._waiting >= self._rows // 2:
            self._due.set()

    def stop(self, seconds: float = 10) -> None:
        """Write what is left, and end."""
        self._ending = True
        self._due.set()
        self._thread.join(timeout=seconds)

    def _run(self) -> None:
        going = True
        while going:
            self._due.wait(self._seconds)
            self._due.clear()
            going = not self._ending
            if lines := self._taken():
                self._write(lines)

    def _taken(self) -> list[Line]:
        with self._lock:
            lines, self._lines = self._lines, []
        return lines

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
