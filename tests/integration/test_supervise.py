"""Parts are looked after: real processes, small ones."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from infra import keeper as keeping
from infra.asking import answers
from infra.parts import Part
from infra.ports import Choice
from infra.supervise import Supervisor
from tests.processes import carrying, none_left, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes below /proc")
SLEEP = "import time; time.sleep(600)"
# A command that starts another in a session of its own, where a signal to its group does not reach.
BREEDS = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEP!r}], start_new_session=True); {SLEEP}"


# Notes when it begins and when it is asked to end, in a file.
NOTES = """
import signal, sys, time
from pathlib import Path
def note(word):
    with Path(sys.argv[1]).open("a") as kept:
        kept.write(f"{sys.argv[2]} {word}\\n")
def end(*_):
    note("ended")
    sys.exit()
signal.signal(signal.SIGTERM, end)
note("began")
print("began", flush=True)
time.sleep(600)
"""


def python(name, code, **more):
    return Part(name, name, (sys.executable, "-c", code), **more)


def web(name, **more):
    """A server that is healthy once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port))
    return Part(name, name, command, port=Choice(port, port), health=f"http://127.0.0.1:{port}/", **more)


@contextmanager
def supervised(folder: Path, *parts, mark=None):
    said: list[str] = []
    stack = Supervisor(parts, os.environ | {"MARK": mark or str(folder)}, folder, 60, said.append)
    stack.start()
    try:
        yield stack, said
    finally:
        stack.kill()


def test_parts_are_started_and_nothing_is_left_of_them_when_they_are_stopped(tmp_path):
    with supervised(tmp_path, web("one"), python("two", BREEDS, says="", stop_seconds=1)) as (stack, _):
        until(lambda: stack.settled and len(carrying(str(tmp_path))) == 5)
        assert stack.keepers["one"].memory_mb > 5
        stack.stop()
        assert not none_left(str(tmp_path), 0)


def test_a_part_that_is_killed_comes_back_and_it_is_said(tmp_path):
    with supervised(tmp_path, web("one")) as (stack, said):
        until(lambda: stack.settled)
        guard = stack.keepers["one"].pid
        os.kill(max(carrying(str(tmp_path))), signal.SIGKILL)
        until(lambda: stack.settled and stack.keepers["one"].pid != guard)
        until(lambda: any("is back after" in line for line in said))
        assert "One was ended by signal 9 and is started again in 0.5 s." in said


def test_what_a_killed_guard_leaves_does_not_hold_the_port(tmp_path):
    with supervised(tmp_path, web("one")) as (stack, said):
        until(lambda: stack.settled)
        before = set(carrying(str(tmp_path)))
        os.kill(stack.keepers["one"].pid, signal.SIGKILL)
        until(lambda: any("is back after" in line for line in said))
        assert not before & set(carrying(str(tmp_path)))


def test_what_a_killed_part_had_started_ends_too(tmp_path):
    with supervised(tmp_path, python("two", BREEDS, says="")) as (stack, _):
        until(lambda: len(carrying(str(tmp_path))) == 3)
        guard = stack.keepers["two"].pid
        command, child = sorted(set(carrying(str(tmp_path))) - {guard})
        os.kill(command, signal.SIGKILL)
        until(lambda: child not in carrying(str(tmp_path)))


def test_a_part_that_cannot_live_is_given_up_with_its_last_words_and_the_others_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "BACKOFF_SECONDS", (0.05, 0.05))
    dies = python("bad", "print('no such table: runs', flush=True); raise SystemExit(3)", says="never")
    with supervised(tmp_path, dies, web("good")) as (stack, said):
        until(lambda: stack.settled)
        assert stack.keepers["bad"].hopeless.is_set() and not stack.hopeless
        assert stack.keepers["good"].healthy.is_set()
        last = next(line for line in said if "given up" in line)
        assert last.startswith("Bad ended with code 3 3 times in a row") and "no such table: runs" in last
        assert (tmp_path / "bad.log").read_text().count("no such table") == 3


