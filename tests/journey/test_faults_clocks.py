"""Clocks change in spring and in autumn, where the process lives in Berlin or New York; schedules are UTC."""

import json
import os
import subprocess
import sys
from datetime import datetime
from itertools import pairwise

import pytest

from trimtab.windows import utc

CHANGES = ("2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01")  # Europe's, and the United States'
ZONES = ("Europe/Berlin", "America/New_York")
# The next runs of each deployment, as Prefect's server computes them, from a day before each change.
SCRIPT = """
import asyncio, json, sys, time
from datetime import timedelta
from pathlib import Path
from flows.deployments import deployment, plans
from prefect.server.schemas.schedules import IntervalSchedule
from trimtab import settings
from trimtab.windows import utc
assert time.tzname != ("UTC", "UTC"), "the zone was not taken"
found = {}
for plan in plans(settings.load(Path(sys.argv[1]))):
    if plan.schedule is None or plan.every > timedelta(days=1):
        continue
    kept = deployment(plan).schedules[0].schedule
    schedule = IntervalSchedule.model_validate(kept.model_dump())
    for change in sys.argv[2:]:
        start = utc(change) - timedelta(days=1)
        dates = asyncio.run(schedule.get_dates(n=72, start=start, end=start + timedelta(days=3)))
        found[f"{plan.name} around {change}"] = [plan.every.total_seconds(), [date.isoformat() for date in dates]]
print(json.dumps(found))
"""


@pytest.fixture(scope="module", params=ZONES)
def runs(request, tmp_path_factory):
    """By deployment and change of clocks: seconds between two runs, and the moments of three days."""
    home = tmp_path_factory.mktemp("home")
    environ = os.environ | {"TZ": request.param, "TRIMTAB_MODELS": '["tests.tiny_model"]'}
    command = [sys.executable, "-c", SCRIPT, str(home), *CHANGES]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return {
        name: (every, [datetime.fromisoformat(at) for at in moments])
        for name, (every, moments) in json.loads(done.stdout.splitlines()[-1]).items()
    }


def test_no_run_is_left_out_and_none_comes_twice(runs):
    assert {name.partition("/")[0] for name in runs} == {"score", "monitor", "watch", "materialise", "release"}
    for name, (every, moments) in runs.items():
        assert len(moments) >= 3, name
        assert {(after - before).total_seconds() for before, after in pairwise(moments)} == {every}, name


def test_each_run_is_at_the_same_moment_of_the_utc_day_before_and_after(runs):
    for name, (every, moments) in runs.items():
        if every == 86_400:
            assert len({utc(at.isoformat()).time() for at in moments}) == 1, name
