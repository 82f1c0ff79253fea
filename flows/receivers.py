"""Who takes alerts: addresses as apprise knows them, and Prefect notification blocks.

An address may hold a secret, so nothing of it is ever written: a receiver is named by its scheme and by a digest of
what apprise shows of the address, and of an error only its kind is told.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, replace
from hashlib import blake2b
from threading import Thread
from typing import Any

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType
from apprise.plugins.base import NotifyBase

from monitoring.telling import Message
from trimtab.settings import Alerts

QUIET: ContextVar[bool] = ContextVar("quiet", default=False)  # while addresses are at hand
TALKATIVE = ("apprise", "httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "urllib3.connectionpool")
TYPES = {"info": NotifyType.INFO, "warning": NotifyType.WARNING, "critical": NotifyType.FAILURE}


@dataclass(frozen=True)
class Receiver:
    """`send` raises what it likes, or returns why it was not taken; `seconds` is what it gets."""

    name: str
    send: Callable[[Message], str | None]
    seconds: float

    def give(self, message: Message) -> str | None:
        """None once the receiver took the message, else why not, in words without secrets. Never raises."""
        answer: list[str | None] = []
        run = copy_context().run  # which holds the settings of Prefect
        work = Thread(target=run, args=(lambda: answer.append(self._try(message)),), name=f"alert to {self.name}")
        work.daemon = True  # one that hangs must not keep the process from ending
        work.start()
        work.join(self.seconds)
        return answer[0] if answer else f"gave no answer within {self.seconds:g} s"

    def _try(self, message: Message) -> str | None:
        try:
            with _quietly():
                return self.send(message)
        except Exception as error:  # noqa: BLE001 - whatever a receiver raises, the flow goes on
            return f"failed with {type(error).__name__}"  # its text may hold the address


def receivers(alerts: Alerts) -> list[Receiver]:
    """Those of the settings, each under a name of its own."""
    made = [
        *(_address(url.get_secret_value(), alerts) for url in alerts.urls),
        *(_block(b, alerts) for b in alerts.blocks),
    ]
    found: dict[str, Receiver] = {}
    for receiver in made:
        names = (receiver.name, *(f"{receiver.name}/{count}" for count in range(2, len(made) + 1)))
        name = next(name for name in names if name not in found)
        found[name] = replace(receiver, name=name)
    return [*found.values()]


def _address(url: str, alerts: Alerts) -> Receiver:
    with _quietly():
        plugin = Apprise.instantiate(url, asset=AppriseAsset(app_id="trimtab", app_desc="trimtab", app_url=""))
    if not isinstance(plugin, NotifyBase):
        return Receiver(_scheme(url), lambda message: "has an address that apprise cannot read", alerts.send_seconds)
    plugin.socket_connect_timeout = plugin.socket_read_timeout = alerts.send_seconds
    digest = blake2b(plugin.url(privacy=True).encode(), digest_size=2).hexdigest()
    seconds = alerts.send_seconds + plugin.request_rate_per_sec  # it waits as long between two messages

    def send(message: Message) -> str | None:
        sender = Apprise(asset=plugin.asset)
        sender.add(plugin)
        kind = NotifyType.SUCCESS if message.over else TYPES[message.severity]
        taken = sender.notify(message.body, title=message.title, notify_type=kind, body_format=NotifyFormat.TEXT)
        return None if taken else "did not take it"

    return Receiver(f"{_scheme(url)} {digest}", send, seconds)


def _scheme(url: str) -> str:
    scheme, found, _ = url.partition("://")
    return scheme.lower() if found and scheme.isalnum() else "unknown"


def _block(slug: str, alerts: Alerts) -> Receiver:
    def send(message: Message) -> str | None:
        import prefect.blocks.notifications  # noqa: F401 - registers its types, which a block is loaded by
        from prefect.blocks.abstract import NotificationBlock
        from prefect.blocks.core import Block

        block = Block.load(slug)
        if not isinstance(block, NotificationBlock):
            return "is no notification block"
        with block.raise_on_failure():
            told: Any = block.notify  # declared as a coroutine, and run as a function where no loop runs
            told(message.body, subject=message.title)
        return None

    return Receiver(f"block {slug}", send, alerts.send_seconds)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep out of every log, at whatever level, what libraries say meanwhile: addresses hold secrets."""
    for name in TALKATIVE:
        logger = logging.getLogger(name)
        if _others not in logger.filters:
            logger.addFilter(_others)
    before = QUIET.set(True)
    try:
        yield
    finally:
        QUIET.reset(before)


def _others(record: logging.LogRecord) -> bool:
    return not QUIET.get()
