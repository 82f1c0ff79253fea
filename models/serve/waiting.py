"""Waiting until every worker that serves has acknowledged a move of `champion`."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from models.moves import last_move
from models.serve import presence
from models.serve.presence import Worker
from trimtab.ledger import Entry, Ledger

LOOK_SECONDS = 0.1
NEWEST = 5_000  # acknowledgements that are looked through: more than workers can have given to one move
Place = tuple[str, int]  # server and worker: one that was started again has the same


@dataclass(frozen=True)
class Clock:
    """`elapsed` tells the seconds since the move was decided, and never goes back as `now` may."""

    now: Callable[[], datetime]
    elapsed: Callable[[], float]
    sleep: Callable[[float], object]


@dataclass(frozen=True)
class Following:
    """Who had acknowledged `move`, `seconds` after it was decided, and who had not. Prints as one sentence."""

    move: Entry
    seconds: float
    followed: tuple[Worker, ...]
    absent: tuple[Worker, ...]
    overtaken: Entry | None = None

    @property
    def whole(self) -> bool:
        """Whether every answer is of the version that was moved to."""
        return not self.absent and self.overtaken is None

    def __str__(self) -> str:
        name, version, other = self.move.model, self.move.version, self.overtaken
        place = f" in place of {self.move.previous}" if self.move.previous else ""
        if other is not None:
            now = f"{other.version} is champion" if other.version else "nothing is champion"
            return f"{name} {version} was champion{place}, but {now} since: {other.what} by {other.actor}."
        if self.absent:
            return f"{name} {version} is champion{place}, but {self._late()}"
        again = " again" if self.move.kind == "rolled_back" else ""
        return f"{name} {version} serves{again}{place}; {self._acknowledged()}"

    def _acknowledged(self) -> str:
        if not self.followed:
            return "no server is running that would have to follow."
        servers = len({worker.server for worker in self.followed})
        who = f"{_count(len(self.followed), 'worker')} of {_count(servers, 'server')}"
        return f"{who} acknowledged within {self.seconds:.1f} s: {_names(self.followed)}."

    def _late(self) -> str:
        late, every, first = len(self.absent), len(self.absent) + len(self.followed), self.absent[0]
        serving = {worker.versions.get(self.move.model, "nothing") for worker in self.absent}
        has = "has" if late == 1 else "have"
        return (
            f"{late} of {_count(every, 'worker')} {has} not acknowledged it after {self.seconds:.0f} s: "
            f"{_names(self.absent)}, last heard to serve {' and '.join(sorted(serving))}. "
            f"See {first.address}/readyz and what that server printed; stop a server that does not follow."
        )


def wait(home: Path, ledger: Ledger, move: Entry, seconds: float, clock: Clock) -> Following:
    """Look again and again until nobody is absent, another move has come, or `seconds` have gone by."""
    until, awaited = clock.elapsed() + seconds, set[Place]()
    while True:
        found = look(home, ledger, move, awaited, clock)
        awaited = {_place(worker) for worker in (*found.followed, *found.absent)}
        if not found.absent or found.overtaken or clock.elapsed() >= until:
            return found
        clock.sleep(LOOK_SECONDS)


def look(home: Path, ledger: Ledger, move: Entry, awaited: Collection[Place], clock: Clock) -> Following:
    """How it stands. A worker of `awaited` counts until it is gone: one that has fallen silent may still answer."""
    there = presence.there(home)
    heard = {_place(worker) for worker in presence.alive(home, clock.now())}
    workers = [worker for worker in there if _place(worker) in heard or _place(worker) in awaited]
    said = _acknowledged(ledger, move)
    newest = last_move(ledger, move.model)
    return Following(
        move=move,
        seconds=max(clock.elapsed(), 0.0),
        followed=tuple(worker for worker in workers if _place(worker) in said),
        absent=tuple(worker for worker in workers if _place(worker) not in said),
        overtaken=newest if newest is not None and newest.id > move.id else None,
    )


def _acknowledged(ledger: Ledger, move: Entry) -> set[Place]:
    """Who said so of this move or a later one; of an earlier one says nothing, whatever its version."""
    said = ledger.entries(move.model, "acknowledged", limit=NEWEST)
    told = [entry.evidence for entry in said if entry.version == move.version and entry.evidence["move"] >= move.id]
    return {(evidence["server"], evidence["worker"]) for evidence in told}


def _place(worker: Worker) -> Place:
    return worker.server, worker.worker


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _names(workers: Sequence[Worker]) -> str:
    """Workers by server, and where each server is asked."""
    parts = []
    for (server, address), group in groupby(workers, key=lambda worker: (worker.server, worker.address)):
        numbers = [str(worker.worker) for worker in group]
        parts.append(f"server {server} at {address}, worker{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}")
    return "; ".join(parts)
