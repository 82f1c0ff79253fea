"""Releases with a real `trimtab serve` of two workers under load: it follows in time, and through kill -9."""

import re
import time

import pytest

from benchmarks.asking import Asking
from benchmarks.drill import BODY, MODEL, MODULE, by_command, drill, home_with_versions, move, switch
from benchmarks.server_process import models, served
from models.registry import Registry
from tests import tiny_stores
from trimtab.ledger import Ledger

POLL_SECONDS = 0.2
STEPS = [(Ledger, "append", 1), *((Registry, name, count) for name in ("set_alias", "note") for count in (1, 2))]


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    return home_with_versions(tmp_path_factory.mktemp("drill"))


@pytest.fixture(scope="module")
def address(stores):
    variables = {"TRIMTAB_MODELS": models(MODULE), "TRIMTAB_SERVING__POLL_SECONDS": str(POLL_SECONDS)}
    with served(stores.settings.home, 2, **variables) as (address, _):
        yield address


def test_three_switches_under_load_are_followed_and_nobody_notices(stores, address):
    """How soon is for `make drill` to measure: a test would tell of how busy the machine is."""
    report = drill(stores, address, 3, clients=2)
    assert report.sound, "\n".join(report.lines())
    assert len(report.answers) > 30


def test_the_command_says_that_serving_followed_and_who_acknowledged(stores, address):
    _, said = by_command(stores.settings.home)
    moved, followed = said.splitlines()
    assert moved == "tiny 1 is champion again in place of 2; reason kept in the ledger: the drill"
    who = rf"server [0-9a-f]+ at {re.escape(address)}, workers 1, 2\."
    said = rf"tiny 1 serves again in place of 2; 2 workers of 1 server acknowledged within \d+\.\d s: {who}"
    assert re.fullmatch(said, followed)


@pytest.mark.parametrize("forward", [True, False], ids=["promotion", "rollback"])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step[1]}_{step[2]}")
def test_a_move_killed_between_two_steps_leaves_answers_of_old_or_new_and_the_rerun_completes(
    stores, address, step, forward
):
    old, new = ("1", "2") if forward else ("2", "1")
    if stores.registry.alias(MODEL, "champion") != old:
        switch(stores, forward=not forward)
    assert tiny_stores.dies_at((*step, "after"), lambda: move(stores, forward)) == 9
    assert stores.registry.alias(MODEL, "champion") in {old, new}
    with Asking(address, BODY, threads=2) as asking:
        time.sleep(3 * POLL_SECONDS)
        following = switch(stores, forward).following
    assert not asking.failures
    assert {answer.version for answer in asking.answers} <= {old, new}
    assert following.whole
    assert (len(following.followed), following.move.version) == (2, new)
    assert asking.answers[-1].version == new
