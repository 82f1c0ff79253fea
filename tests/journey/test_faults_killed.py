"""The runner is killed in the middle of each flow: one home, one Prefect server, the tests in their order.

Each time: nothing is lost, nothing is done twice, the next run completes, and people are told in words. Where the other
faults are tested, each with the real parts:

| fault | test |
|---|---|
| kill -9 at random points of an ingest, a training, a promotion | test_kill.py, test_drill.py |
| kill -9 between two steps of a move, a review, a rollback, a record | integration/test_promotion.py, test_act.py |
| kill -9 of a part, and of `trimtab up` itself | integration/test_stack.py, test_supervise.py, test_stack_killed.py |
| the Prefect server restarted, two runners, a run that hangs | test_faults_stores.py |
| the registry locked or moved away; a disk that fills | test_faults_stores.py, integration/test_bad_registry.py |
| the registry or the ledger away from a server | integration/test_serve_follow.py |
| the online store deleted, or written to for long | test_faults_online.py, integration/test_serve_online.py |
| days that were missed | test_faults_stores.py; all ways to miss one unit/test_due.py |
| changes of clocks | test_faults_clocks.py; windows unit/test_due.py |
| an event that is sent five times | integration/test_automation.py, test_browser.py |
| a receiver of alerts that fails, hangs, comes later | integration/test_tell.py, test_tell_prefect.py |
"""

from collections import Counter
from datetime import timedelta

import pyarrow.compute as pc
import pytest

from models.promotion import promote
from tests import tiny_lake
from tests.listening import listening
from tests.living import NAME, environment, living, midnight, rows_of, simulated
from tests.processes import until

pytestmark = pytest.mark.timeout(900)
DAYS, A_DAY, SERVED = 26, 25, 8
KILLED = "The runner was killed in the middle of this run; what was done is kept, and the next run goes on from there."


@pytest.fixture(scope="module")
def told():
    with listening() as listener:
        yield listener


@pytest.fixture(scope="module")
def home(tmp_path_factory, told):
    folder = tmp_path_factory.mktemp("killed")
    source = simulated(folder / "in", DAYS, A_DAY)
    environ = environment(folder / "home", told.address, INGEST__CHUNK_ROWS="100")
    with living(folder / "home", environ, (source,)) as found:
        found.source = source
        yield found


@pytest.fixture(scope="module")
def served(home):
    """A version that has served for some days, and posts that no champion has scored."""
    stores, since = home.stores, midnight() - timedelta(days=SERVED)
    version = tiny_lake.train(stores, tiny_lake.MODEL, since)
    promote(stores.registry, stores.ledger, NAME, version, at=since, actor="test", reason="The first.")
    return home


def kill_and_start_again(home, told, name):
    """The runner is killed; the next one says what it found, and the tick tells people."""
    home.kill_runner()
    home.start_runner()
    assert home.said.rpartition("1 runs had lost their runner: ")[2].startswith(name.partition("/")[0])
    home.complete("release/all")
    assert told.sentences[-1] == f"{name.replace('/', ' of ')} failed: {KILLED}"


def test_an_ingest_goes_on_where_it_was_killed(home, told):
    home.start("ingest/simulated")
    until(lambda: home.stores.lake.version("posts") >= 2, 240)
    kill_and_start_again(home, told, "ingest/simulated")
    lake = home.stores.lake
    assert 0 < len(lake.read("posts")) < rows_of(home.source, "posts"), "it was in the middle"
    home.complete("ingest/simulated")
    for table, kind in (("posts", "posts"), ("snapshots", "engagement"), ("labels", "labels")):
        assert len(lake.read(table)) == rows_of(home.source, kind), f"{table}: each row once"
    ids = lake.read("posts", ["post_id"])["post_id"].to_pylist()
    assert len(set(ids)) == len(ids)


def test_a_score_that_was_killed_leaves_each_post_one_prediction(served, told):
    served.hold()
    served.start(f"score/{NAME}")
    served.held()
    kill_and_start_again(served, told, f"score/{NAME}")
    served.release()
    assert len(served.stores.lake.read("predictions")) == 0
    served.complete(f"score/{NAME}")
    served.complete(f"score/{NAME}")
    posts = served.stores.lake.read("posts", ["post_id"], pc.field("known_at") >= midnight() - timedelta(days=SERVED))
    scored = served.stores.lake.read("predictions", ["post_id", "role"]).to_pylist()
    assert Counter(row["post_id"] for row in scored) == Counter(posts["post_id"].to_pylist())


def test_a_monitor_that_was_killed_between_windows_judges_each_once(served, told):
    ledger = served.stores.ledger
    served.start(f"monitor/{NAME}")
    until(lambda: len(ledger.entries(NAME, "decision")) >= 2, 240)
    served.hold()
    served.held()
    first = len(ledger.entries(NAME, "decision"))
    kill_and_start_again(served, told, f"monitor/{NAME}")
    served.release()
    assert first < SERVED, "it was in the middle"
    served.complete(f"monitor/{NAME}")
    ends = [entry.evidence["window_end"] for entry in ledger.entries(NAME, "decision")]
    wanted = [(midnight() - timedelta(days=back)).isoformat() for back in range(SERVED - 1, -1, -1)]
    assert ends == wanted, "every window once, in order"


def test_a_retrain_that_was_killed_in_training_makes_one_version(served, told):
    ledger, registry = served.stores.ledger, served.stores.registry
    evidence = {"action": "retrain", "reasons": ["the loss rose"], "report": None}
    ledger.append(
        "decision",
        at=midnight(),
        model=NAME,
        version="1",
        actor="monitor flow",
        reason="tiny version 1: the loss rose: a challenger is to be trained.",
        evidence=evidence,
    )
    served.hold()
    served.start(f"act/{NAME}")
    served.held()
    served.kill_runner()
    served.release()
    served.start_runner()
    served.complete("release/all")
    assert f"act of {NAME} failed: {KILLED}" in told.sentences
    served.complete(f"act/{NAME}")
    kinds = Counter(entry.kind for entry in ledger.entries(NAME) if entry.at >= midnight())
    assert len(registry.versions(NAME)) == 2
    steps = ("retrain_started", "trained", "gates_judged", "retrain_finished", "acted")
    assert {step: kinds[step] for step in steps} == dict.fromkeys(steps, 1)
    assert kinds["promoted"] + kinds["promotion_refused"] == 1


def test_people_were_told_of_each_trouble_and_of_its_end_once(served, told):
    served.complete("release/all")
    flows = ["ingest of simulated", f"score of {NAME}", f"monitor of {NAME}", f"act of {NAME}"]
    for flow in flows:
        assert sum(line.startswith(f"{flow} failed") for line in told.sentences) == 1, told.sentences
        assert sum(line.startswith(f"{flow} works again") for line in told.sentences) == 1, told.sentences
