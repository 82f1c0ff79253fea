"""What each policy comes to on real posts: the bars of decisions on Reddit, Hacker News and tweets, and the speed.

python -m benchmarks.policies_real DATA [reddit|hackernews|tweets|speed]...
"""

import statistics
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flows.past import Past, take_in
from monitoring.backtest import first_version, run, windows_of
from monitoring.hindsight import Account, Hindsight
from monitoring.policy import policy
from monitoring.pool import Pool
from trimtab import settings
from trimtab.settings import Settings
from trimtab.windows import Window, utc

TIMED = "speed"
EXAMPLES = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True)
class Part:
    """A past to live through; the last of the policies is the one that has the bar."""

    stream: tuple[str, str]  # example and model
    span: tuple[str, str, int]  # first day, end, days a window
    policies: tuple[str, ...]
    bar: str

    @property
    def period(self) -> Window:
        return Window(utc(self.span[0]), utc(self.span[1]))

    @property
    def step(self) -> timedelta:
        return timedelta(days=self.span[2])


PARTS = {
    "reddit": Part(
        ("reddit", "engagement"),
        ("2012-04-01", "2013-07-31", 7),
        ("never", "calendar:28d", "calendar:7d", "budgeted"),
        "within 2 % of calendar:7d in mean MAE with at most a quarter of its retrains",
    ),
    "hackernews": Part(
        ("hackernews", "engagement"),
        ("2016-03-01", "2016-09-26", 1),
        ("never", "budgeted"),
        "at most one retrain",
    ),
    "tweets": Part(
        ("semeval", "sentiment"),
        ("2015-08-01", "2016-12-24", 7),
        ("never", "budgeted"),
        "the label shift of 2016 found, nothing retrained before it without a measured gain",
    ),
    TIMED: Part(
        ("reddit", "engagement"),
        ("2012-05-01", "2013-07-25", 1),
        ("budgeted",),
        "450 windows of 230,000 posts within 300 s",
    ),
}


def main() -> None:
    """The parts side by side, but for the one that measures time, which comes alone and last."""
    data, names = Path(sys.argv[1]), sys.argv[2:] or list(PARTS)
    with ProcessPoolExecutor(2) as pool:
        for told in pool.map(part_of, [(data, name) for name in names if name != TIMED]):
            print(told, flush=True)
    if TIMED in names:
        print(part_of((data, TIMED)), flush=True)


def part_of(asked: tuple[Path, str]) -> str:
    """What there is to say of one part."""
    data, name = asked
    part = PARTS[name]
    with TemporaryDirectory() as folder:
        known, began = settings.load(Path(folder) / "home"), time.perf_counter()
        with past_of(known, part, data, Path(folder)) as past:
            spent, posts = time.perf_counter() - began, len(past.history.posts)
            head = f"\n{name}: {posts:,} posts taken in and features built in {spent:.0f} s"
            return "\n".join([head, *lines(known, part, past, spent)])


def past_of(known: Settings, part: Part, data: Path, folder: Path) -> AbstractContextManager[Past]:
    """The shipped example, with `data/` beside it as its page asks for."""
    (folder / "data").symlink_to(data.resolve())
    source = folder / f"{part.stream[0]}.yaml"
    source.write_text((EXAMPLES / source.name).read_text())
    return take_in(known, source, part.stream[1], part.period, "bench", as_of=datetime.now(UTC), progress=_silent)


def lines(known: Settings, part: Part, past: Past, spent: float) -> Iterable[str]:
    pool = Pool(past.model, past.history, known, past.stores.fit_settings)
    hindsight = None
    for name in part.policies:
        began = time.perf_counter()
        course = run(pool.model, pool.history, part.period, part.step, policy(name), known, pool, progress=_silent)
        hindsight = hindsight or _hindsight(known, part, pool)
        account = hindsight.account(course)
        seconds = time.perf_counter() - began
        bar = f"; {spent + seconds:.0f} s with taking in; bar: {part.bar}" if name == part.policies[-1] else ""
        yield f"{figures(account, past.model.headline)}, {seconds:.0f} s{bar}"
    yield from acted(account.windows)


def _hindsight(known: Settings, part: Part, pool: Pool) -> Hindsight:
    windows, first = windows_of(part.period, part.step), first_version(pool, part.period.start)
    return Hindsight(pool.model, pool.history, windows, first, datetime.now(UTC), known.cost)


def figures(account: Account, headline: str) -> str:
    """Of the windows with labels; every window counts alike."""
    scores = [window["metrics"][headline] for window in account.windows if window["metrics"]]
    asked = [window["decision"] for window in account.windows]
    return (
        f"{account.policy:13} mean {headline} of {len(scores)} windows {statistics.fmean(scores):.4f}, "
        f"{asked.count('retrain')} retrains, {asked.count('recalibrate')} recalibrations, "
        f"{account.promoted} promoted, cost {account.cost:.0f}"
    )


def acted(windows: list[dict[str, Any]]) -> list[str]:
    """The sentence of every action and what came of it."""
    return [
        f"  {window['sentence']} {window['outcome'] or ''}".rstrip()
        for window in windows
        if window["decision"] != "none"
    ]


def _silent(done: int, of: int, text: str) -> None:
    """Progress is for the command line."""


if __name__ == "__main__":
    main()
