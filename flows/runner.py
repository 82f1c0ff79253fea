"""The runner: all deployments of a home, served by one process that outlives its server and leaves nothing behind."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from filelock import AcquireReturnProxy, FileLock, Timeout
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound
from prefect.runner import Runner
from prefect.settings import PREFECT_API_URL

from flows import automations, leftovers, withdrawn
from flows.deployments import Plan, as_paused, deployment, plans
from flows.passing import can_pass
from flows.running import RUNNER
from trimtab.errors import TrimtabError
from trimtab.settings import Settings

Say = Callable[[str], None]
ASK_SECONDS = 1  # between two questions whether the server is up
STOP_SECONDS = 12  # that runs get to end; then they are killed


def serve(settings: Settings, say: Say) -> None:
    """Serve until SIGTERM or SIGINT. TrimtabError where a runner of this home runs already, or no server is named."""
    url = PREFECT_API_URL.value()
    if not url:
        raise TrimtabError(
            "No Prefect server is named; run `trimtab up`, which starts one, or set PREFECT_API_URL to yours."
        )
    with only_one(settings.home):
        os.environ[RUNNER] = str(os.getpid())
        asyncio.run(Serving(settings, url, say).until_stopped())


def only_one(home: Path) -> AcquireReturnProxy:
    """Holds the lock of the home's runner until its `with` ends."""
    (home / "locks").mkdir(parents=True, exist_ok=True)
    try:
        return FileLock(home / "locks" / "runner.lock", timeout=0).acquire()
    except Timeout as error:
        raise TrimtabError(f"A runner serves {home} already; stop it first, or give this one a --home.") from error


class OurRunner(Runner):
    """Prefect's, but a server that is away does not end it: Prefect's gives up after three polls."""

    away = False  # the server does not answer
    deaf = False  # Prefect's has given up listening for runs that a person cancels

    def handle_sigterm(self, *_: Any, **__: Any) -> None:
        """Prefect's would end the loop from inside the signal; ours is told by `Serving`."""

    async def __aenter__(self) -> "OurRunner":
        await super().__aenter__()
        poll = self._scheduled_run_poller._get_and_submit_flow_runs

        async def patiently(*given: Any, **named: Any) -> None:
            try:
                await poll(*given, **named)
                self.deaf, self.away = self.deaf or self.away, False
            except httpx.HTTPError as error:
                if not _away(error):
                    raise
                self.away = True

        self._scheduled_run_poller._get_and_submit_flow_runs = patiently  # type: ignore[method-assign]
        assert self._cancelling_observer is not None
        self._cancelling_observer.on_failure = lambda _: setattr(self, "deaf", True)
        return self

    @property
    def busy(self) -> bool:
        return bool(self._process_manager.flow_run_ids())

    def kill(self) -> None:
        """End the runs that are left, without asking anybody."""
        for run in self._process_manager.flow_run_ids():
            handle = self._process_manager.get(run)
            if handle is not None and handle.pid:
                os.kill(handle.pid, signal.SIGKILL)


