"""An alert, and the book of what was said: troubles, each told once until it is over, and news."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

from monitoring.pointers import Link, links_of
from trimtab.addresses import Addresses
from trimtab.entry import Entry

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True)
class Alert:
    """One sentence, how much it matters, and where to look. The same `key` is the same thing."""

    key: str
    severity: Severity
    model: str
    sentence: str
    at: datetime
    entry: int  # of the ledger: the one that it was made from
    links: tuple[Link, ...] = ()
    ends: tuple[str, ...] = ()  # keys of the troubles that this says are over
    instead_of: tuple[str, ...] = ()  # keys that need not be told any more once this is
    over: bool = False  # a trouble that has ended since
    passing: bool = False  # a trouble of which nothing is left once it is over

    @property
    def recovery(self) -> bool:
        return bool(self.ends)


@dataclass
class Story:
    """What was said so far, by key, and which troubles are open, by subject with the keys they were told by."""

    addresses: Addresses
    home: Path
    breaker_refusals: int
    said: dict[str, Alert] = field(default_factory=dict)
    open: dict[str, tuple[str, ...]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    windows: dict[str, str] = field(default_factory=dict)  # by model the end of the newest window judged

    def say(self, entry: Entry, what: str, severity: Severity, sentence: str, **more: object) -> str:
        key = f"{what}/{entry.model}/{entry.id}"
        links = links_of(entry, self.addresses, self.home)
        alert = Alert(key, severity, entry.model, one_line(sentence), entry.at, entry.id, links)
        self.said[key] = replace(alert, **more)  # type: ignore[arg-type]
        return key

    def begin(self, subject: str, entry: Entry, severity: Severity, sentence: str, **more: object) -> None:
        """A trouble, told once until it is over; what is said again while it lasts keeps it fresh."""
        if subject not in self.open:
            key = self.say(entry, subject.partition("/")[0], severity, sentence, **more)
            self.open[subject] = (key,)
            return
        for key in self.open[subject]:
            self.said[key] = replace(self.said[key], at=max(self.said[key].at, entry.at), entry=entry.id)

    def worsen(self, subject: str, entry: Entry, what: str, severity: Severity, sentence: str, **more: object) -> None:
        """A further state of a trouble, told for itself and instead of the one before."""
        before = self.open.get(subject, ())
        key = self.say(entry, what, severity, sentence, instead_of=before, **more)
        self.open[subject] = (*before, key)

    def end(self, subject: str, entry: Entry, sentence: str) -> None:
        keys = self.open.pop(subject, ())
        for key in keys:
            self.said[key] = replace(self.said[key], over=True)
        if keys:
            self.say(entry, f"{subject.partition('/')[0]}_over", "info", sentence, ends=keys)

    def drop(self, subject: str) -> tuple[str, ...]:
        """End what needs no word; returns the keys."""
        return self.open.pop(subject, ())


def one_line(text: str) -> str:
    """On one line, and ended."""
    line = " ".join(text.split())
    return line if line.endswith((".", "!", "?")) else f"{line}."
