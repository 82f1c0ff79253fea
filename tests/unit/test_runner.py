"""How one life of the runner ends."""

import asyncio
import errno
import os

import httpx
import pytest

from flows.runner import OurRunner, Serving, only_one
from trimtab.errors import TrimtabError
from trimtab.settings import Settings

AWAY = httpx.ConnectError("All connection attempts failed")
FULL = OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_one_runner_of_a_home_at_a_time_and_the_next_once_it_has_ended(tmp_path):
    with only_one(tmp_path) as lock, pytest.raises(TrimtabError, match="serves .* already"):
        only_one(tmp_path)
    assert not lock.is_locked
    with only_one(tmp_path):
        pass


class Breaks(OurRunner):
    """Prefect's runner, that ends by an error once it runs."""

    error: BaseException

    async def start(self, *_, **__):
        raise self.error


def lives(tmp_path, error, stopped=False):
    async def live():
        serving, runner = Serving(Settings(home=tmp_path), "http://127.0.0.1:9/api", print), Breaks("trimtab")
        runner.error = error
        running = asyncio.create_task(serving.run(runner))
        await asyncio.sleep(0)
        if stopped:
            serving.stopping.set()
        await running

    asyncio.run(live())


@pytest.mark.parametrize("error", [FULL, ExceptionGroup("a group", [AWAY, FULL])])
def test_a_runner_that_breaks_ends_with_a_sentence_instead_of_beginning_anew(error, tmp_path):
    with pytest.raises(TrimtabError, match="What runs the flows broke with") as broken:
        lives(tmp_path, error)
    assert broken.value.__cause__ is error


@pytest.mark.parametrize("error", [AWAY, ExceptionGroup("a group", [AWAY]), ConnectionResetError(104, "reset")])
def test_a_runner_whose_server_is_away_waits_for_it(error, tmp_path):
    lives(tmp_path, error)


def test_what_breaks_while_it_is_stopped_is_no_failure(tmp_path):
    lives(tmp_path, FULL, stopped=True)