class Serving:
    """One life of `trimtab runner`: as many Prefect runners, one after the other, as its server has lives."""

    def __init__(self, settings: Settings, url: str, say: Say) -> None:
        self.settings, self.url, self.say = settings, url, say
        self.stopping, self.cleared = asyncio.Event(), False

    async def until_stopped(self) -> None:
        loop = asyncio.get_running_loop()
        while not self.stopping.is_set():
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, self.stopping.set)
            await self.wait_for_server()
            if not self.stopping.is_set():
                await self.one_life()
        self.say("The runner has stopped.")

    async def wait_for_server(self) -> None:
        """Until the server answers, or we are told to stop."""
        told = False
        async with httpx.AsyncClient(timeout=5) as web:
            while not self.stopping.is_set():
                try:
                    if (await web.get(f"{self.url.rstrip('/')}/health")).is_success:
                        return
                except httpx.TransportError:
                    pass
                if not told:
                    self.say(f"Waiting for the Prefect server at {self.url}.")
                told = True
                await self._pause(ASK_SECONDS)

    async def one_life(self) -> None:
        """Register, clear away what was left, then run what is due; ends with the server's life, or when told."""
        known = self.settings.schedules
        runner = OurRunner(
            "trimtab", query_seconds=known.poll_seconds, limit=known.runs_at_once, pause_on_shutdown=False
        )
        try:
            ids = await self.register(runner)
            await self.clear(list(ids.values()))
        except httpx.HTTPError as error:
            if not _away(error):
                raise
            await self._pause(ASK_SECONDS)
            return
        self.say(f"{len(ids)} deployments are served from {self.settings.home}.")
        await self.run(runner)

    async def register(self, runner: OurRunner) -> dict[str, UUID]:
        """Every deployment by name, and the automations. Twice leaves what is there; what a person paused stays so."""
        async with get_client() as client:
            found = [
                (plan.name, as_paused(deployment(plan), await _kept(client, plan))) for plan in plans(self.settings)
            ]
            ids = {name: await runner.aadd_deployment(made) for name, made in found}
            acts = {name.partition("/")[2]: number for name, number in ids.items() if name.startswith("act/")}
            await automations.put_in_place(client, acts)
            for gone in await withdrawn.withdraw(client, str(self.settings.home), set(ids.values())):
                self.say(f"{gone} is no longer in the settings; its deployment was taken away.")
        return ids

    async def clear(self, ids: list[UUID]) -> None:
        """Once: what is found later, this runner left itself."""
        if self.cleared:
            return
        async with get_client() as client:
            for line in await leftovers.clear(client, ids):
                self.say(line)
        self.cleared = True

    async def run(self, runner: OurRunner) -> None:
        """Until told to stop, or until the server is away. TrimtabError where it ends by any other trouble."""
        running = asyncio.create_task(runner.start())
        while not running.done() and not self.stopping.is_set():
            if runner.deaf and not runner.busy:  # what it had open to the server, it does not open again
                self.say("The Prefect server was away; its deployments are put in place anew.")
                break
            await self._pause(min(1.0, self.settings.schedules.poll_seconds))
        broke = await _stop(runner, running)
        if broke is not None and not (self.stopping.is_set() or runner.deaf or _by_server(broke)):
            raise TrimtabError(
                f"What runs the flows broke with {type(broke).__name__}: {broke}; what was due is made good once the "
                "runner is started again, which `trimtab up` does by itself."
            ) from broke

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return


async def _kept(client: PrefectClient, plan: Plan) -> DeploymentResponse | None:
    try:
        return await client.read_deployment_by_name(plan.name)
    except ObjectNotFound:
        return None


def _away(error: httpx.HTTPError) -> bool:
    """Whether the server did not answer, or is not itself; what it refuses, it would refuse again."""
    return not isinstance(error, httpx.HTTPStatusError) or error.response.status_code >= 500


def _by_server(error: BaseException) -> bool:
    """Whether all that broke is that the server is away."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(_by_server, error.exceptions))
    return _away(error) if isinstance(error, httpx.HTTPError) else can_pass(error)


async def _stop(runner: OurRunner, running: "asyncio.Task[None]") -> BaseException | None:
    """Have the runs end as cancelled; what does not end, or cannot say so to the server, is killed.

    Returns what `running` ended by, if it was neither its end nor ours.
    """
    if runner.started:
        try:
            await asyncio.wait_for(runner.astop(), STOP_SECONDS)
        except (TimeoutError, httpx.HTTPError):
            runner.kill()
    _, pending = await asyncio.wait({running}, timeout=STOP_SECONDS)
    for task in pending:
        task.cancel()
    (ended,) = await asyncio.gather(running, return_exceptions=True)
    return None if isinstance(ended, asyncio.CancelledError) else ended
