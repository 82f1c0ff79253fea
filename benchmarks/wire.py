"""A lean HTTP client on asyncio's streams: what it costs must not be what is measured."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit


@dataclass
class Tally:
    """What came back within `seconds`: a time each, and what part of a core this client took."""

    latencies: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)  # of sending, after the moment that was planned
    bodies: list[bytes] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0
    client_share: float = 0.0


class Wire:
    """Connections that are kept, to one address and path."""

    def __init__(self, address: str, path: str) -> None:
        where = urlsplit(address)
        self._place = where.hostname, where.port
        self._head = f"POST {path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer, on an idle connection or a new one."""
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection(*self._place)
        writer.write(f"{self._head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        answer = await reader.readexactly(size)
        self._idle.append((reader, writer))
        return int(head.split(b" ", 2)[1]), answer

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


def open_loop(address: str, path: str, bodies: Sequence[bytes], rate: float, seconds: float) -> Tally:
    """Requests at fixed moments, whatever became of those before; a time counts from the planned moment."""
    return asyncio.run(_measured(address, path, lambda wire, tally: _at_moments(wire, tally, bodies, rate, seconds)))


def closed_loop(address: str, path: str, bodies: Sequence[bytes], connections: int, seconds: float) -> Tally:
    """As many requests as are answered, over so many connections."""
    return asyncio.run(_measured(address, path, lambda wire, tally: _ever(wire, tally, bodies, connections, seconds)))


async def _measured(address, path, load) -> Tally:  # type: ignore[no-untyped-def]
    wire, tally = Wire(address, path), Tally()
    began, taken = time.perf_counter(), time.process_time()
    await load(wire, tally)
    tally.seconds = time.perf_counter() - began
    tally.client_share = (time.process_time() - taken) / tally.seconds
    wire.close()
    return tally


async def _at_moments(wire: Wire, tally: Tally, bodies: Sequence[bytes], rate: float, seconds: float) -> None:
    began, tasks = time.perf_counter(), []
    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        tally.late.append(time.perf_counter() - due)
        tasks.append(asyncio.create_task(_one(wire, tally, bodies[number % len(bodies)], due)))
    await asyncio.gather(*tasks)


async def _ever(wire: Wire, tally: Tally, bodies: Sequence[bytes], connections: int, seconds: float) -> None:
    end, numbers = time.perf_counter() + seconds, count()

    async def ask_again_and_again() -> None:
        while time.perf_counter() < end:
            await _one(wire, tally, bodies[next(numbers) % len(bodies)], time.perf_counter())

    await asyncio.gather(*(ask_again_and_again() for _ in range(connections)))


async def _one(wire: Wire, tally: Tally, body: bytes, due: float) -> None:
    try:
        status, answer = await wire.ask(body)
    except (OSError, asyncio.IncompleteReadError, IndexError) as error:
        tally.failed.append(f"{type(error).__name__}: {error}")
        return
    if status != 200:
        tally.failed.append(f"{status} {answer[:200].decode(errors='replace')}")
        return
    tally.latencies.append(time.perf_counter() - due)
    tally.bodies.append(answer)
