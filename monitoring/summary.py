"""What an ingest did, as one sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class IngestSummary:
    """Counts of one run; `problems` has a sentence for each batch that was refused."""

    source: str
    files: int = 0
    rows_read: int = 0
    posts_new: int = 0
    posts_corrected: int = 0
    snapshots_new: int = 0
    snapshots_corrected: int = 0
    labels_new: int = 0
    labels_corrected: int = 0
    rows_quarantined: int = 0
    batches_quarantined: int = 0
    batches_unchanged: int = 0  # came in before
    batches_held: int = 0  # refused before and still in quarantine
    seconds: float = 0.0
    problems: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, source: str, tally: Mapping[str, int], problems: Sequence[str]) -> "IngestSummary":
        return cls(source, **{name: int(number) for name, number in tally.items()}, problems=tuple(problems))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"sentence": str(self)}

    def __str__(self) -> str:
        parts = [self._part(kind) for kind in ("posts", "snapshots", "labels")]
        told = ", ".join(part for part in parts if part) or "nothing new"
        sentence = f"{self.source}: {self.rows_read:,} rows of {self.files:,} files read, {told}"
        if self.batches_unchanged:
            sentence += f", {self.batches_unchanged:,} batches unchanged since they came in"
        if self.batches_held:
            sentence += f", {self.batches_held:,} still in quarantine"
        held = self.rows_quarantined, self.batches_quarantined
        if any(held):
            sentence += f"; quarantined {held[0]:,} rows and {held[1]:,} whole batches"
        if self.problems:
            more = f" (and {len(self.problems) - 1:,} more)" if len(self.problems) > 1 else ""
            sentence += f", such as {self.problems[0]}{more}"
        return sentence + ("" if sentence.endswith(".") else ".")

    def _part(self, kind: str) -> str:
        new, corrected = getattr(self, f"{kind}_new"), getattr(self, f"{kind}_corrected")
        if not new and not corrected:
            return ""
        return f"{new:,} new {kind}" + (f" and {corrected:,} corrected" if corrected else "")
