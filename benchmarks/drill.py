"""Promote and roll back, again and again, under load: does serving follow, how soon, and does anybody notice?

A real `trimtab serve` on a home with three versions of a tiny model; clients in threads ask it without a pause.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.asking import Answer, Asking
from benchmarks.server_process import models, served, trimtab
from models.promotion import promote, rollback
from models.serve.waiting import Clock, Following, wait
from models.stores import Stores
from trimtab.ledger import Entry
from trimtab.settings import Settings

MODEL, MODULE = "tiny", "tests.tiny_model"
SWITCHES, WORKERS, CLIENTS = 20, 2, 4
BAR_SECONDS = 5.0
HOLD_SECONDS = 0.5  # of load on the new version, before the next switch
BODY = json.dumps({"posts": [{"platform": "reddit", "text": "Is it on course?", "post_id": "reddit:drill"}]}).encode()


@dataclass(frozen=True)
class Switch:
    """One move of `champion`: when it was decided, when the last worker acknowledged it, and until when it stood."""

    following: Following
    acknowledged_at: datetime
    until: datetime

    def old(self, answers: Sequence[Answer]) -> int:
        """Answers of another version that were begun after the acknowledgement."""
        meanwhile = [one for one in answers if one.scored_at and self.acknowledged_at <= one.scored_at < self.until]
        return sum(one.version != self.following.move.version for one in meanwhile)


@dataclass(frozen=True)
class Report:
    """What the drill found. Prints as its figures beside the bars."""

    switches: Sequence[Switch]
    answers: Sequence[Answer]
    seconds: float
    clients: int

    @property
    def times(self) -> list[float]:
        """From decision to the last acknowledgement, s."""
        return [switch.following.seconds for switch in self.switches]

    @property
    def failed(self) -> list[str]:
        return [answer.failure for answer in self.answers if answer.failure]

    @property
    def old(self) -> int:
        return sum(switch.old(self.answers) for switch in self.switches)

    @property
    def sound(self) -> bool:
        """Whether every worker followed every switch and nobody noticed, however long it took."""
        followed = all(switch.following.whole and switch.following.followed for switch in self.switches)
        return followed and not self.failed and not self.old

    @property
    def met(self) -> bool:
        return self.sound and max(self.times) < BAR_SECONDS

    def lines(self) -> list[str]:
        times, answers = self.times, len(self.answers)
        load = os.getloadavg()[0]
        return [
            f"{len(times)} switches, decision to all workers acknowledged: median {statistics.median(times):.2f} s, "
            f"max {max(times):.2f} s (bar < {BAR_SECONDS:.0f} s)",
            f"failed requests: {len(self.failed)} of {answers:,} (bar 0)",
            *sorted(set(self.failed))[:5],
            f"answers from the old version after the acknowledgement: {self.old} (bar 0)",
            f"requests a second under load: {answers / self.seconds:.0f} from {self.clients} clients "
            f"(load average of the machine {load:.1f} on {os.cpu_count()} cores)",
        ]


def home_with_versions(path: Path) -> Stores:
    """A home whose registry has three versions, of which the first serves."""
    from tests import tiny_stores

    tiny_stores.with_versions(path / "mlflow")
    stores = Stores(Settings(home=path, models=(MODULE,)))
    promote(stores.registry, stores.ledger, MODEL, "1", at=_now(), actor="drill", reason="the first")
    return stores


def drill(stores: Stores, address: str, switches: int, clients: int = CLIENTS) -> Report:
    """Promote 2, roll back to 1, promote 2, ... while clients ask."""
    with Asking(address, BODY, clients) as asking:
        time.sleep(HOLD_SECONDS)
        done = [switch(stores, forward=number % 2 == 0) for number in range(switches)]
    return Report(done, asking.answers, asking.seconds, clients)


def switch(stores: Stores, forward: bool) -> Switch:
    """Move `champion`, wait for every worker, and leave it so for a moment."""
    began = time.monotonic()
    moved = move(stores, forward)
    clock = Clock(_now, lambda: time.monotonic() - began, time.sleep)
    following = wait(stores.settings.home, stores.ledger, moved, 30, clock)
    acknowledged_at = max((entry.at for entry in _acknowledgements(stores, moved)), default=_now())
    time.sleep(HOLD_SECONDS)
    return Switch(following, acknowledged_at, _now())


def move(stores: Stores, forward: bool) -> Entry:
    """Promote 2, or roll back from it; returns what the ledger says of it."""
    about: dict[str, Any] = {"at": _now(), "actor": "drill", "reason": "a drill"}
    if forward:
        return promote(stores.registry, stores.ledger, MODEL, "2", **about)
    rollback(stores.registry, stores.ledger, MODEL, **about)
    return stores.ledger.entries(MODEL, "rolled_back", limit=1)[0]


def by_command(home: Path) -> tuple[float, str]:
    """`trimtab rollback` as a person types it: seconds from Enter to its end, and what it printed."""
    began = time.monotonic()
    done = trimtab(home, "rollback", MODEL, "--reason", "the drill", TRIMTAB_MODELS=models(MODULE))
    return time.monotonic() - began, f"{done.stdout}{done.stderr}".strip()


def _acknowledgements(stores: Stores, move: Entry) -> list[Entry]:
    entries = stores.ledger.entries(MODEL, "acknowledged", limit=100)
    return [entry for entry in entries if entry.evidence["move"] >= move.id]


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--switches", type=int, default=SWITCHES)
    words.add_argument("--workers", type=int, default=WORKERS)
    given = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="trimtab-drill-") as folder:
        stores = home_with_versions(Path(folder))
        with served(stores.settings.home, given.workers, TRIMTAB_MODELS=models(MODULE)) as (address, _):
            print(f"{given.workers} workers on {address}.", flush=True)
            report = drill(stores, address, given.switches)
            print("\n".join(report.lines()), flush=True)
            switch(stores, forward=True)
            seconds, said = by_command(stores.settings.home)
            print(f"\n$ trimtab rollback {MODEL} --reason 'the drill'\n{said}\n({seconds:.1f} s from Enter)")
    print(f"\nbars: {'met' if report.met else 'MISSED'}")
    return not report.met


if __name__ == "__main__":
    sys.exit(main())
