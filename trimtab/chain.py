"""The ledger's chain: the hash of an entry covers its own columns and the hash of the entry before it.

An entry that is changed, removed or put in later does not fit any more; the first that does not fit is named. Who can
write the file can also hash it anew, and nothing within it tells that its end was cut off: so the newest hash is kept
beside it as well (`Head`), and may be noted anywhere else.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple

from trimtab.errors import LedgerError

ROOT = "0" * 64  # what the first entry is hashed with
What = Literal["changed", "removed", "inserted", "cut off", "rewritten", "end unknown"]


class Link(NamedTuple):
    """An entry as the file has it: raw columns, and its hash; None for what is missing."""

    id: int
    columns: tuple[Any, ...] | None  # id, at, kind, model, version, previous, actor, reason, evidence, key
    hash: str | None

    def __str__(self) -> str:
        if self.columns is None:
            return f"entry {self.id}"
        _, at, kind, model, version, *_ = self.columns
        return f"entry {self.id} ({str(at)[:16]} {model}{f' {version}' if version else ''}: {kind})"


@dataclass(frozen=True)
class Head:
    """The newest entry and its hash."""

    id: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> "Head":
        """From `12:3fa9...`, as `trimtab verify` prints it."""
        number, _, digest = text.strip().partition(":")
        if not number.isdecimal() or len(digest) != len(ROOT):
            raise LedgerError(
                f"'{text.strip()}' is no entry and hash; give them as 12:3fa9..., as verify printed them."
            )
        return cls(int(number), digest)

    @classmethod
    def read(cls, path: Path) -> "Head | None":
        """From its file; None where there is none that can be read."""
        try:
            return cls.parse(path.read_text(encoding="ascii"))
        except (FileNotFoundError, LedgerError, UnicodeError):
            return None

    def write(self, path: Path) -> None:
        """Whole or not at all, also when the power fails. One writer at a time."""
        draft = path.with_name(f"{path.name}.part")
        with draft.open("w", encoding="ascii") as file:
            file.write(f"{self}\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def __str__(self) -> str:
        return f"{self.id}:{self.hash}"


@dataclass(frozen=True)
class Fault:
    """The first entry that does not fit, and why. Prints as half a sentence."""

    id: int
    what: What
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class Verification:
    """What came of checking a ledger. Prints as one sentence."""

    path: Path
    entries: int
    newest: Head | None
    fault: Fault | None

    @property
    def whole(self) -> bool:
        return self.fault is None

    def __str__(self) -> str:
        if self.fault is not None:
            return f"The ledger at {self.path} was tampered with: {self.fault}"
        if self.newest is None:
            return f"The ledger at {self.path} is whole: nothing has been written yet."
        many = f"{self.entries:,} entries, each of which fits the one before" if self.entries > 1 else "1 entry"
        return f"The ledger at {self.path} is whole: {many}; the newest is {self.newest}."


def link(before: str, columns: tuple[Any, ...]) -> str:
    """The hash of an entry, hexadecimal; `columns` as they are stored, id first."""
    text = json.dumps(columns, separators=(",", ":"))  # ASCII, and no two rows have the same text
    return sha256(f"{before}\n{text}".encode("ascii")).hexdigest()


def verify(path: Path, links: Iterable[Link], head: Head | None, noted: Head | None = None) -> Verification:
    """Walk the chain from old to new, then hold its end against `head` and an entry that was `noted` elsewhere."""
    count, last, hashes = 0, Link(0, None, ROOT), {}
    wanted = {each.id for each in (head, noted) if each}
    for count, each in enumerate(links, 1):
        if (fault := _misfit(last, each)) is not None:
            return Verification(path, count, None, fault)
        last = each
        if each.id in wanted:
            hashes[each.id] = each.hash
    newest = Head(last.id, str(last.hash)) if count else None
    fault = _against(head, last, hashes) if head else _unknown(count, last)
    fault = fault or (_against(noted, last, hashes) if noted else None) or _behind(head, last)
    return Verification(path, count, newest, fault)


def _misfit(last: Link, each: Link) -> Fault | None:
    """What is wrong with an entry, given that all before it fit."""
    gap = each.id > last.id + 1
    if each.columns is None:
        return _removed(last, each.id)
    if each.hash is None or each.id < 1:
        return Fault(each.id, "inserted", f"{each} was put in past trimtab: it has no place in the chain.")
    if link(str(last.hash), each.columns) == each.hash:
        return None
    if gap:
        return _removed(last, each.id - 1)
    return Fault(each.id, "changed", f"{each} was changed: it does not fit its hash.")


def _removed(last: Link, until: int) -> Fault:
    first = last.id + 1
    what = _range(first, until)
    after = f"after {last}" if last.id else "at the beginning"
    return Fault(first, "removed", f"{what} removed, {after}.")


def _against(known: Head, last: Link, hashes: dict[int, str | None]) -> Fault | None:
    if known.id > last.id:
        first = last.id + 1
        now = f"the newest is now {last}" if last.id else "none is left"
        return Fault(first, "cut off", f"{_range(first, known.id)} cut off the end: {now}.")
    if hashes.get(known.id) != known.hash:
        where = f"entry {known.id} or one before it was changed and all since hashed anew: its hash was {known.hash}."
        return Fault(known.id, "rewritten", where)
    return None


def _unknown(count: int, last: Link) -> Fault | None:
    if count < 2:  # a kill after the first entry leaves no head
        return None
    why = f"the file beside it that names its newest entry is gone, so more may have stood after {last}."
    return Fault(last.id, "end unknown", why)


def _behind(head: Head | None, last: Link) -> Fault | None:
    """A kill leaves the head one step behind, never two."""
    if head is None or last.id <= head.id + 1:
        return None
    why = f"they fit, and the file that names the newest entry knows of none after {head.id}."
    return Fault(head.id + 1, "inserted", f"{_range(head.id + 1, last.id)} put in past trimtab: {why}")


def _range(first: int, last: int) -> str:
    return f"entry {first} was" if first >= last else f"entries {first} to {last} were"
