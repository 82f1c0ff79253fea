"""`trimtab serve` as a person starts it: workers that share a port, die, follow and stop."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest

from models.serve import presence
from models.serve.acks import newest_move
from tests.served import MODELS, POST, home_with_versions, move, now, until

COMMAND = [sys.executable, "-c", "from trimtab.cli import main; main()"]


def environment(home, **more):
    settings = {"TRIMTAB_HOME": str(home), "TRIMTAB_MODELS": f'["{MODELS[0]}"]', **more}
    return {**os.environ, **settings}


@contextmanager
def server(home, *options, **more):
    """The command, and what it says, line by line; killed if it does not end by itself."""
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *options],
        env=environment(home, TRIMTAB_SERVING__REFRESH_MINUTES="0", **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_workers_share_a_port_are_started_again_when_they_die_follow_and_stop_cleanly(tmp_path):
    stores = home_with_versions(tmp_path / "home")
    home = stores.settings.home

    def serving_versions():
        return {worker.worker: worker.versions.get("tiny") for worker in presence.alive(home, now())}

    def acknowledged(version):
        acks = stores.ledger.entries("tiny", "acknowledged")
        newest = newest_move(stores.ledger, "tiny")
        return {e.evidence["worker"] for e in acks if (e.version, e.evidence["move"]) == (version, newest)}

    with server(home, "--workers", "2") as process:
        address = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())[0]
        until(lambda: serving_versions() == {1: "1", 2: "1"}, seconds=120)
        scored = httpx.post(f"{address}/v1/score", json={"posts": [POST]}).json()["posts"][0]["scores"][0]
        assert scored["version"] == "1"
        first = next(worker for worker in presence.alive(home, now()) if worker.worker == 1)
        os.kill(first.pid, signal.SIGKILL)
        assert httpx.get(f"{address}/healthz", timeout=60).status_code == 200, "the other worker answers"
        move(stores, "2")
        until(lambda: serving_versions() == {1: "2", 2: "2"}, seconds=120)
        until(lambda: acknowledged("2") == {1, 2})
        assert 'trimtab_version_served{model="tiny",version="2"} 2.0' in httpx.get(f"{address}/metrics").text
        httpx.post(f"{address}/v1/score", json={"posts": [POST | {"post_id": "last"}]})
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert "Worker 1 died (status -9) and is started again." in process.stdout.read()
        assert process.stderr.read().count("Traceback") == 0
    assert list((home / "serving").iterdir()) == []
    assert "reddit:last" in stores.lake.read("predictions", ["post_id"]).to_pydict()["post_id"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "0.0.0.0"], "no API key is set"),
        (["--host", "203.0.113.1", "--port", "1"], "no API key is set"),
        (["--port", "99999"], "99999"),
    ],
)
def test_an_address_that_must_not_be_listened_on_is_refused_in_one_sentence(tmp_path, options, words):
    command = [*COMMAND, "serve", *options]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_named(tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [*COMMAND, "serve", "--port", port]
        done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert f"127.0.0.1:{port} cannot be listened on" in done.stderr
