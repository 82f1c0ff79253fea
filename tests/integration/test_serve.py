"""Answers over HTTP: what is said, by which version, and what is refused."""

import json
import os
import re
import socket
from contextlib import suppress

import httpx
import pytest

from models.serve import presence
from tests.served import POST, home_with_versions, move, now, serving, until
from tests.tiny_model import frame as tiny_frame
from trimtab.settings import Serving


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    return home_with_versions(tmp_path_factory.mktemp("home") / "home")


@pytest.fixture(scope="module")
def served(stores):
    with serving(stores.settings.home, most_posts=300, most_bytes=200_000, most_explained=2) as found:
        yield found


def test_an_answer_names_the_version_that_made_it_and_what_it_knew(served):
    said = served.first()
    assert (said["model"], said["version"], said["features"]) == ("tiny", "1", "content alone")
    assert "feature store" in said["why"]
    assert said["low"] <= said["count"] <= said["high"]


def test_the_bundle_itself_makes_the_prediction(served, stores):
    rows = tiny_frame(1).assign(text_chars=float("nan"), topic_mean_28d=float("nan"))
    wanted = stores.registry.load("tiny", "1").predict(rows)["value"].item()
    assert served.first()["value"] == pytest.approx(wanted)


def test_many_posts_are_answered_in_their_order(served):
    posts = [POST | {"post_id": str(number)} for number in range(300)]
    found = served.score(*posts).json()["posts"]
    assert [post["post_id"] for post in found] == [f"reddit:{number}" for number in range(300)]
    assert len({post["scores"][0]["value"] for post in found}) == 1


def test_reasons_are_told_when_they_are_asked_for(served):
    reasons = served.first(explain=True)["reasons"]
    assert {reason["feature"] for reason in reasons} <= {"text_chars", "topic_mean_28d"}
    assert "reasons" not in served.first()


def test_a_post_of_any_text_is_scored(served):
    for text in ("", " ", "\x00", "🙂" * 5_000, "ليس جيدا؟", "\ufeff\u202e", "@" * 300, "x" * 100_000):
        assert served.first(POST | {"text": text})["value"] is not None


