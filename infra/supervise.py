"""All parts together: started beside each other, looked after, and ended in the reverse order."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from infra import logs
from infra.keeper import Keeper
from infra.parts import Part
from trimtab.guard import adopt

TURN_SECONDS = 0.05
# Starting is importing: more at once than cores make each slower, and one more fills the waits for the disk.
AT_ONCE = (os.cpu_count() or 1) + 1


class Supervisor:
    """The keepers of `parts`; what each prints goes to `folder`/NAME.log."""

    def __init__(
        self,
        parts: Sequence[Part],
        environ: Mapping[str, str],
        folder: Path,
        healthy_seconds: float,
        say: Callable[[str], None],
    ) -> None:
        self.keepers = {
            part.name: Keeper(part, environ, folder / f"{part.name}.log", healthy_seconds, say) for part in parts
        }
        self._starting: set[str] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to start them; returns at once."""
        adopt()
        for keeper in self.keepers.values():
            keeper.start(self._turn(keeper))

    @property
    def settled(self) -> bool:
        """Whether each is healthy, or had its time, or waits for one that had."""
        return all(each.healthy.is_set() or self._had_its_time(each) for each in self.keepers.values())

    @property
    def healthy(self) -> bool:
        return all(keeper.healthy.is_set() for keeper in self.keepers.values())

    @property
    def hopeless(self) -> bool:
        """Whether none is left to look after: each was given up, or leans on one that was."""
        return all(map(self._given_up, self.keepers.values()))

    def tidy(self) -> None:
        """Hold the logs to their size."""
        for keeper in self.keepers.values():
            logs.rotate(keeper.log)

    def stop(self) -> None:
        """End each part before those that it leans on; those that lean on nobody's end side by side."""
        left = dict(self.keepers)
        while left:
            leaned_on = {name for keeper in left.values() for name in keeper.part.after}
            stage = [keeper for name, keeper in left.items() if name not in leaned_on]
            for keeper in stage:
                keeper.stop()
            for keeper in stage:
                keeper.end()
                del left[keeper.part.name]

    def kill(self) -> None:
        """End all at once, as they are."""
        for keeper in self.keepers.values():
            keeper.kill()

    def _turn(self, keeper: Keeper) -> Callable[[threading.Event], None]:
        def wait(stopping: threading.Event) -> None:
            while not self._may_start(keeper) and not stopping.wait(TURN_SECONDS):
                pass

        return wait

    def _before(self, keeper: Keeper) -> list[Keeper]:
        return [self.keepers[name] for name in keeper.part.after if name in self.keepers]

    def _given_up(self, keeper: Keeper) -> bool:
        return keeper.hopeless.is_set() or any(map(self._given_up, self._before(keeper)))

    def _had_its_time(self, keeper: Keeper) -> bool:
        had = keeper.hopeless.is_set() or keeper.late.is_set()
        return had or any(map(self._had_its_time, self._before(keeper)))

    def _may_start(self, keeper: Keeper) -> bool:
        before = self._before(keeper)
        with self._lock:
            self._starting = {name for name in self._starting if not self.keepers[name].tried.is_set()}
            if len(self._starting) >= AT_ONCE or not all(each.healthy.is_set() for each in before):
                return False
            self._starting.add(keeper.part.name)
            return True
