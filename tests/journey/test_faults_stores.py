"""A server, a store or the disk is away for a while, a run hangs, days are missed: one home, the tests in their order.

Each time: nothing is lost, nothing is done twice, the next run completes, and people are told in words.
"""

import resource
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import pyarrow.compute as pc
import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Scheduled

from models.promotion import promote
from models.stores import Stores
from monitoring.door import Door, ingest
from tests import tiny_lake, tiny_source
from tests.listening import listening
from tests.living import COMMAND, NAME, SECONDS, environment, living, midnight, settings_of
from tests.processes import until
from tests.tiny_incident import MAPPING, written
from trimtab.authors import Authors
from trimtab.source import load

pytestmark = pytest.mark.timeout(900)
DAYS, A_DAY, SERVED, MANY = 24, 30, 3, 6000
LIMIT_SECONDS, ROOM = 15, 300_000  # of a run, and of a file where the disk is as good as full


@pytest.fixture(scope="module")
def told():
    with listening() as listener:
        yield listener


@pytest.fixture(scope="module")
def home(tmp_path_factory, told):
    """A version that has served for three days, while nothing ran."""
    folder = tmp_path_factory.mktemp("stores")
    source = written(folder / "in", midnight(), DAYS, A_DAY, midnight())
    big = tiny_source.write_yaml(folder / "big", MAPPING | {"source": "big"})
    posts = [{"id": f"b{n}", "topic": "game", "text": f"{n} {pow(3, n + 99, 2**400):x}"} for n in range(MANY)]
    at = (midnight() - timedelta(days=9)).isoformat()
    tiny_source.write_rows(folder / "big" / "posts.jsonl", [post | {"at": at, "comments": 3} for post in posts])
    environ = environment(folder / "home", told.address)
    # in a process of its own, whose connection to the registry ends with it; the lake does not survive a fork
    first = get_context("spawn").Process(target=serve_first, args=(environ, source))
    first.start()
    first.join()
    assert first.exitcode == 0
    with living(folder / "home", environ, (source, big)) as found:
        yield found


def serve_first(environ, source):
    stores = Stores(settings_of(environ))
    since = midnight() - timedelta(days=SERVED)
    stores.settings.home.mkdir(parents=True)
    door = Door(stores.lake, Authors.of(stores.settings.home), stores.settings.ingest, datetime.now(UTC))
    ingest(door, load(source))
    version = tiny_lake.train(stores, tiny_lake.MODEL, since)
    promote(stores.registry, stores.ledger, NAME, version, at=since, actor="test", reason="The first.")


def retried(home, run):
    """Wait until a step of the run waits for another try."""
    asked = {
        "flow_runs": {"id": {"any_": [str(run.id)]}},
        "task_runs": {"state": {"name": {"any_": ["AwaitingRetry"]}}},
    }

    def waits():
        with temporary_settings({PREFECT_API_URL: home.api}), get_client(sync_client=True) as client:
            return client._client.post("/task_runs/filter", json=asked).json()

    until(waits, SECONDS)


def test_a_second_runner_says_one_sentence_and_ends(home):
    environ = home.environ | {"PREFECT_API_URL": home.api}
    second = subprocess.run([*COMMAND, "runner"], env=environ, capture_output=True, text=True, timeout=SECONDS)
    assert second.returncode == 1
    wanted = f"trimtab: A runner serves {home.home} already; stop it first, or give this one a --home.\n"
    assert (second.stdout, second.stderr) == ("", wanted)
    assert home.runner.poll() is None, "the first goes on"