def test_a_whole_number_may_be_written_with_a_nought_behind_the_point(served):
    written = json.dumps({"posts": [POST | {"body_chars": 120.0}]}).encode()
    answer = served.client.post("/v1/score", content=written, headers={"content-type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert "valid integer" in refused(served.score(POST | {"body_chars": 12.5}), 422)


def test_what_is_described_of_a_moment_is_what_is_taken(served):
    told = served.client.get("/openapi.json").json()["components"]["schemas"]["Post"]["properties"]
    [written, _] = told["published_at"]["anyOf"]
    for moment in ("1970-01-01T00:00:00Z", "2199-12-31T23:59:59Z", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z"):
        taken = served.score(POST | {"published_at": moment}).status_code == 200
        assert taken == bool(re.match(written["pattern"], moment)), moment


def test_what_serves_is_listed_with_what_it_predicts(served):
    [model] = served.client.get("/v1/models").json()["models"]
    assert (model["model"], model["version"], model["champion"], model["problem"]) == ("tiny", "1", "1", None)
    assert (model["count"], model["horizon_hours"]) == ("comments", 48)
    assert model["missing"] == ["text_chars"]


def refused(answer, status):
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert list(told) == ["error"]
    assert "Traceback" not in told["error"]
    assert told["error"].count("\n") == 0
    return told["error"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not JSON"),
        (b"", "body"),
        (b"[" * 50_000, "body"),
        (b"null", "body"),
        (b'{"posts": []}', "posts: list should have at least 1"),
        (b'{"posts": [{"platform": "x", "txt": "a"}]}', "text"),
        (b'{"posts": [{"platform": "x", "text": "a", "txt": 1}]}', "Did you mean 'text'?"),
        (b'{"posts": [{"platform": "x", "text": "a"}], "modles": []}', "Did you mean 'models'?"),
        (b'{"posts": [{"platform": "", "text": "a"}]}', "posts[0].platform"),
        (b'{"posts": [{"platform": "x", "text": 5}]}', "posts[0].text"),
        (b'{"posts": [{"platform": "x", "text": "\\ud800"}]}', "posts[0].text"),
        (b'{"posts": [{"platform": "x", "text": "a", "body_chars": 1e999}]}', "posts[0].body_chars"),
        (b'{"posts": [{"platform": "x", "text": "a", "published_at": "soon"}]}', "2024-03-01T09:30:00Z"),
        (b'{"posts": [{"platform": "x", "text": "a", "published_at": "0001-01-01T00:00:00+14:00"}]}', "moment"),
        (b'{"posts": [{"platform": "x", "text": "a", "published_at": 5}]}', "2024-03-01T09:30:00Z"),
    ],
)
def test_what_is_no_request_is_refused_in_one_sentence(served, body, words):
    answer = served.client.post("/v1/score", content=body, headers={"content-type": "application/json"})
    assert words in refused(answer, 400 if body.startswith(b"[[") else 422)


def test_too_much_is_refused_in_one_sentence(served):
    assert "200,000 bytes" in refused(served.score(POST | {"text": "x" * 300_000}), 413)
    assert "at most 300" in refused(served.score(*[{"platform": "x", "text": ""}] * 301), 413)
    assert "at most 2 with reasons" in refused(served.score(POST, POST, POST, explain=True), 413)
    assert "100000" in refused(served.score(POST | {"text": "x" * 100_001}), 422)


def test_with_the_limits_as_they_are_unless_set_too_much_is_refused_and_the_next_is_answered(stores):
    most = Serving()
    with serving(stores.settings.home) as served:
        assert "text: string should have at most 100000 char" in refused(
            served.score(POST | {"text": "x" * 5_000_000}), 422
        )
        assert "10,000,000 bytes" in refused(served.score(POST | {"text": "x" * 10_000_000}), 413)
        many = refused(served.score(*[{"platform": "x", "text": "a"}] * 100_000), 413)
        assert many == f"100,000 posts were sent; one request takes at most {most.most_posts:,}. Send several."
        many = refused(served.score(*[{"platform": "x", "text": "a"}] * 100_000, explain=True), 413)
        assert f"at most {most.most_explained:,} with reasons" in many
        assert served.first()["version"] == "1"


def test_a_body_without_a_length_is_stopped_where_it_is_too_long(served):
    def parts():
        yield b'{"posts": ['
        for _ in range(50):
            yield b" " * 10_000

    with suppress(httpx.TransportError):  # the server may close before all was sent
        refused(served.client.post("/v1/score", content=parts(), headers={"content-type": "application/json"}), 413)
    assert served.first()["version"] == "1"


def test_a_model_that_is_not_there_is_named_with_those_that_are(served):
    assert "Did you mean 'tiny'?" in refused(served.score(models=["tinny"]), 404)
    assert "Not Found" in refused(served.client.get("/v2/score"), 404)
    assert "Method Not Allowed" in refused(served.client.get("/v1/score"), 405)


def test_figures_for_prometheus_count_requests_posts_and_versions(served):
    served.score(POST, POST)
    text = served.client.get("/metrics").text
    assert 'trimtab_version_served{model="tiny",version="1"} 1.0' in text
    assert 'trimtab_requests_total{path="/v1/score",status="200"}' in text
    assert 'trimtab_request_seconds_bucket{le="0.005",path="/v1/score"}' in text
    for name in ("content_alone_total", "log_waiting", "log_dropped_total", "swaps_total", "features_missing"):
        assert f"trimtab_{name}" in text


def test_the_api_describes_itself_with_examples(served):
    told = served.client.get("/openapi.json").json()
    asked = told["components"]["schemas"]["ScoreRequest"]
    assert asked["example"]["posts"][0]["platform"] == "reddit"
    assert told["components"]["securitySchemes"]["key"]["name"] == "X-API-Key"
    assert "413" in told["paths"]["/v1/score"]["post"]["responses"]


def test_answers_are_kept_in_the_lake_once_each(served, stores):
    served.score(POST | {"post_id": "kept-1", "published_at": "2024-03-01T10:00:00+02:00"}, POST | {"post_id": None})

    def kept():
        rows = stores.lake.read("predictions").to_pandas()
        return rows[rows["post_id"] == "reddit:kept-1"]

    until(lambda: len(kept()) == 1)
    row = kept().iloc[0]
    assert (row["model"], row["version"], row["role"]) == ("tiny", "1", "served")
    assert row["published_at"].isoformat() == "2024-03-01T08:00:00+00:00"
    assert row["low"] <= row["value"] <= row["high"]
    assert stores.lake.read("predictions").to_pandas()["post_id"].notna().all()


def test_without_the_key_nothing_but_health_is_told(tmp_path):
    home_with_versions(tmp_path / "home")
    with serving(tmp_path / "home", api_key="a-long-secret") as served:
        assert served.first()["version"] == "1"
        for key in ("", "another", "a-long-secret\u00e9"):
            headers = {"X-API-Key": key.encode()}
            for path in ("/v1/models", "/metrics", "/docs", "/openapi.json"):
                assert "X-API-Key" in refused(served.client.get(path, headers=headers), 401)
            assert served.client.get("/healthz", headers=headers).status_code == 200
            assert served.client.get("/readyz", headers=headers).status_code == 200


def test_a_worker_says_that_it_is_there_and_is_gone_when_it_stops(tmp_path):
    stores = home_with_versions(tmp_path / "home")
    home = stores.settings.home
    with serving(home) as served:
        until(lambda: [worker.versions for worker in presence.alive(home, now())] == [{"tiny": "1"}])
        [worker] = presence.alive(home, now())
        assert (worker.actor, worker.pid, worker.address) == (
            "server test worker 1",
            os.getpid(),
            served.worker.address,
        )
        presence.write(home, presence.Worker("gone", 1, socket.gethostname(), 2**22 + 1, "", {}, now()))
        assert [one.server for one in presence.alive(home, now())] == ["test"]
        served.score(POST | {"post_id": "last"})
    assert presence.alive(home, now()) == []
    kept = stores.lake.read("predictions", ["post_id"]).to_pydict()["post_id"]
    assert "reddit:last" in kept


def test_without_a_champion_it_lives_but_is_not_ready(tmp_path):
    stores = home_with_versions(tmp_path / "home", champion=None)
    with serving(tmp_path / "home", wait=False) as served:
        assert served.client.get("/healthz").json() == {"status": "alive"}
        until(lambda: served.ready()["why"] == "No model has a champion.")
        assert served.client.get("/readyz").status_code == 503
        assert "/readyz" in refused(served.score(), 503)
        move(stores, "2")
        until(lambda: served.client.get("/readyz").status_code == 200)
        assert served.first()["version"] == "2"


def test_a_number_that_is_none_is_null():
    from models.serve.answers import answer

    told = json.loads(answer(now(), [{"post_id": None, "scores": [{"count": float("inf"), "low": float("nan")}]}]))
    assert told["posts"][0]["scores"][0] == {"count": None, "low": None}
