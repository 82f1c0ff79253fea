"""Following `champion` under load, and what becomes of the answers when something is away, bad or slow."""

import shutil
import threading
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from types import SimpleNamespace

import numpy as np
import pytest
from pandas import DataFrame

from models.kept_keys import OnlineRows
from models.online_store import OnlineStore
from models.promotion import rollback
from models.registry import LoadedVersion, Registry
from models.serve import presence
from models.serve.acks import newest_move
from models.serve.live import Bundle, Live
from models.serve.sample import sample_table
from models.serve.scoring import fault
from tests.served import POST, away, home_with_versions, move, now, serving, until
from tests.tiny_model import MODEL


@pytest.fixture
def stores(tmp_path):
    return home_with_versions(tmp_path / "home")


def bundle_folder(stores, version):
    where = stores.registry.store.client.get_model_version_download_uri("tiny", version)
    return Path(where.removeprefix("file://")) / "artifacts" / "bundle"


def acknowledged(served, stores, version):
    return (version, newest_move(stores.ledger, "tiny")) in served.acks()


class Load:
    """Requests one after the other from several threads; each is (began, ended, status, version)."""

    def __init__(self, served, threads=3):
        self.done, self._going = [], True
        self._threads = [threading.Thread(target=self._ask, args=(served,)) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._going = False
        for thread in self._threads:
            thread.join()

    def _ask(self, served):
        while self._going:
            began = monotonic()
            answer = served.score(*[POST] * 20)
            versions = {score["version"] for post in answer.json()["posts"] for score in post["scores"]}
            self.done.append((began, monotonic(), answer.status_code, versions))


def test_a_switch_under_load_fails_no_request_and_nothing_old_is_said_after_the_acknowledgement(stores):
    moved = []
    with serving(stores.settings.home) as served, Load(served) as load:
        for version in ("2", "3", "1", "2", "1", "3"):
            started = monotonic()
            move(stores, version)
            until(lambda version=version: acknowledged(served, stores, version))
            moved.append((started, monotonic(), version))
        sleep(0.1)
    assert {status for _, _, status, _ in load.done} == {200}
    assert all(len(versions) == 1 for _, _, _, versions in load.done), "one request is answered by one version"
    for (_, after, version), (until_then, *_) in zip(moved, [*moved[1:], (monotonic(),)], strict=True):
        said = {frozenset(versions) for began, ended, _, versions in load.done if began > after and ended < until_then}
        assert said <= {frozenset({version})}
    assert len(load.done) > 20


def test_a_rollback_is_acknowledged_with_its_own_entry(stores):
    move(stores, "2")
    with serving(stores.settings.home) as served:
        until(lambda: acknowledged(served, stores, "2"))
        rollback(stores.registry, stores.ledger, "tiny", at=now(), actor="test", reason="Worse.")
        until(lambda: acknowledged(served, stores, "1"))
        assert served.first()["version"] == "1"
        [entry] = stores.ledger.entries("tiny", "acknowledged", limit=1)
        assert entry.key == f"ack/test/1/tiny/1/{newest_move(stores.ledger, 'tiny')}"
        assert entry.actor == "server test worker 1"
        until(lambda: presence.alive(stores.settings.home, now())[0].versions == {"tiny": "1"})


def test_a_bundle_that_cannot_be_loaded_is_named_once_and_the_last_good_version_goes_on(stores, caplog):
    (bundle_folder(stores, "2") / "booster.txt").write_text("not a booster")
    with serving(stores.settings.home) as served:
        move(stores, "2")
        until(lambda: served.ready()["models"][0]["problem"] is not None)
        sleep(0.5)
        told = served.ready()
        assert told["ready"]
        assert "tiny 2 could not be loaded, version 1 goes on" in told["models"][0]["problem"]
        assert served.first()["version"] == "1"
        assert "2" not in {version for version, _ in served.acks()}
        assert 'trimtab_bundles_refused_total{model="tiny"}' in served.client.get("/metrics").text
        assert len([record for record in caplog.records if "tiny 2 could not be loaded" in record.message]) == 1
        move(stores, "3")
        until(lambda: served.first()["version"] == "3")
        until(lambda: served.ready()["models"][0]["problem"] is None)  # said after the acknowledgement


def test_one_byte_that_changed_or_files_that_are_gone_keep_a_version_from_serving(stores):
    booster = bundle_folder(stores, "2") / "booster.txt"
    content = bytearray(booster.read_bytes())
    content[content.rindex(b"leaf_value=") + 13] ^= 1  # another digit: it still loads and scores
    booster.write_bytes(content)
    shutil.rmtree(bundle_folder(stores, "3").parents[1])
    with serving(stores.settings.home) as served:
        for version, why in (("2", "booster.txt has sha256"), ("3", "")):
            move(stores, version)
            until(lambda version=version: f"tiny {version} could not" in (served.ready()["models"][0]["problem"] or ""))
            problem = served.ready()["models"][0]["problem"]
            assert f"tiny {version} could not be loaded, version 1 goes on: " in problem
            assert why in problem
            assert "\n" not in problem
            assert served.first()["version"] == "1"


def test_a_clock_that_jumps_is_no_matter_to_who_asks_or_to_following(stores):
    with serving(stores.settings.home) as served:
        for version, jump in (("2", timedelta(days=-400)), ("3", timedelta(days=400)), ("1", timedelta())):
            served.worker.now = served.worker.follower.now = lambda jump=jump: now() + jump
            move(stores, version)
            until(lambda version=version: acknowledged(served, stores, version))
            answer = served.score()
            assert answer.status_code == 200
            assert answer.json()["posts"][0]["scores"][0]["version"] == version
            told = datetime.fromisoformat(answer.json()["scored_at"])
            assert abs(told - now() - jump) < timedelta(minutes=5)


def test_a_bundle_that_says_nonsense_is_not_served():
    def said(**columns):
        def predict(_, frame):
            return DataFrame({name: np.full(len(frame), value) for name, value in columns.items()}, index=frame.index)

        return fault(Bundle(MODEL, LoadedVersion("tiny", "1", SimpleNamespace(predict=predict)), now()), sample_table())

    assert said(value=1.0, low=0.0, high=2.0) is None
    assert "not numbers" in said(value=np.nan, low=0.0, high=2.0)
    assert "outside their intervals" in said(value=3.0, low=0.0, high=2.0)
    assert "cannot score (KeyError" in said(value=1.0)


def test_an_alias_that_points_nowhere_or_at_a_deleted_version_changes_nothing(stores):
    with serving(stores.settings.home) as served:
        stores.registry.set_alias("tiny", "champion", None)
        until(lambda: served.ready()["models"][0]["problem"] is not None)
        assert "names no champion" in served.ready()["models"][0]["problem"]
        assert served.first()["version"] == "1"
        stores.registry.set_alias("tiny", "champion", "2")
        until(lambda: served.first()["version"] == "2")
        stores.registry.store.client.delete_model_version("tiny", "2")
        until(lambda: served.ready()["models"][0]["problem"] is not None)
        assert served.first()["version"] == "2"
        assert served.ready()["ready"]


class HangingRegistry(Registry):
    """A registry on a file system that stopped to answer."""

    back = threading.Event()

    def alias(self, name, alias):
        self.back.wait(20)
        return super().alias(name, alias)


def test_a_registry_that_is_away_or_hangs_leaves_the_last_good_version(stores):
    home = stores.settings.home
    with serving(home, registry_seconds=0.3) as served:
        hidden = away(stores.settings.mlflow_path)
        until(lambda: "no model registry" in served.ready()["registry"])
        assert served.first()["version"] == "1"
        hidden.rename(stores.settings.mlflow_path)
        until(lambda: served.ready()["registry"] == "answers")
        served.worker.follower.champions.registry = HangingRegistry(stores.settings.mlflow_path)
        stores.registry.set_alias("tiny", "previous", "3")
        until(lambda: "answer" in (served.worker.follower.problem or ""))
        assert served.first()["version"] == "1"
        assert served.ready()["ready"]
        sleep(2)
        assert presence.alive(home, now())[0].versions == {"tiny": "1"}, "a rollback must wait for this worker"
        HangingRegistry.back.set()
        move(stores, "2")
        until(lambda: acknowledged(served, stores, "2"))


def test_a_ledger_that_is_away_is_told_when_it_is_back(stores, caplog):
    with serving(stores.settings.home) as served:
        until(lambda: acknowledged(served, stores, "1"))
        move(stores, "2")
        until(lambda: acknowledged(served, stores, "2"))
        hidden = away(stores.settings.ledger_path)
        stores.settings.ledger_path.mkdir()
        stores.registry.set_alias("tiny", "champion", "3")
        until(lambda: "tiny 3 serves, but the ledger" in (served.ready()["models"][0]["problem"] or ""))
        assert served.first()["version"] == "3"
        sleep(0.3)
        assert len([record for record in caplog.records if "tiny 3 serves, but" in record.message]) == 1
        stores.settings.ledger_path.rmdir()
        hidden.rename(stores.settings.ledger_path)
        until(lambda: acknowledged(served, stores, "3"))


def test_a_clock_that_jumps_back_hides_nobody_for_long(tmp_path):
    there = presence.Worker("s", 1, "elsewhere", 1, "http://x", {"tiny": "1"}, now())
    presence.write(tmp_path, there)
    assert presence.alive(tmp_path, now())
    assert presence.alive(tmp_path, now() - timedelta(hours=1)) == []
    assert presence.alive(tmp_path, now() + timedelta(seconds=6)) == []
    (tmp_path / "serving" / "s-2.json").write_text('{"server": "s"')
    assert len(presence.alive(tmp_path, now())) == 1


def test_a_request_keeps_the_version_that_it_began_with_and_the_swap_waits_for_nobody():
    live, first, second = Live(), bundle("1"), bundle("2")
    live.swap(first)
    with live.request() as bundles:
        live.swap(second)
        assert bundles["tiny"] is first
        assert live.version("tiny") == "2"
        assert not live.alone("tiny", 0)
        with live.request() as later:
            assert later["tiny"] is second
    assert live.alone("tiny", 0)


def bundle(version):
    return Bundle(MODEL, LoadedVersion("tiny", version, None), now())


class SlowStore:
    """An online store on another machine that takes its time."""

    local = False
    definitions: dict[str, object] = {}
    wait = threading.Event()

    def __init__(self, path):
        pass

    def momentum_views(self, service):
        return ("topic_momentum",)

    def rows(self, view, keys):
        self.wait.wait(5)
        return OnlineRows(["topic_mean_28d"], np.full((len(keys), 1), 2.0, np.float32), np.ones(len(keys), bool))


def test_a_feature_store_that_is_slow_costs_one_moment_and_is_asked_again(stores, monkeypatch):
    (stores.settings.features_path / "data").mkdir(parents=True)
    for name in ("applied", "registry.db", "online.db"):
        (stores.settings.features_path / "data" / name).touch()
    with serving(stores.settings.home, features_seconds=2, wait=False) as served:
        served.worker.features._open_store = SlowStore
        until(lambda: served.ready()["ready"] and served.worker.features._store is not None)
        SlowStore.wait.clear()
        assert "did not answer within 2 s" in served.first()["why"]
        began = monotonic()
        assert served.first()["features"] == "content alone"
        assert monotonic() - began < 1.9, "while a read hangs, nobody else waits for it"
        SlowStore.wait.set()
        until(lambda: served.first()["features"] == "online")
        assert served.ready()["features"] == "online"


def test_an_online_store_that_is_not_there_is_said(tmp_path):
    with pytest.raises(Exception, match="run the features first"):
        OnlineStore(tmp_path)
