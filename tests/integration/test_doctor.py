"""`trimtab doctor` on homes that are empty, sound and broken."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import types

from flows.deployments import plans
from infra.doctor import health, installation, machine, schedules, stores
from infra.doctor.examine import examine, fit
from infra.doctor.finding import Case, Finding, ok
from tests.served import MODELS, home_with_versions
from trimtab import addresses
from trimtab.addresses import Addresses
from trimtab.lake import Lake
from trimtab.ledger import Ledger
from trimtab.posts import TABLES
from trimtab.settings import Alerts, Settings, Up

NOW = datetime.now(UTC)
STORES = (stores.lake, stores.ledger, stores.registry, stores.online, stores.prefect)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A home with a model that serves, posts and a ledger."""
    home = home_with_versions(tmp_path_factory.mktemp("doctor") / "home").settings.home
    row = {field.name: _something(field) for field in TABLES["posts"]}
    Lake(home / "lake").append("posts", pa.Table.from_pylist([row], schema=TABLES["posts"]))
    return home


@pytest.fixture
def home(sound, tmp_path):
    """A copy, to break. MLflow's paths still point at the first one."""
    return Path(shutil.copytree(sound, tmp_path / "home"))


def _something(field):
    if types.is_timestamp(field.type):
        return NOW
    if types.is_boolean(field.type):
        return False
    return 1 if types.is_integer(field.type) or types.is_floating(field.type) else "x"


def case(home, environ=(), now=NOW, **settings):
    return Case(Settings(home=home, models=MODELS, **settings), now, dict(environ))


def found(case, *checks):
    return list(examine(case, checks, seconds=120))


def files(home):
    """Every file with its bytes; SQLite's notes on who reads are no content."""
    all_files = (path for path in home.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in all_files if not path.name.endswith(("-wal", "-shm"))}


def test_a_sound_home_is_fit_and_nothing_in_it_is_changed(sound):
    before = files(sound)
    findings = found(case(sound, now=datetime.now(UTC)), machine.disk, machine.clock, *STORES, health.models)
    assert [finding.level for finding in findings] == ["ok"] * len(findings), findings
    assert "Champion tiny 1 loads" in findings[-1].sentence
    assert files(sound) == before


