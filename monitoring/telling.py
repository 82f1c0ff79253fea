"""Which alerts a receiver still has to be sent, and how they are put into few messages.

Pure: what was told is read from the entries `alerted`. A receiver is known by its name, which holds no secret.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b

from monitoring.pointers import Link
from monitoring.troubles import SEVERITIES, Alert, Severity, one_line
from trimtab.chain import Verification
from trimtab.entry import Entry

NEWS = timedelta(days=1)  # what a receiver that was added is still told; how long one that failed is tried again
MOST = 5  # messages to a receiver in one run; more are summed up in one
LISTED = 8  # sentences in a sum


@dataclass(frozen=True)
class Told:
    """What the ledger says of who was told what. Entries after `since` are news, whatever their dates."""

    receivers: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by alert key the receivers that took it
    at: Mapping[str, datetime] = field(default_factory=dict)  # by alert key when the first of them did
    since: Mapping[str, int] = field(default_factory=dict)  # by severity the entry from which on anybody listened
    turns: int = 0  # how often listening was begun, changed or ended


def told(entries: Iterable[Entry]) -> Told:
    """From all entries `alerted`, from old to new."""
    receivers: dict[str, frozenset[str]] = {}
    at: dict[str, datetime] = {}
    since: dict[str, int] = {}
    turns = 0
    for entry in entries:
        if entry.kind != "alerted":
            continue
        if "listening" in entry.evidence:
            heard = listened(entry.evidence.get("least", "warning")) if entry.evidence["listening"] else ()
            since, turns = {severity: since.get(severity, entry.id) for severity in heard}, turns + 1
            continue
        key = str(entry.evidence["alert"])
        receivers[key] = receivers.get(key, frozenset()) | frozenset(entry.evidence["receivers"])
        at.setdefault(key, entry.at)
    return Told(receivers, at, since, turns)


def listened(least: Severity) -> tuple[Severity, ...]:
    """The severities that are told where `least` is the lowest."""
    return SEVERITIES[_rank(least) :]


def due(alerts: Sequence[Alert], receiver: str, known: Told, least: Severity, as_of: datetime) -> list[Alert]:
    """Of all alerts those that `receiver` has not been told and should be, from old to new.

    Below `least` nothing is told, but that a trouble is over is told to whom the trouble was.
    """
    had = {key for key, names in known.receivers.items() if receiver in names}
    now = {alert.key: alert for alert in alerts if not alert.recovery and _is_due(alert, had, known, least, as_of)}
    gone = {key for alert in alerts if alert.key in had or alert.key in now for key in alert.instead_of}
    now = {key: alert for key, alert in now.items() if key not in gone}
    ends = {a.key: a for a in alerts if a.recovery and a.key not in had and {*a.ends} & ({*had, *now})}
    return sorted([*now.values(), *ends.values()], key=lambda alert: (alert.entry, alert.recovery))


def _is_due(alert: Alert, had: set[str], known: Told, least: Severity, as_of: datetime) -> bool:
    if alert.key in had or _rank(alert.severity) < _rank(least) or (alert.over and alert.passing):
        return False
    if (first := known.at.get(alert.key)) is not None:  # others were told: one that failed, or came later
        return as_of - first <= NEWS
    since = known.since.get(alert.severity)
    return as_of - alert.at <= NEWS or (since is not None and alert.entry > since)


def _rank(severity: Severity) -> int:
    return SEVERITIES.index(severity)


@dataclass(frozen=True)
class Message:
    """What is sent at once: one alert, a trouble with its end, or a sum. Sent twice it has the same `id`."""

    alerts: tuple[Alert, ...]

    @property
    def severity(self) -> Severity:
        return max((alert.severity for alert in self.alerts), key=_rank)

    @property
    def over(self) -> bool:
        """Whether all of it is past."""
        ended = {key for alert in self.alerts for key in alert.ends}
        return all(alert.recovery or alert.key in ended for alert in self.alerts)

    @property
    def id(self) -> str:
        keys = "\n".join(alert.key for alert in self.alerts)
        return f"trimtab-{blake2b(keys.encode(), digest_size=6).hexdigest()}"

    @property
    def links(self) -> tuple[Link, ...]:
        """Of a sum: of the first, which matters most."""
        return self.alerts[0].links

    @property
    def title(self) -> str:
        models = {alert.model for alert in self.alerts} - {"-"}
        others = "ledger" if any(alert.key.startswith("tampered/") for alert in self.alerts) else "runs"
        about = models.pop() if len(models) == 1 else "all" if models else others
        return f"trimtab {'over' if self.over else self.severity}: {about}"

    @property
    def sentence(self) -> str:
        first, *rest = self.alerts
        if not rest:
            return first.sentence
        if len(rest) == 1 and first.key in rest[0].ends:
            return f"{first.sentence} Over since {rest[0].at:%Y-%m-%d %H:%M}: {rest[0].sentence}"
        more = len(self.alerts) - LISTED
        lines = [f"- {alert.severity}: {alert.sentence}" for alert in self.alerts[:LISTED]]
        lines += [f"- and {more} more: `trimtab history` lists all."] if more > 0 else []
        return "\n".join([f"{len(self.alerts)} things at once, the worst first:", *lines])

    @property
    def body(self) -> str:
        """The sentence, where to look, and the id by which a message that came twice is known."""
        return "\n".join([self.sentence, *map(str, self.links), f"id: {self.id}"])


def messages(found: Sequence[Alert]) -> list[Message]:
    """One each, a trouble that is over already with its end; a sum of all where they would be more than MOST."""
    places = {alert.key: place for place, alert in enumerate(found)}
    joined = {}  # by the place of a trouble that is over already, the alert that says so
    for alert in found:
        if troubles := [places[key] for key in alert.ends if key in places]:
            joined[max(troubles)] = alert
    apart = [(place, alert) for place, alert in enumerate(found) if alert not in joined.values()]
    pairs = [Message((alert, joined[place]) if place in joined else (alert,)) for place, alert in apart]
    if len(pairs) <= MOST:
        return pairs
    worst = sorted(found, key=lambda alert: (alert.over or alert.recovery, -_rank(alert.severity), -alert.entry))
    return [Message(tuple(worst))]


def tampered(found: Verification, known: Told, at: datetime, entry: int) -> Alert | None:
    """What is said of a ledger that is not as it was written, or that is whole again after that was told.

    `entry` is its newest. A ledger that was put right and is tampered with again is told again.
    """
    keys = [key for key in known.receivers if key.startswith("tampered/")]
    ended = [key for key in keys if key.endswith("/over")]
    if found.fault is not None:
        sentence = f"{found} Nothing was changed or stopped; `trimtab verify` says more, and a backup has it as it was."
        key = f"tampered/{found.fault.id}/{found.fault.what}/{len(ended)}"
        return Alert(key, "critical", "-", one_line(sentence), at, entry)
    open_ones = tuple(key for key in keys if not key.endswith("/over"))
    if not open_ones:
        return None
    return Alert(f"{open_ones[-1]}/over", "info", "-", one_line(f"{found}"), at, entry, ends=open_ones)
