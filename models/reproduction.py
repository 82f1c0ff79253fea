"""What came of making a version again: the same, byte for byte, or what differs and what may explain it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.differences import Difference

UNEXPLAINED = "Nothing that was recorded explains it; does the fit draw at random without a seed?"


@dataclass(frozen=True)
class Reproduction:
    """What came of it; `files` are the bytes of each file that was compared, `notes` may explain what differs."""

    model: str
    version: str
    data: str
    files: Mapping[str, int]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]

    @property
    def exact(self) -> bool:
        return not self.differences

    def __str__(self) -> str:
        made = f"{self.model} {self.version} was made again from {self.data}"
        if self.exact:
            size = sum(self.files.values())
            same = f"{made}: all {len(self.files)} files ({size:,} bytes) are the same, byte for byte."
            return " ".join([same, *self.notes])
        named = "; ".join(str(each) for each in self.differences)
        why = " ".join(self.notes) or UNEXPLAINED
        return f"{made}: {len(self.differences)} of {len(self.files)} files came out otherwise. {named}. {why}"

    def lines(self) -> list[str]:
        """A line a file, for a terminal."""
        other = {each.file: each for each in self.differences}
        return [
            f"differs  {other[file]}" if file in other else f"same     {file} ({size:,} bytes)"
            for file, size in self.files.items()
        ]

    def plain(self) -> dict[str, Any]:
        """Plain values: what the ledger keeps."""
        differences = [vars(each) for each in self.differences]
        about = {"files": dict(self.files), "differences": differences, "notes": list(self.notes)}
        return {"exact": self.exact, "data": self.data, **about}
