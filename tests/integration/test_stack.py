"""`trimtab up` as a person starts it: every part is the real one. One stack for all tests here, in their order."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from urllib.request import Request, urlopen

import pytest

from infra.memory import megabytes
from tests.processes import carrying, none_left, until
from tests.served import MODELS, home_with_versions
from trimtab import addresses
from trimtab.settings import Links

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes below /proc"),
    pytest.mark.timeout(600),
]
COMMAND = [sys.executable, "-c", "from trimtab.cli import main; main()"]
PARTS = {"prefect", "mlflow", "evidently", "page", "score"}
PLANNED = json.dumps({"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}).encode()
SECONDS = 300  # on a machine that does much else


class Up:
    """The command, its home and what it has said."""

    def __init__(self, home):
        self.home, self.taken = home, socket.create_server(("127.0.0.1", 0))
        ports = {f"TRIMTAB_UP__{part}_PORT": "0" for part in ("PREFECT", "MLFLOW", "PAGE")}
        ports |= {"TRIMTAB_SERVING__PORT": "0", "TRIMTAB_UP__EVIDENTLY_PORT": str(self.taken.getsockname()[1])}
        settings = {"TRIMTAB_HOME": str(home), "TRIMTAB_MODELS": json.dumps(MODELS)}
        self.environ = {**os.environ, **settings, **ports}
        self.environ.pop("PREFECT_API_URL", None)
        self.printed = home / "printed"
        with self.printed.open("wb") as out:
            self.process = subprocess.Popen([*COMMAND, "up"], env=self.environ, stdout=out, stderr=out)

    @property
    def said(self):
        return self.printed.read_text()

    def address(self, part):
        return getattr(addresses.read(self.home, Links()), part)

    def command(self, *words):
        return subprocess.run([*COMMAND, *words], env=self.environ, capture_output=True, text=True, timeout=240)


@pytest.fixture(scope="module")
def up(tmp_path_factory):
    home = home_with_versions(tmp_path_factory.mktemp("stack") / "home").settings.home
    started = Up(home)
    try:
        until(lambda: "Everything is healthy" in started.said or started.process.poll() is not None, SECONDS)
        assert started.process.poll() is None, started.said
        yield started
    finally:
        started.process.kill()
        started.process.wait()
        started.taken.close()


def test_every_part_answers_where_the_table_says(up):
    for part in PARTS:
        address = up.address(part)
        assert f"  {address} " in up.said
        with urlopen(address + ("/docs" if part == "score" else "/"), timeout=60) as answer:
            assert answer.status == 200
    assert "the runner" in up.said


def test_mlflow_shows_the_registry_of_the_home(up):
    with urlopen(f"{up.address('mlflow')}/api/2.0/mlflow/registered-models/search", timeout=60) as answer:
        assert [model["name"] for model in json.load(answer)["registered_models"]] == ["tiny"]


def test_runs_are_planned_for_what_has_a_schedule(up):
    """Prefect's server plans in the background, and is silent where it cannot."""

    def planned():
        asked = Request(f"{up.address('prefect')}/api/flow_runs/count", PLANNED, {"Content-Type": "application/json"})
        with urlopen(asked, timeout=30) as answer:
            return int(answer.read())

    until(lambda: planned() > 5, SECONDS)


def test_a_port_that_is_taken_is_said_and_replaced(up):
    wanted = up.taken.getsockname()[1]
    instead = re.search(rf"Port {wanted}, wanted for Evidently, is taken.*; Evidently takes (\d+) instead", up.said)[1]
    assert up.address("evidently") == f"http://127.0.0.1:{instead}"


def test_all_parts_fit_into_three_gigabytes(up):
    assert 300 < megabytes(up.process.pid) < 3000


def test_a_second_one_on_the_same_home_says_that_one_runs_and_where(up):
    second = up.command("up")
    assert second.returncode == 1
    assert re.fullmatch(
        r"trimtab: trimtab up runs already on .* \(process \d+, look at http://.*\); .*\n", second.stderr
    )
    assert up.address("page") in second.stderr


def test_the_commands_of_an_emergency_work_meanwhile_and_serving_follows(up):
    assert "tiny: version 1 serves" in up.command("status").stdout
    done = up.command("rollback", "tiny", "--to", "2", "--reason", "a drill")
    assert done.returncode == 0, done.stderr
    assert "1 worker of 1 server acknowledged" in done.stdout


def test_the_doctor_finds_the_stack_and_nothing_wrong(up):
    told = json.loads(up.command("doctor", "--json").stdout)
    levels = {finding["check"]: finding["level"] for finding in told["findings"]}
    assert levels["schedules"] == levels["runner"] == levels["ports"] == levels["ledger"] == levels["tiny"] == "ok"


def test_a_part_that_is_killed_comes_back_at_its_address(up):
    with_port = up.address("evidently").rpartition(":")[2]
    victim = max(pid for pid, command in carrying(str(up.home)).items() if command.endswith(f"--port {with_port}"))
    os.kill(victim, signal.SIGKILL)
    until(lambda: "Evidently is back after" in up.said, SECONDS)
    with urlopen(up.address("evidently"), timeout=60) as answer:
        assert answer.status == 200


def test_sigterm_ends_all_of_it_and_leaves_neither_a_process_nor_an_address(up):
    up.process.terminate()
    assert up.process.wait(120) == 0
    assert "All parts have ended." in up.said
    assert not none_left(str(up.home), 0)
    assert not (up.home / "up.json").exists()
    assert up.address("page") is None


def test_a_source_that_cannot_be_used_is_said_before_anything_is_started(tmp_path):
    environ = os.environ | {"TRIMTAB_HOME": str(tmp_path / "home")}
    command = [*COMMAND, "up", str(tmp_path / "none.yaml")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=240)
    assert done.returncode == 1 and "none.yaml" in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "home" / "logs").exists()
