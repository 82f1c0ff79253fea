"""The status page over real HTTP, from a home with real stores."""

import json
import re
import socket
import threading
from contextlib import contextmanager
from datetime import timedelta
from html.parser import HTMLParser

import httpx
import pytest
import uvicorn

from benchmarks.lived_home import START, lived
from models.stores import Stores
from monitoring.page.app import create_app, report_at
from monitoring.quarantine import Quarantine, note_entry
from tests.served import home_with_versions, until
from trimtab import addresses
from trimtab.addresses import Addresses
from trimtab.settings import Settings

NOW = START + timedelta(days=13, hours=1)
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"
VOID = {"meta", "link", "br", "img", "use", "path", "rect"}


@contextmanager
def paged(stores, now=NOW):
    """A client of the page; `now` may be a list, whose last moment is the time."""
    clock = now if isinstance(now, list) else [now]
    config = uvicorn.Config(create_app(stores, lambda: clock[-1]), lifespan="on", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        until(lambda: server.started)
        with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=20)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Twelve windows of two models."""
    stores = lived(tmp_path_factory.mktemp("lived") / "home", 12)
    report = stores.settings.reports_path / "engagement" / "2025-01-18T0000.html"
    report.parent.mkdir(parents=True)
    report.write_text("<html>the window</html>", encoding="utf-8")
    (stores.settings.home / "author.key").write_text("secret")
    (report.parent.parent / "top.html").write_text("secret")
    (report.parent / "notes.txt").write_text("secret")
    (report.parent / "out.html").symlink_to(stores.settings.home / "author.key")
    return stores


@pytest.fixture(scope="module")
def client(home):
    with paged(home) as found:
        yield found


class Tags(HTMLParser):
    """Opened tags with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def of(self, *names):
        return [about for tag, about in self.found if tag in names]


def test_the_page_says_how_each_model_is_in_plain_words_first(client):
    answer = client.get("/")
    assert answer.status_code == 200
    text = re.sub(r"<[^>]+>", "", answer.text[: answer.text.index("<main")])
    assert "The engagement model is fine." in text
    assert "Version 1 answers since 6 January 2025." in text


def test_the_page_loads_nothing_from_outside_and_runs_nothing(client):
    answer = client.get("/")
    tags = Tags(answer.text)
    assert not tags.of("script", "iframe", "img", "form", "object")
    assert [about["href"] for about in tags.of("link")] == ["data:,"]
    assert not re.search(r"@import|url\((?!#)", answer.text)
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_the_page_can_be_read_by_keyboard_and_by_ear(client):
    tags = Tags(client.get("/").text)
    assert tags.of("html")[0]["lang"] == "en"
    assert tags.of("a")[0] == {"class": "skip", "href": "#models"}
    ids = [about["id"] for _, about in tags.found if about.get("id")]
    assert len(ids) == len(set(ids))
    assert {about["href"][1:] for about in tags.of("a") if about["href"].startswith("#")} <= set(ids)
    assert all({*about["aria-labelledby"].split()} <= set(ids) for about in tags.of("svg", "section"))
    assert len(tags.of("table")) == len(tags.of("caption")), "every table says what it holds"
    assert len(tags.of("h1")) == 1


def test_the_json_is_what_status_prints(home, client):
    told = client.get("/status.json").json()
    assert {*told["models"]} == {"engagement", "sentiment"}
    assert len(told["models"]["engagement"]["windows"]) == 12
    assert told["models"]["engagement"]["windows"][-1]["report"] is None
    assert told["models"]["engagement"]["champion"] == "1"
    assert told["data"]["sources"][0]["posts"] == 1200
    json.dumps(told)


def test_a_change_is_shown_with_the_next_look_and_without_one_nothing_is_read_again(home):
    clock = [NOW]
    with paged(home, clock) as client:
        before = client.get("/").text
        assert client.get("/").text == before
        about = {"model": "engagement", "actor": "tell flow"}
        home.ledger.append("alerted", at=NOW, reason=EVIL, evidence={"severity": EVIL}, **about)
        after = client.get("/").text
        assert "Alerts, newest first" not in before
        assert "Alerts, newest first" in after
        assert "&lt;script&gt;alert(1)" in after
        assert "<script" not in after
        clock.append(NOW + timedelta(minutes=1))
        assert f"{NOW:%H:%M} UTC" in after and f"{clock[-1]:%H:%M} UTC" not in after
        assert f"{clock[-1]:%H:%M} UTC" in client.get("/").text


