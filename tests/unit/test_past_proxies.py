"""Where the environment names a proxy, what runs on this machine is asked without it."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import urlopen

import httpx
import pytest

from trimtab.quiet import silence

NOWHERE = "http://127.0.0.1:9"
NAMES = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY")


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def environ(monkeypatch):
    """An environment without any proxy; it is put back afterwards."""
    from os import environ

    for name in (*NAMES, "PREFECT_HOME"):
        monkeypatch.setenv(name, "")  # so that what is set below is put back too
        monkeypatch.delenv(name)
    return environ


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_asked_past_the_proxy(environ, tmp_path, host):
    environ["http_proxy"] = environ["HTTP_PROXY"] = NOWHERE
    silence(environ, tmp_path)
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://{host}:{server.server_port}/"
        assert httpx.get(url).status_code == 200
        assert urlopen(url, timeout=5).status == 200
        server.shutdown()


@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
def test_what_the_user_excepts_stays_excepted_in_both_spellings(tmp_path, name):
    found = {"HTTPS_PROXY": NOWHERE, name: "example.org, localhost"}
    for _ in range(2):  # a command's own processes do it again
        silence(found, tmp_path)
        assert found["no_proxy"] == found["NO_PROXY"] == "example.org,localhost,127.0.0.1"


def test_without_a_proxy_none_is_excepted(tmp_path):
    found: dict[str, str] = {}
    silence(found, tmp_path)
    assert "no_proxy" not in found and "NO_PROXY" not in found
