"""Sends the alerts that were not sent yet, and writes down which receiver took them.

At least once: a kill between a receiver's yes and the ledger's entry sends again, under the same id.
"""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from filelock import Timeout
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from models.stores import Stores
from monitoring.alerts import alerts
from monitoring.pointers import Link, status
from monitoring.telling import Message, Told, due, listened, messages, tampered, told
from monitoring.troubles import Alert, Severity
from trimtab import addresses
from trimtab.entry import Entry
from trimtab.ledger import Ledger
from trimtab.settings import Alerts, Settings

ACTOR = "alerts"


@dataclass(frozen=True)
class Sent:
    """What was sent, as a sentence, and by receiver why it did not take it."""

    sentence: str
    failed: Mapping[str, str] = field(default_factory=dict)


def tell(stores: Stores, as_of: datetime) -> str:
    """As `send`, for a flow: a receiver that fails stops nothing."""
    return send(stores, as_of).sentence


def send(stores: Stores, as_of: datetime) -> Sent:
    """Send what is due. A receiver that fails is asked again in the next run.

    One run at a time tells; another meanwhile leaves it to that one and to the next.
    """
    try:
        with stores.single_flight("tell").acquire():
            return _tell(stores, as_of)
    except Timeout:
        return Sent("Another run is telling.")


def try_out(settings: Settings, at: datetime) -> dict[str, str | None]:
    """By receiver why it did not take a test sentence; None where it did. Nothing is written down."""
    sentence = "This is a test of trimtab's alerts; nothing has happened."
    links = (Link("status", url),) if (url := status("-", addresses.read(settings.home, settings.links))) else ()
    test = Message((Alert(f"test/{at.isoformat()}", "info", "-", sentence, at, 0, links),))
    found = _receivers(settings.alerts)
    return {name: why for name, (_, why) in _ask(dict.fromkeys(found, test)).items()} if found else {}


def _tell(stores: Stores, as_of: datetime) -> Sent:
    found, known = _receivers(stores.settings.alerts), told(stores.ledger.entries(kind="alerted"))
    least = stores.settings.alerts.least
    _note_listeners(stores.ledger, known, [receiver.name for receiver in found], least, as_of)
    if not found:
        return Sent("Nobody is to be told.")
    entries = stores.ledger.entries()
    as_of = max([as_of, *(entry.at for entry in entries)])  # a run that looks back tells of now
    said = _alerts(stores, entries, known, as_of)
    waiting = {each: messages(due(said, each.name, known, least, as_of)) for each in found}
    waiting = {each: left for each, left in waiting.items() if left}
    failed: dict[str, str] = {}
    sent, written = 0, {*known.at}
    while waiting:  # round by round, the receivers of a round at once
        answers = _ask({receiver: left[0] for receiver, left in waiting.items()})
        failed |= {name: why for name, (_, why) in answers.items() if why is not None}
        for message in dict.fromkeys(message for message, why in answers.values() if why is None):
            names = [name for name, (given, why) in answers.items() if given == message and why is None]
            _write(stores.ledger, message, names, written, as_of)
            sent += 1
        waiting = {r: left[1:] for r, left in waiting.items() if r.name not in failed and left[1:]}
    return Sent(_summary(sent, failed), failed)


def _receivers(settings: Alerts) -> list[Any]:
    if not (settings.urls or settings.blocks):
        return []
    from flows.receivers import receivers  # apprise is not waited for where nobody is told

    return list(receivers(settings))


def _ask(waiting: Mapping[Any, Message]) -> dict[str, tuple[Message, str | None]]:
    """By receiver what it was given, and why it was not taken."""
    with ThreadPoolExecutor(len(waiting)) as pool:  # each in a copy of our context, which holds Prefect's settings
        begun = [pool.submit(copy_context().run, receiver.give, message) for receiver, message in waiting.items()]
    answers = [each.result() for each in begun]
    return {receiver.name: (message, why) for (receiver, message), why in zip(waiting.items(), answers, strict=True)}


def _alerts(stores: Stores, entries: list[Entry], known: Told, as_of: datetime) -> list[Alert]:
    settings, newest = stores.settings, max((entry.id for entry in entries), default=0)
    at = addresses.read(settings.home, settings.links)
    said = alerts(entries, at, settings.home, breaker_refusals=settings.cost.breaker_refusals)
    damage = tampered(stores.ledger.verify(), known, as_of, newest)
    return [*said, *([damage] if damage else [])]


def _write(ledger: Ledger, message: Message, names: list[str], written: set[str], as_of: datetime) -> None:
    """That these receivers took it: one entry for each alert in the message."""
    for alert in message.alerts:
        again = f"/{', '.join(names)}" if alert.key in written else ""
        written.add(alert.key)
        about = {"alert": alert.key, "severity": alert.severity, "recovery": alert.recovery, "sentence": alert.sentence}
        ledger.append(
            "alerted",
            at=as_of,
            model=alert.model,
            actor=ACTOR,
            reason=alert.sentence,
            evidence=about | {"receivers": names, "message": message.id},
            key=f"alerted/{alert.key}{again}",
        )


def _note_listeners(ledger: Ledger, known: Told, names: list[str], least: Severity, as_of: datetime) -> None:
    """Write down what is listened to from here on: who comes later, or hears more, is not told what is long past."""
    if set(listened(least) if names else ()) == {*known.since}:
        return
    reason = "alerts are sent to nobody any more"
    if names:
        reason = f"alerts from {least} on are sent to {', '.join(names)} from here on"
    evidence: dict[str, Any] = {"listening": bool(names), "severity": "info", "receivers": names, "sentence": reason}
    key = f"alerted/listening/{known.turns}"
    evidence["least"] = least
    ledger.append("alerted", at=as_of, model="-", actor=ACTOR, reason=reason, evidence=evidence, key=key)


def _summary(sent: int, failed: Mapping[str, str]) -> str:
    for name, why in failed.items():
        _log().warning(f"An alert was not sent: {name} {why}; it is tried again with the next run.")
    missed = f"; not taken by {', '.join(failed)}" if failed else ""
    return f"{sent or 'No'} message{'' if sent == 1 else 's'} sent{missed}."


def _log() -> Any:
    try:
        return get_run_logger()
    except MissingContextError:
        return logging.getLogger("trimtab.alerts")