def test_a_failed_run_stands_first_until_the_flow_works_again(home, client):
    told = {"flow": "score", "subject": "engagement", "run": "javascript:alert(1)"}
    about = {"at": NOW, "model": "engagement", "actor": "score flow", "evidence": told}
    home.ledger.append("run_failed", reason="The disk is full.", **about)
    text = client.get("/").text
    assert "The flow score of engagement fails since 19 January 2025." in text[: text.index("<main")]
    assert "javascript:" not in text
    home.ledger.append("run_recovered", reason="It works again.", **about)
    assert "fails since" not in client.get("/").text


def test_links_follow_the_addresses_that_are_known(home):
    addresses.write(home.settings.home, Addresses(mlflow="http://127.0.0.1:5000", prefect="javascript:x"), 1)
    try:
        with paged(home) as client:
            text = client.get("/").text
    finally:
        addresses.forget(home.settings.home)
    assert "http://127.0.0.1:5000/#/models/engagement/versions/1" in text
    assert "javascript:" not in text


def test_reports_are_served_and_nothing_else(home, client):
    answer = client.get("/reports/engagement/2025-01-18T0000.html")
    assert (answer.status_code, answer.text) == (200, "<html>the window</html>")
    rules = [rule.strip() for rule in answer.headers["content-security-policy"].split(";")]
    assert "default-src 'none'" in rules
    assert "sandbox allow-scripts allow-downloads" in rules, "it must not act as the page that it is beside"
    others = (
        "/reports/engagement/none.html", "/reports/engagement/notes.txt", "/reports/engagement/out.html",
        "/reports/../author.key", "/reports/..%2fauthor.key", "/reports/%2e%2e/author.key", "/reports/./top.html",
        "/reports/engagement/..%2ftop.html", "/reports/engagement/%2e%2e%2f%2e%2e%2fauthor.key",
        "/reports/%2fetc/passwd", "/docs", "/openapi.json", "/author.key",
        "/reports/engagement/%00.html", "/reports/%00/a.html", "/reports/engagement/" + 300 * "a" + ".html",
        "/reports/" + 300 * "a" + "/a.html",
    )  # fmt: skip
    for path in others:
        answer = client.request("GET", httpx.URL(client.base_url.join("/"), raw_path=path.encode()))
        assert answer.status_code == 404, path
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("..", "author.key"),
        (".", "top.html"),
        ("", "top.html"),
        ("engagement/..", "top.html"),
        ("engagement", "../top.html"),
        ("engagement", ""),
        ("/etc", "hosts.html"),
    ],
)
def test_no_words_lead_out_of_the_reports(home, model, name):
    assert report_at(home.settings.reports_path, model, name) is None


def test_a_page_elsewhere_cannot_ask_under_a_name_of_its_own(client):
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/healthz", headers={"Host": "localhost:1"}).json() == {"status": "alive"}


def test_an_empty_home_says_what_to_do_first(tmp_path):
    with paged(Stores(Settings(home=tmp_path / "new"))) as client:
        answer = client.get("/")
    assert answer.status_code == 200
    assert "The engagement model does not answer yet." in answer.text
    assert "No post has come in yet." in answer.text
    assert "Nothing has happened yet." in answer.text


def test_a_model_without_champion_stands_beside_what_was_held_back(tmp_path):
    stores = home_with_versions(tmp_path / "home", champion=None)
    held = note_entry("feed", "b1", "batch", EVIL, {"text": EVIL}, NOW)
    Quarantine(stores.lake).hold([held])
    with paged(stores) as client:
        text = client.get("/").text
    assert "The tiny model does not answer yet." in text
    assert "A whole batch of feed was held back at the door." in text
    assert "<script" not in text
    assert "onerror=alert(2)&gt;" in text


@pytest.mark.parametrize(
    ("broken", "words"),
    [("ledger.db", "cannot be used"), ("mlflow/mlflow.db", "the model registry")],
)
def test_a_broken_store_is_told_in_a_sentence(tmp_path, broken, words):
    stores = home_with_versions(tmp_path / "home")
    path = stores.settings.home / broken
    whole = path.read_bytes()
    path.write_bytes(b"not a database, but long enough to be read as one" * 100)
    with paged(stores) as client:
        for place in ("/", "/status.json"):
            answer = client.get(place)
            assert answer.status_code == 503
            assert words in answer.text.lower()
            assert "Traceback" not in answer.text
        assert words in answer.json()["error"].lower()
        assert client.get("/healthz").status_code == 200
        if broken == "ledger.db":  # MLflow keeps connections to the file that it has opened
            path.write_bytes(whole)
            assert client.get("/").status_code == 200