def test_a_part_whose_command_is_not_there_is_given_up_too(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "BACKOFF_SECONDS", (0.05,))
    with supervised(tmp_path, Part("gone", "gone", ("/no/such/command",), says="never")) as (stack, said):
        until(lambda: stack.hopeless)
    assert "/no/such/command" in said[-1]


def test_a_stop_in_the_middle_of_a_start_leaves_nothing(tmp_path):
    for _ in range(5):
        with supervised(tmp_path, *(python(f"p{number}", BREEDS, says="") for number in range(4))) as (stack, _):
            stack.stop()
            assert not none_left(str(tmp_path), 0)


def test_a_part_waits_for_the_one_that_it_leans_on_and_ends_before_it(tmp_path):
    notes = tmp_path / "notes"

    def noting(name, **more):
        return Part(name, name, (sys.executable, "-c", NOTES, str(notes), name), says="began", **more)

    with supervised(tmp_path, noting("runner", after=("server",)), noting("server")) as (stack, _):
        until(lambda: stack.settled)
        stack.stop()
    assert notes.read_text().splitlines() == ["server began", "runner began", "runner ended", "server ended"]


@pytest.mark.parametrize(("excuse", "healthy"), [("nothing to serve", True), ("another word", False), (None, False)])
def test_a_server_that_is_not_ready_for_a_good_reason_counts_as_healthy(tmp_path, excuse, healthy):
    class Refuses(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(503, "Wait", "There is nothing to serve yet.")

    with HTTPServer(("127.0.0.1", 0), Refuses) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert answers(f"http://127.0.0.1:{server.server_port}", 5, excuse) is healthy


def test_kill_9_of_the_process_that_looks_after_them_leaves_none(tmp_path):
    script = f"""
import os, sys, time
from pathlib import Path
from infra.supervise import Supervisor
from tests.integration.test_supervise import BREEDS, python, web
stack = Supervisor([web("one"), python("two", BREEDS, says="")], os.environ, Path({str(tmp_path)!r}), 60, print)
stack.start()
time.sleep(600)
"""
    environ = os.environ | {"MARK": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    up = subprocess.Popen([sys.executable, "-c", script], env=environ, stdout=subprocess.DEVNULL)
    try:
        until(lambda: len(carrying(str(tmp_path))) == 6)
    finally:
        up.kill()
        up.wait()
    assert not none_left(str(tmp_path), 20)


def test_a_command_that_does_not_end_when_asked_is_ended(tmp_path):
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    with supervised(tmp_path, python("deaf", deaf, says="deaf", stop_seconds=0.5)) as (stack, _):
        until(lambda: stack.settled)
        began = time.monotonic()
        stack.stop()
        assert not none_left(str(tmp_path), 0) and time.monotonic() - began < 10


def test_a_part_that_lives_but_is_not_healthy_is_said_and_left_alone(tmp_path):
    said: list[str] = []
    stack = Supervisor([python("slow", SLEEP, says="never")], os.environ, tmp_path, 0.5, said.append)
    stack.start()
    try:
        until(lambda: bool(said))
        assert said[0].startswith("Slow lives but is not healthy after")
        assert stack.settled and not stack.healthy and stack.keepers["slow"].pid
    finally:
        stack.kill()


def test_who_leans_on_a_part_that_is_given_up_is_given_up_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(keeping, "BACKOFF_SECONDS", (0.05,))
    dies = python("server", "raise SystemExit(3)", says="never")
    with supervised(tmp_path, python("runner", SLEEP, says="", after=("server",)), dies) as (stack, _):
        until(lambda: stack.settled and stack.hopeless, seconds=20)
        assert not stack.keepers["runner"].pid and not stack.healthy


def test_who_leans_on_a_part_that_is_late_does_not_keep_the_others_from_being_told(tmp_path):
    slow, leans = python("server", SLEEP, says="never"), python("runner", SLEEP, says="", after=("server",))
    stack = Supervisor([slow, leans], os.environ, tmp_path, 0.5, lambda _: None)
    stack.start()
    try:
        until(lambda: stack.settled, seconds=20)
        assert not stack.hopeless and not stack.keepers["runner"].pid
    finally:
        stack.kill()