def test_three_missed_days_are_caught_up_with_window_by_window_exactly_once(home):
    home.kill_runner()
    with temporary_settings({PREFECT_API_URL: home.api}), get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(f"monitor/{NAME}").id
        moments = [datetime.now(UTC) - timedelta(days=back) for back in (3, 2, 1)]
        late = [
            client.create_flow_run_from_deployment(deployment, state=Scheduled(scheduled_time=at)) for at in moments
        ]
    with closing(sqlite3.connect(home.home / "prefect" / "prefect.db", timeout=60)) as database, database:
        marks = ", ".join(repr(str(run.id)) for run in late)  # as if the server had put them on the calendar
        assert database.execute(f"UPDATE flow_run SET auto_scheduled = 1 WHERE id IN ({marks})").rowcount == 3
    home.start_runner()
    assert "2 late runs are left out: the newest of each deployment does their work." in home.said
    assert home.ended(late[-1]).state.is_completed()
    home.complete(f"monitor/{NAME}")
    ends = [entry.evidence["window_end"] for entry in home.stores.ledger.entries(NAME, "decision")]
    assert ends == [(midnight() - timedelta(days=back)).isoformat() for back in (2, 1, 0)]
    assert [home.look(run).state.name for run in late] == ["Cancelled", "Cancelled", "Completed"]


def test_a_registry_that_is_locked_is_asked_again_until_it_answers(home):
    database = sqlite3.connect(home.stores.registry.store.database, timeout=60, isolation_level=None)
    with closing(database):
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("BEGIN EXCLUSIVE")
        run = home.start(f"score/{NAME}")
        retried(home, run)
        database.execute("ROLLBACK")
    assert home.ended(run).state.is_completed()
    scored = home.stores.lake.read("predictions", ["post_id"])["post_id"].to_pylist()
    since = pc.field("known_at") >= midnight() - timedelta(days=SERVED)
    assert sorted(scored) == sorted(home.stores.lake.read("posts", ["post_id"], since)["post_id"].to_pylist())


def test_a_registry_that_is_away_is_not_made_anew_and_is_asked_again(home):
    path = home.stores.registry.store.database
    files = [file for file in path.parent.glob("mlflow.db*") if file.is_file()]
    hidden = path.parent.with_name("hidden")
    hidden.mkdir()
    for file in files:
        shutil.move(file, hidden / file.name)
    run = home.start(f"watch/{NAME}")
    retried(home, run)
    assert not path.exists(), "a second, empty registry would hide the versions for ever"
    for file in files:
        shutil.move(hidden / file.name, file)
    assert home.ended(run).state.is_completed()
    assert home.stores.registry.alias(NAME, "champion") == "1"


def test_the_runner_outlives_its_server_and_a_run_that_was_under_way_too(home):
    home.hold()
    run = home.start(f"retrain/{NAME}", reason="one under way")
    home.held()
    home.kill_server()
    home.start_server()
    home.release()
    assert home.ended(run).state.is_completed()
    home.complete("release/all")
    assert home.runner.poll() is None
    assert (
        len(home.stores.ledger.entries(NAME, "retrain_finished")) == 1 and len(home.stores.registry.versions(NAME)) == 2
    )


def test_a_run_that_hangs_is_ended_and_told(home, told):
    home.kill_runner()
    home.start_runner(SCHEDULES__LIMIT_MINUTES=str(LIMIT_SECONDS / 60))
    home.hold()
    run = home.ended(home.start(f"retrain/{NAME}", reason="one that hangs"))
    home.release()
    assert run.state.name == "TimedOut"
    home.kill_runner()
    home.start_runner()
    home.complete("release/all")
    assert told.sentences[-1] == (
        f"retrain of {NAME} failed: Flow run exceeded timeout of {LIMIT_SECONDS:.1f} second(s). "
        "What was done so far is kept; the next run goes on from there."
    )
    home.complete(f"retrain/{NAME}", reason="the next")
    home.complete("release/all")
    assert told.sentences[-1].startswith(f"retrain of {NAME} works again; it had failed since ")


def test_a_disk_that_is_full_fails_the_run_loses_nothing_and_is_told(home, told):
    before = len(home.stores.lake.read("posts"))
    resource.prlimit(home.runner.pid, resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))  # for what it starts
    assert home.ended(home.start("ingest/big")).state.is_failed()
    assert len(home.stores.lake.read("posts")) == before
    home.complete("release/all")
    assert told.sentences[-1].startswith("ingest of big failed: ")
    assert "File too large" in told.sentences[-1] and "make room" in told.sentences[-1]
    resource.prlimit(home.runner.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    home.complete("ingest/big")
    assert len(home.stores.lake.read("posts")) == before + MANY
    home.complete("release/all")
    assert told.sentences[-1].startswith("ingest of big works again; it had failed since ")
