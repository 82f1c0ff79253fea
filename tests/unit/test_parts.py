"""What `trimtab up` starts."""

import json
from pathlib import Path

import pytest

from infra.parts import parts, wanted_ports
from infra.ports import Choice
from trimtab.settings import Serving, Settings, Up

HOME = Path("/srv/home")


def made(own_prefect=True, **settings):
    told = Settings(home=HOME, **settings)
    wanted = wanted_ports(told, own_prefect)
    return {part.name: part for part in parts(told, {name: Choice(port, port) for name, port in wanted.items()}, "API")}


def test_every_part_is_there_and_every_address_is_of_this_machine_alone():
    there = made(serving=Serving(host="0.0.0.0"))
    assert set(there) == {"prefect", "score", "runner", "page", "mlflow", "evidently"}
    assert all(part.address is None or part.address.startswith("http://127.0.0.1:") for part in there.values())
    assert "0.0.0.0" not in str(there)


def test_a_server_of_somebody_else_is_used_and_none_is_started():
    there = made(own_prefect=False)
    assert "prefect" not in there and there["runner"].after == ()
    assert there["runner"].environment["PREFECT_API_URL"] == "API"


def test_the_runner_waits_for_our_own_server():
    assert made()["runner"].after == ("prefect",)


def test_sources_that_are_given_reach_the_parts():
    there = made(sources=(Path("/data/a.yaml"), Path("/data/b.yaml")))
    assert json.loads(there["runner"].environment["TRIMTAB_SOURCES"]) == ["/data/a.yaml", "/data/b.yaml"]


@pytest.mark.parametrize("part", ["prefect", "mlflow", "evidently", "page"])
def test_a_port_of_the_settings_is_the_one_that_a_part_listens_on(part):
    there = made(up=Up(**{f"{part}_port": 4321}))[part]
    assert "4321" in there.command and there.address == "http://127.0.0.1:4321" and "4321" in there.health
