"""Ports on loopback."""

import os
import socket
import sys

import pytest

from infra import ports


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def test_a_free_port_is_taken_as_wanted(listening):
    free = ports.choose({"page": 0})["page"].port
    assert ports.choose({"page": free})["page"] == ports.Choice(free, free)


def test_a_port_that_is_taken_is_replaced_and_both_are_said(listening):
    choice = ports.choose({"mlflow": listening})["mlflow"]
    assert choice.replaced and choice.port != listening
    assert not ports.taken(choice.port)
    said = choice.sentence("MLflow")
    assert f"Port {listening}, wanted for MLflow" in said and f"MLflow takes {choice.port} instead" in said


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell who listens")
def test_who_has_the_port_is_named(listening):
    assert f"process {os.getpid()} (" in str(ports.holder(listening))


def test_parts_that_want_the_same_port_get_different_ones():
    wanted = ports.choose({"a": 0})["a"].port
    chosen = ports.choose({"one": wanted, "two": wanted, "three": 0})
    assert chosen["one"].port == wanted
    assert len({choice.port for choice in chosen.values()}) == 3


def test_a_replacement_is_never_a_port_that_another_part_wants(listening):
    chosen = ports.choose({"one": listening, "two": listening + 1})
    assert chosen["one"].port not in (listening, listening + 1)


def test_any_port_is_no_replacement():
    assert not ports.choose({"page": 0})["page"].replaced
