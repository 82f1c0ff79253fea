"""`trimtab up` killed in the middle of its start."""

import os
import subprocess
import sys

import pytest

from tests.processes import carrying, none_left, until
from trimtab import addresses


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes below /proc")
def test_kill_9_leaves_no_process_and_no_address_that_counts(tmp_path):
    home = tmp_path / "home"
    ports = {f"TRIMTAB_UP__{part}_PORT": "0" for part in ("PREFECT", "MLFLOW", "EVIDENTLY", "PAGE")}
    environ = os.environ | ports | {"TRIMTAB_SERVING__PORT": "0", "TRIMTAB_HOME": str(home)}
    command = [sys.executable, "-c", "from trimtab.cli import main; main()", "up"]
    up = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: len(carrying(str(home))) >= 7, 120)  # itself, and three parts with their guards
        assert addresses.started(home)
    finally:
        up.kill()
        up.wait()
    assert not none_left(str(home), 60)
    assert addresses.started(home) is None
