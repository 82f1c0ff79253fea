"""What differs between two files that ought to be the same: keys of JSON and of LightGBM's text, arrays of an npz."""

import io
import json
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from typing import Any

MOST = 8  # keys that are named
MISSING = object()


@dataclass(frozen=True)
class Difference:
    """A file in two versions; None for a side that has no such file. `keys` are where they differ, as far as known."""

    file: str
    bytes_then: int | None
    bytes_now: int | None
    keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.bytes_now is None or self.bytes_then is None:
            return f"{self.file} is there only {'then' if self.bytes_now is None else 'now'}"
        named = f" in {', '.join(self.keys[:MOST])}" if self.keys else ""
        more = f" and {len(self.keys) - MOST} more" if len(self.keys) > MOST else ""
        return f"{self.file} differs{named}{more} ({self.bytes_then:,} bytes then, {self.bytes_now:,} now)"


def difference(file: str, then: bytes | None, now: bytes | None) -> Difference | None:
    """None where both are the same, byte for byte."""
    if then == now:
        return None
    if then is None or now is None:
        return Difference(file, None if then is None else len(then), None if now is None else len(now))
    return Difference(file, len(then), len(now), _keys(file, then, now))


def changed(then: Any, now: Any, path: str = "") -> list[str]:
    """Dotted paths at which two JSON values differ; lists are compared as a whole."""
    if isinstance(then, dict) and isinstance(now, dict):
        names = dict.fromkeys([*then, *now])
        pairs = ((name, then.get(name, MISSING), now.get(name, MISSING)) for name in names)
        return [found for name, a, b in pairs for found in changed(a, b, f"{path}.{name}" if path else str(name))]
    return [] if _same(then, now) else [path]


def _same(then: Any, now: Any) -> bool:
    """As JSON, where true is not 1; arrays as their bytes."""
    if isinstance(then, bytes) or MISSING in (then, now):
        return then == now
    return json.dumps(then, sort_keys=True) == json.dumps(now, sort_keys=True)


def _keys(file: str, then: bytes, now: bytes) -> tuple[str, ...]:
    try:
        if file.endswith(".json"):
            return tuple(changed(json.loads(then), json.loads(now)))
        if file.endswith(".npz"):
            return tuple(changed(_arrays(then), _arrays(now)))
        return tuple(dict.fromkeys(_line_keys(then, now))) if file.endswith(".txt") else ()
    except (ValueError, zipfile.BadZipFile, KeyError):  # one of them is damaged
        return ()


def _arrays(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        return {name.removesuffix(".npy"): parts.read(name) for name in parts.namelist()}


def _line_keys(then: bytes, now: bytes) -> list[str]:
    """The keys of lines that only one side has: `leaf_value=...` or `[num_leaves: 31]`."""
    sides = [Counter(side.decode(errors="replace").splitlines()) for side in (then, now)]
    alone = [*(sides[0] - sides[1]), *(sides[1] - sides[0])]
    found = (re.match(r"\[?([\w ]+?)\s*[=:]", line) for line in alone)
    return [match[1] for match in found if match]
