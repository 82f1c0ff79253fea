import os
from datetime import UTC, datetime, timedelta

import pytest

from models.serve import presence
from models.serve.acks import acknowledge
from models.serve.presence import Worker
from models.serve.waiting import Clock, wait
from trimtab.ledger import Ledger

AT = datetime(2012, 4, 1, 3, 30, tzinfo=UTC)
NEVER = 2**22 + 1  # no process has this number: beyond the largest


class Time:
    """Time that passes when it is slept through; `then` is what happens in the n-th sleep."""

    def __init__(self, then=()):
        self.seconds, self.sleeps, self.then = 0.4, 0, dict(then)

    def sleep(self, seconds):
        self.seconds, self.sleeps = self.seconds + seconds, self.sleeps + 1
        self.then.get(self.sleeps, lambda: None)()

    @property
    def clock(self):
        return Clock(lambda: AT + timedelta(seconds=self.seconds), lambda: self.seconds, self.sleep)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.db")


@pytest.fixture
def move(ledger):
    moved(ledger, "promoted", "3", "2")
    return moved(ledger, "rolled_back", "2", "3")


def moved(ledger, kind, version, previous):
    return ledger.append(kind, at=AT, model="tiny", version=version, previous=previous, actor="ana", reason="bad")


def worker(home, number, server="s1", serves="3", pid=None, seconds_ago=0.0):
    address = "http://127.0.0.1:8710"
    at = AT - timedelta(seconds=seconds_ago)
    one = Worker(server, number, os.uname().nodename, pid or os.getpid(), address, {"tiny": serves}, at)
    presence.write(home, one)
    return one


def says(ledger, one, move, version="2"):
    return acknowledge(ledger, one, "tiny", version, move.id, AT)


def test_everybody_has_said_so_and_the_time_is_from_the_decision(tmp_path, ledger, move):
    first, second = worker(tmp_path, 1), worker(tmp_path, 2)
    says(ledger, first, move)
    time = Time({5: lambda: says(ledger, second, move)})
    found = wait(tmp_path, ledger, move, 30, time.clock)
    assert found.whole
    assert str(found) == (
        "tiny 2 serves again in place of 3; 2 workers of 1 server acknowledged within 0.9 s: "
        "server s1 at http://127.0.0.1:8710, workers 1, 2."
    )


def test_a_worker_that_does_not_follow_is_named_with_what_it_serves_and_what_to_do(tmp_path, ledger, move):
    says(ledger, worker(tmp_path, 1), move)
    worker(tmp_path, 1, server="s2")
    found = wait(tmp_path, ledger, move, 2, Time().clock)
    assert not found.whole
    assert str(found) == (
        "tiny 2 is champion in place of 3, but 1 of 2 workers has not acknowledged it after 2 s: "
        "server s2 at http://127.0.0.1:8710, worker 1, last heard to serve 3. "
        "See http://127.0.0.1:8710/readyz and what that server printed; stop a server that does not follow."
    )


def test_without_a_server_nothing_is_waited_for(tmp_path, ledger, move):
    worker(tmp_path, 1, pid=NEVER)  # killed
    worker(tmp_path, 2, seconds_ago=60)  # silent for long: its number may be another process's by now
    time = Time()
    found = wait(tmp_path, ledger, move, 30, time.clock)
    assert (found.whole, time.sleeps) == (True, 0)
    assert str(found) == "tiny 2 serves again in place of 3; no server is running that would have to follow."


def test_an_acknowledgement_of_the_same_version_at_an_earlier_time_does_not_count(tmp_path, ledger):
    old = moved(ledger, "promoted", "2", None)
    one = worker(tmp_path, 1, serves="2")
    says(ledger, one, old)
    moved(ledger, "promoted", "3", "2")
    assert not wait(tmp_path, ledger, moved(ledger, "rolled_back", "2", "3"), 1, Time().clock).whole


def test_a_worker_that_falls_silent_is_waited_for_and_one_that_ends_is_not(tmp_path, ledger, move):
    worker(tmp_path, 1), worker(tmp_path, 2)
    found = wait(tmp_path, ledger, move, 20, Time({1: lambda: presence.remove(tmp_path, "s1", 1)}).clock)
    assert [one.worker for one in found.absent] == [2]
    assert found.seconds > presence.SILENT.total_seconds()


def test_a_worker_that_comes_while_others_are_waited_for_is_waited_for_too(tmp_path, ledger, move):
    one = worker(tmp_path, 1)
    late = Time({1: lambda: worker(tmp_path, 2), 2: lambda: says(ledger, one, move)})
    assert [one.worker for one in wait(tmp_path, ledger, move, 1, late.clock).absent] == [2]


def test_another_move_ends_the_wait_and_is_told(tmp_path, ledger, move):
    worker(tmp_path, 1)
    time = Time({2: lambda: moved(ledger, "promoted", "4", "2")})
    found = wait(tmp_path, ledger, move, 30, time.clock)
    assert (found.whole, time.sleeps) == (False, 2)
    assert str(found) == "tiny 2 was champion in place of 3, but 4 is champion since: promoted by ana."


def test_a_first_promotion_is_told_without_a_version_before_it(tmp_path, ledger):
    says(ledger, worker(tmp_path, 1), first := moved(ledger, "promoted", "2", None))
    assert str(wait(tmp_path, ledger, first, 1, Time().clock)).startswith("tiny 2 serves; 1 worker of 1 server")
