"""kill -9 at random points of ingest, training and promotion: the next run completes, and status tells the truth."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.stores import Stores
from monitoring.status import status
from simulator.world import World
from simulator.write import write
from trimtab import settings
from trimtab.windows import utc

DAYS = 40
NOW = utc("2024-02-10")
INGEST = """
from pathlib import Path
from monitoring.door import Door, ingest
from trimtab import settings
from trimtab.authors import Authors
from trimtab.lake import Lake
from trimtab.source import load
from trimtab.windows import utc
known = settings.load(Path({home!r}))
print("ready", flush=True)
ingest(Door(Lake(known.lake_path), Authors.of(known.home), known.ingest, utc("2024-02-10")), load(Path({source!r})))
"""
TRAIN = """
from pathlib import Path
from models.history import load_history, training_period
from models.retrain import retrain
from models.stores import Stores
from trimtab import settings
from trimtab.windows import utc
stores, now = Stores(settings.load(Path({home!r}))), utc("2024-02-10")
model = stores.model("engagement")
print("ready", flush=True)
stores.refresh_features(now)
history = load_history(stores, model, training_period(stores, now), now)
retrain(stores, model, history, now, "a test", "once", actor="test")
"""


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    return write(tmp_path_factory.mktemp("stream") / "world", World(days=DAYS, posts_per_day=60))


def run(script: str, seconds: float | None = None, **words: str) -> int:
    """Run a script to its end, or kill it so long after it is ready; returns the exit code."""
    process = subprocess.Popen([sys.executable, "-c", script.format(**words)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    if seconds is not None:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
    return process.wait(300)


def timed(script: str, **words: str) -> float:
    began = time.monotonic()
    assert run(script, **words) == 0
    return time.monotonic() - began


def rows(home: Path) -> dict[str, int]:
    return status(Stores(settings.load(home)))["rows"]


def test_an_ingest_killed_at_random_points_is_completed_by_the_next(stream, tmp_path):
    whole = tmp_path / "whole"
    seconds = timed(INGEST, home=str(whole), source=str(stream))
    draw, home = random.Random(0), tmp_path / "killed"
    codes = [run(INGEST, draw.uniform(0.1, seconds / 2), home=str(home), source=str(stream)) for _ in range(4)]
    assert -signal.SIGKILL in codes
    assert run(INGEST, home=str(home), source=str(stream)) == 0
    assert rows(home) == rows(whole)
    ids = Stores(settings.load(home)).lake.read("posts", ["post_id"])["post_id"].to_pylist()
    assert len(ids) == len(set(ids))


@pytest.mark.timeout(900)
def test_a_training_killed_at_random_points_leaves_one_version_that_serves(stream, tmp_path):
    home = tmp_path / "home"
    assert run(INGEST, home=str(home), source=str(stream)) == 0
    draw = random.Random(1)
    codes = [run(TRAIN, draw.uniform(0.5, 14), home=str(home)) for _ in range(4)]
    assert -signal.SIGKILL in codes
    assert run(TRAIN, home=str(home)) == 0
    stores = Stores(settings.load(home))
    told = status(stores)["models"]["engagement"]
    assert (told["champion"], told["versions"]) == ("1", 1)
    assert [entry.kind for entry in stores.ledger.entries("engagement", "promoted")] == ["promoted"]
    assert told["since"] == NOW
