"""Who is told at the command line that a decision is carried out though `--act` was not given."""

import os
import subprocess
import sys

import pytest

from trimtab import addresses
from trimtab.addresses import Addresses
from trimtab.cli.commands import is_carried_out


@pytest.mark.parametrize(
    ("action", "told"), [("retrain", True), ("recalibrate", True), ("rollback", True), ("none", False)]
)
def test_while_up_runs_a_decision_that_asks_for_an_action_is_carried_out(tmp_path, action, told):
    assert not is_carried_out(tmp_path, action), "nothing runs yet"
    addresses.write(tmp_path, Addresses(), os.getpid())
    assert is_carried_out(tmp_path, action) == told


def test_an_up_that_was_killed_carries_nothing_out(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    addresses.write(tmp_path, Addresses(), gone.pid)
    assert not is_carried_out(tmp_path, "retrain")
