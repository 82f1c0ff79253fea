"""One background thread that works off calls in order, so that whoever asks can stop waiting.

A thread of an executor is joined when the process ends, and a call that hangs would keep it alive; this one is not.
"""

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

Found = TypeVar("Found")


class Lane:
    """Calls one after the other."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._begin = Lock()
        self._thread: Thread | None = None

    def submit(self, work: Callable[[], Found]) -> "Future[Found]":
        """The outcome of `work`, to be waited for."""
        found: Future[Found] = Future()
        self._calls.put((found, work))
        if self._thread is None:
            with self._begin:
                self._thread = self._thread or _started(self._work_off, self._name)
        return found

    def _work_off(self) -> None:
        while True:
            found, work = self._calls.get()
            if not found.set_running_or_notify_cancel():
                continue
            try:
                found.set_result(work())
            except BaseException as error:  # noqa: BLE001 - whoever waits is told
                found.set_exception(error)
            del found, work  # or the last answer would be held until the next call


class Patience:
    """Calls that may hang: waited for `seconds` and no longer, and while one hangs none is begun after it."""

    def __init__(self, what: str, seconds: float) -> None:
        self.what, self.seconds = what, seconds
        self._lane = Lane(what)
        self._last: Future[Any] | None = None

    def ask(self, work: Callable[[], Found], seconds: float | None = None) -> Found:
        """What `work` returns or raises; TimeoutError where it hangs. `seconds` instead of the usual ones."""
        limit = seconds or self.seconds
        if self.hangs:
            raise TimeoutError(f"{self.what} still does not answer.")
        self._last = found = self._lane.submit(work)
        try:
            return found.result(limit)
        except TimeoutError as error:
            if found.done():  # its own, or just too late to be late
                return found.result()
            raise TimeoutError(f"{self.what} did not answer within {limit:g} s.") from error

    @property
    def hangs(self) -> bool:
        return self._last is not None and not self._last.done()


def _started(work: Callable[[], None], name: str) -> Thread:
    thread = Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread
