"""What the door refused, with the reason and the raw rows, until a person replays it.

A raw row is the columns that the mapping names, the author's replaced by its keyed hash. A refused batch is
kept as lists of up to 1,000 raw rows, so that it can be shown and replayed without the original file. What
could not be read as rows at all is kept as a reference to its file. Nothing is updated in place: a replayed
entry gets a second row with state `replayed`.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

import pyarrow as pa
from pandas import DataFrame, Series

from trimtab.errors import SourceError, hint
from trimtab.lake import Lake
from trimtab.posts import QUARANTINE

PART_ROWS = 1_000


@dataclass(frozen=True)
class Held:
    """One entry: a bad row, or up to PART_ROWS rows of a refused batch."""

    quarantine_id: str
    source: str
    batch_id: str
    scope: str
    reason: str
    at: datetime
    state: str
    rows: tuple[dict[str, Any], ...] = ()  # filled in by `find` only

    def __str__(self) -> str:
        what = "part" if self.scope == "batch" else "row"
        place = f"{what} of batch {self.batch_id}"
        return f"{self.quarantine_id}  {self.at:%Y-%m-%d %H:%M}  {self.source}  {place}: {self.reason}"


class Quarantine:
    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    def hold(self, entries: Sequence[dict[str, Any]]) -> int:
        """Keep entries that are not there yet; returns how many were new."""
        unique = {entry["quarantine_id"]: entry for entry in entries}
        rows = pa.Table.from_pylist(list(unique.values()), schema=QUARANTINE)
        return self.lake.insert_new("quarantine", rows, on=["quarantine_id"])

    def entries(self, state: str = "held") -> tuple[Held, ...]:
        """Entries in a state, oldest first, without their rows."""
        columns = [name for name in QUARANTINE.names if name != "raw"]
        return tuple(_held(row) for row in self._newest(self.lake.read("quarantine", columns)) if row["state"] == state)

    def find(self, ids: Iterable[str]) -> tuple[Held, ...]:
        """Entries by their own id or that of their batch, with rows; an unknown id raises SourceError."""
        wanted = list(dict.fromkeys(ids))
        known = self.entries("held") + self.entries("replayed")
        names = {held.quarantine_id for held in known} | {held.batch_id for held in known}
        for word in wanted:
            if word not in names:
                raise SourceError(
                    f"Nothing in quarantine is called '{word}'.{hint(word, names)} See `trimtab quarantine list`."
                )
        picked = [held.quarantine_id for held in known if {held.quarantine_id, held.batch_id} & set(wanted)]
        table = self.lake.matching("quarantine", QUARANTINE.names, "quarantine_id", pa.array(picked, pa.string()))
        raws = {row["quarantine_id"]: row["raw"] for row in table.to_pylist() if row["raw"] is not None}
        return tuple(_held(row, raws.get(row["quarantine_id"])) for row in self._newest(table))

    def show(self, name: str) -> tuple[Held, ...]:
        return self.find([name])

    def settle(self, held: Iterable[Held], at: datetime) -> int:
        """Mark entries as replayed."""
        rows = [
            {"quarantine_id": each.quarantine_id, "source": each.source, "batch_id": each.batch_id,
             "scope": each.scope, "reason": each.reason, "raw": None, "at": at, "state": "replayed"}
            for each in held
        ]  # fmt: skip
        return self.lake.append("quarantine", pa.Table.from_pylist(rows, schema=QUARANTINE))

    @staticmethod
    def _newest(table: pa.Table) -> list[dict[str, Any]]:
        rows: dict[str, dict[str, Any]] = {}
        for row in sorted(table.to_pylist(), key=lambda each: (each["state"] == "replayed", each["at"])):
            first = rows.setdefault(row["quarantine_id"], row)
            first["state"] = row["state"]
        return sorted(rows.values(), key=lambda each: (each["at"], each["batch_id"], each["quarantine_id"]))


def row_entries(
    source: str, batch_id: str, raw: DataFrame, reasons: Series, mask: str | None, hashes: Series | None, at: datetime
) -> list[dict[str, Any]]:
    """One entry for each bad row; `reasons` and `hashes` are indexed like `raw`."""
    lines = [_dumped(row) for row in _records(raw, mask, hashes)]
    return [
        _entry(source, batch_id, "row", reason, line, at, reason + line)
        for reason, line in zip(reasons, lines, strict=True)
    ]


def batch_entries(
    source: str, batch_id: str, raw: DataFrame, reason: str, mask: str | None, hashes: Series | None, at: datetime
) -> list[dict[str, Any]]:
    """A refused batch in parts of PART_ROWS rows."""
    records = _records(raw, mask, hashes)
    parts = [records[start : start + PART_ROWS] for start in range(0, len(records), PART_ROWS)]
    return [
        _entry(source, batch_id, "batch", reason, json.dumps([_plain(row) for row in part]), at, f"{batch_id}/{number}")
        for number, part in enumerate(parts)
    ]


def note_entry(
    source: str, batch_id: str, scope: str, reason: str, raw: dict[str, Any], at: datetime
) -> dict[str, Any]:
    """An entry for what never became a row: a malformed line, or a file that could not be read."""
    return _entry(source, batch_id, scope, reason, _dumped(raw), at, batch_id + reason + _dumped(raw))


def _entry(source: str, batch_id: str, scope: str, reason: str, raw: str, at: datetime, name: str) -> dict[str, Any]:
    own = blake2b(f"{source}\0{batch_id}\0{name}".encode(), digest_size=8).hexdigest()
    return {"quarantine_id": own, "source": source, "batch_id": batch_id, "scope": scope, "reason": reason,
            "raw": raw, "at": at, "state": "held"}  # fmt: skip


def _records(raw: DataFrame, mask: str | None, hashes: Series | None) -> list[dict[str, Any]]:
    shown = raw if mask is None or hashes is None else raw.assign(**{mask: hashes.reindex(raw.index)})
    return shown.astype(object).to_dict("records")


def _dumped(row: dict[str, Any]) -> str:
    return json.dumps(_plain(row), ensure_ascii=False)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    if hasattr(value, "item"):
        return _value(value.item())
    if isinstance(value, list | dict):
        return value
    return None if str(value) in ("NaT", "<NA>") else value.isoformat() if hasattr(value, "isoformat") else str(value)


def _held(row: dict[str, Any], raw: str | None = None) -> Held:
    content = json.loads(raw) if raw else []
    rows = tuple(content) if isinstance(content, list) else (content,)
    names = ("quarantine_id", "source", "batch_id", "scope", "reason", "at", "state")
    return Held(**{name: row[name] for name in names}, rows=rows)