def test_an_empty_home_is_fit_and_none_is_made(tmp_path):
    command = [sys.executable, "-c", "from trimtab.cli import main; main()", "--home", str(tmp_path / "none")]
    done = subprocess.run([*command, "doctor", "--json"], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["fit"] and {"python", "packages", "disk", "lake"} <= {each["check"] for each in told["findings"]}
    assert not (tmp_path / "none").exists()


def test_a_setting_that_is_not_known_is_wrong_and_all_else_is_still_looked_at(tmp_path):
    command = [sys.executable, "-c", "from trimtab.cli import main; main()", "--home", str(tmp_path / "none")]
    environ = os.environ | {"TRIMTAB_SERVNG__PORT": "1"}
    done = subprocess.run([*command, "doctor"], capture_output=True, text=True, timeout=240, env=environ)
    assert done.returncode == 1
    assert "TRIMTAB_SERVNG__PORT is set" in done.stdout and "Did you mean 'TRIMTAB_SERVING'?" in done.stdout
    assert "\nok       lake" in done.stdout


def test_a_ledger_that_was_changed_is_wrong(home):
    with closing(sqlite3.connect(home / "ledger.db")) as database, database:
        database.execute("DROP TRIGGER entries_are_not_changed")
        database.execute("UPDATE entries SET reason = 'another' WHERE id = 1")
    assert _only(case(home), stores.ledger).level == "wrong"
    assert "tampered with" in _only(case(home), stores.ledger).sentence


@pytest.mark.parametrize("content", [b"", b"this is no database" * 100])
@pytest.mark.parametrize(
    ("check", "file"),
    [(stores.ledger, "ledger.db"), (stores.registry, "mlflow/mlflow.db"), (stores.prefect, "prefect/prefect.db")],
)
def test_a_database_that_is_none_is_wrong_and_stays_as_it_is(home, check, file, content):
    (home / file).parent.mkdir(exist_ok=True)
    (home / file).write_bytes(content)
    finding = _only(case(home), check)
    assert (finding.level, (home / file).read_bytes()) == ("wrong", content)
    assert file.rpartition("/")[2] in finding.sentence and finding.do


def test_a_table_of_the_lake_whose_file_is_gone_is_wrong(home):
    next((home / "lake" / "posts").glob("*.parquet")).unlink()
    finding = _only(case(home), stores.lake)
    assert finding.level == "wrong" and "posts names 1 files that are gone" in finding.sentence


def test_a_table_of_the_lake_whose_log_is_gone_is_wrong(home):
    shutil.rmtree(home / "lake" / "posts" / "_delta_log")
    assert _only(case(home), stores.lake).level == "wrong"


def test_a_champion_that_cannot_be_loaded_is_wrong_and_says_how_to_put_another_back(home):
    with closing(sqlite3.connect(home / "mlflow" / "mlflow.db")) as database, database:
        for column in ("source", "storage_location"):
            database.execute(f"UPDATE model_versions SET {column} = ?", (f"{home}/nowhere",))
    finding = _only(case(home), health.models)
    assert finding.level == "wrong" and "trimtab rollback tiny" in finding.do


def test_an_entry_of_the_future_is_wrong(home):
    Ledger(home / "ledger.db").append(
        "trained", at=NOW + timedelta(days=2), model="tiny", actor="test", reason="A clock that ran ahead."
    )
    finding = _only(case(home), machine.clock)
    assert finding.level == "wrong" and "in the future" in finding.sentence


def test_a_port_that_is_taken_is_a_warning_that_names_its_setting(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        findings = found(case(home, up=Up(mlflow_port=port)), machine.open_ports)
    about = [finding for finding in findings if str(port) in finding.sentence]
    assert about[0].level == "warning" and "TRIMTAB_UP__MLFLOW_PORT" in about[0].do


def test_a_check_that_hangs_is_left_after_its_time_and_one_that_fails_is_said(home):
    def hangs(case: Case) -> Iterator[Finding]:
        threading.Event().wait(60)
        yield ok("hangs", "")

    def fails(case: Case) -> Iterator[Finding]:
        yield ok("fails", "The first half.")
        raise RuntimeError("the disk is away")

    findings = list(examine(case(home), [hangs, fails], seconds=0.2))
    assert [(each.check, each.level) for each in findings] == [
        ("hangs", "warning"),
        ("fails", "ok"),
        ("fails", "wrong"),
    ]
    assert "the disk is away" in findings[-1].sentence and not fit(findings)


def test_nobody_to_alert_is_a_warning_and_somebody_is_not(home):
    assert _only(case(home), schedules.alerts).level == "warning"
    assert _only(case(home, alerts=Alerts(blocks=("slack-webhook/ops",))), schedules.alerts).level == "ok"


def test_a_server_that_does_not_answer_is_wrong(home):
    finding = _only(case(home, {"PREFECT_API_URL": "http://127.0.0.1:9/api"}), schedules.schedules)
    assert finding.level == "wrong" and "http://127.0.0.1:9/api does not answer" in finding.sentence


def test_a_server_that_is_no_prefect_is_wrong(home):
    with answering({}) as url:
        finding = _only(case(home, {"PREFECT_API_URL": url}), schedules.schedules)
    assert finding.level == "wrong" and "does not answer" in finding.sentence


def test_late_runs_old_successes_and_a_silent_runner_are_told(home):
    with answering(
        prefect(polled=NOW - timedelta(hours=1), ended=NOW - timedelta(hours=5), late=["score tiny"])
    ) as url:
        findings = {each.check: each for each in found(case(home, {"PREFECT_API_URL": url}), schedules.schedules)}
    assert findings["schedules"].level == "ok"
    assert findings["runner"].level == "wrong" and "No runner has asked for work since" in findings["runner"].sentence
    assert findings["late"].level == "warning" and "1 runs are late: score tiny" in findings["late"].sentence
    assert findings["last success"].level == "warning"
    assert "last succeeded 5 h ago; it is due every 60 min" in findings["last success"].sentence


def test_deployments_as_they_should_be_are_ok(home):
    with answering(prefect(polled=NOW, ended=NOW - timedelta(minutes=12), late=[])) as url:
        findings = found(case(home, {"PREFECT_API_URL": url}), schedules.schedules)
    assert {finding.level for finding in findings} == {"ok"}
    assert "score/tiny 12 min ago" in findings[-1].sentence


def test_active_schedules_without_a_next_run_are_wrong_once_server_and_deployment_are_there_for_minutes(home):
    answers = prefect(polled=NOW, ended=NOW, late=[]) | {"planned": []}
    with answering(answers) as url:
        named = case(home, {"PREFECT_API_URL": url})
        told = {each.check: each for each in found(named, schedules.schedules)}["planned"]
        assert told.level == "wrong" and "have a schedule and no next run: " in told.sentence
        assert "scheduler has stopped" in told.do
        addresses.write(home, Addresses(prefect=url.removesuffix("/api")), os.getpid())
        assert {each.level for each in found(case(home), schedules.schedules)} == {"ok"}, "it came up just now"
        for each, change in zip(answers["deployments"], _not_due(), strict=False):
            each |= change
        del answers["deployments"][3:]
        levels = {each.check: each.level for each in found(named, schedules.schedules)}
        assert levels["planned"] == "ok"


def _not_due():
    """Deployments of which no run has to be planned."""
    never = [{"active": False, "schedule": {"interval": 3600}}]
    return {"created": datetime.now(UTC).isoformat()}, {"schedules": never}, {"paused": True}


def test_a_source_that_cannot_be_read_is_one_line_of_its_own_and_leaves_the_schedules_alone(home, tmp_path):
    unreadable = tmp_path / "nope.yaml", tmp_path / "list.yaml"
    unreadable[1].write_text("- 1")
    with answering(prefect(polled=NOW, ended=NOW, late=[])) as url:
        looked = case(home, {"PREFECT_API_URL": url}, sources=unreadable)
        findings = found(looked, installation.settings, schedules.schedules)
    about = [each for each in findings if each.check == "sources"]
    assert [each.level for each in about] == ["wrong", "wrong"]
    assert "No source file at" in about[0].sentence and "list.yaml" in about[1].sentence
    assert not any("Error" in str(each) or "\n" in str(each) for each in findings)
    assert {each.level for each in findings if each.check != "sources"} == {"ok"}, findings


def test_deployments_and_late_runs_of_others_on_the_server_are_theirs(home):
    answers = prefect(polled=NOW, ended=NOW, late=[])
    stale = answers["deployments"][0]
    gone = (NOW - timedelta(days=9)).isoformat()
    theirs = {"id": "theirs", "tags": ["billing"], "last_polled": gone, "paused": True}
    answers["deployments"] += [stale | theirs | {"name": "invoices"}]
    answers["theirs"] = [{"name": "late invoices"}]
    with answering(answers) as url:
        findings = found(case(home, {"PREFECT_API_URL": url}), schedules.schedules)
    assert {finding.level for finding in findings} == {"ok"}, findings
    assert not any("invoices" in finding.sentence for finding in findings)
    answers["deployments"][0] |= {"tags": []}  # of the same name as ours, made by somebody else
    with answering(answers) as url:
        findings = found(case(home, {"PREFECT_API_URL": url}), schedules.schedules)
    assert findings[0].level == "wrong" and "1 deployments are not there" in findings[0].sentence


def test_a_deployment_that_is_missing_is_wrong(home):
    answers = prefect(polled=NOW, ended=NOW, late=[])
    answers["deployments"] = [each for each in answers["deployments"] if each["name"] != "features"]
    with answering(answers) as url:
        findings = found(case(home, {"PREFECT_API_URL": url}), schedules.schedules)
    assert findings[0].level == "wrong" and "materialise/features" in findings[0].sentence


def test_a_version_that_has_long_waited_for_a_person_is_a_warning(home):
    Ledger(home / "ledger.db").append(
        "review_wanted", at=NOW - timedelta(days=5), model="tiny", version="2", actor="test", reason="It passed."
    )
    finding = found(case(home), health.models)[-1]
    assert finding.level == "warning" and "tiny 2 waits for review since" in finding.sentence


def test_a_stack_that_was_killed_is_a_warning(home):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    addresses.write(home, Addresses(prefect="http://127.0.0.1:4200"), gone.pid)
    finding = _only(case(home), schedules.schedules)
    assert finding.level == "warning" and "was killed" in finding.sentence


def _only(case, check):
    findings = found(case, check)
    assert len(findings) == 1, findings
    return findings[0]


def prefect(polled, ended, late):
    """What a Prefect server with every deployment of the home would answer, by what is asked for."""
    names = [plan.name.split("/") for plan in plans(Settings(models=MODELS))]
    told = {"tags": ["trimtab"], "last_polled": polled.isoformat()}
    told |= {"created": (NOW - timedelta(days=3)).isoformat()}
    told |= {"schedules": [{"active": True, "schedule": {"interval": 3600}}]}
    return {
        "flows": [{"id": flow, "name": flow} for flow in {flow for flow, _ in names}],
        "deployments": [told | {"id": f"{flow}/{name}", "name": name, "flow_id": flow} for flow, name in names],
        "late": [{"name": name} for name in late],  # to who asks for runs of ours
        "planned": [{"name": "the next"}],
        "done": [{"end_time": ended.isoformat()}],
    }


@contextmanager
def answering(answers):
    """A server that gives `answers` as Prefect's API does; "hello" to what it does not know."""

    class Api(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            what = self.path.split("/")[2]
            if what == "flow_runs":
                ours = json.loads(body)["deployments"] == {"tags": {"all_": ["trimtab"]}}
                runs = json.loads(body)["flow_runs"]
                planned = "Scheduled" in body and datetime.fromisoformat(runs["expected_start_time"]["after_"]) >= NOW
                what = ("late" if ours else "theirs") if "Late" in body else "planned" if planned else "done"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answers.get(what, "hello")).encode())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()
