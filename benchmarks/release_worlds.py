"""Releases into the simulator's worlds of benchmarks/incidents, judged window by window by the whole of a decision."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Literal

from scipy import stats

from benchmarks.incidents.model import model_for
from benchmarks.incidents.recalibrating import damaged
from models.history import History
from models.spec import FitSettings, Fitted
from monitoring.backtest import run
from monitoring.policy import policy
from monitoring.pool import Candidate, Pool
from simulator.columns import Columns
from simulator.columns_draw import draw
from trimtab.settings import Settings, Watch
from trimtab.windows import Window

Target = Literal["count", "label"]
DAY = timedelta(days=1)
POSTS, START, WARM_UP = 2_000, 63, 2  # a day; the day of the first version; windows before the release
LEARNED_SHARE = 0.9  # of the rows, that an equal version is fitted on
DELAY, BAD_DAYS, EQUAL_DAYS = 2, 3, 90  # until the first label; days of labels


def rolled_back(seeds: int) -> Iterator[str]:
    """A line a target and kind of release: how many of `seeds` worlds ended in a rollback in their days of labels."""
    for target in ("count", "label"):
        for kind, days, release in (("bad", BAD_DAYS, bad), ("equal", EQUAL_DAYS, equal)):
            hits = sum(_run(target, seed, days, release) for seed in range(seeds))
            low, high = stats.binomtest(hits, seeds).proportion_ci(0.95, "exact")
            ends = f"{hits} of {seeds} worlds ({100 * low:.0f} to {100 * high:.0f} %)"
            yield f"{target:>6} {kind:>6}: rolled back within {days} days of labels in {ends}"


def bad(pool: Pool, champion: Candidate) -> Candidate:
    """Its mean loss is a tenth higher."""
    rows = pool.history.labelled(champion.trained_at, champion.trained_at - 28 * DAY)
    files = damaged(Fitted(dict(champion.files), {}, {}), rows, pool.model.losses, 0.1).files
    return _like(champion, f"{champion.version} damaged", files)


def equal(pool: Pool, champion: Candidate) -> Candidate:
    """Fitted on most of the rows that the champion had."""
    rows = pool.history.labelled(champion.trained_at)
    some = rows.sample(frac=LEARNED_SHARE, random_state=1).sort_values("event_timestamp", ignore_index=True)
    return _like(champion, f"{champion.version} of {LEARNED_SHARE:.0%}", pool.model.fit(some, pool.fit_settings).files)


def _like(champion: Candidate, version: str, files: dict[str, bytes]) -> Candidate:
    return Candidate(version, champion.trained_at, files, champion.scoring, champion.learned_at)


def _run(target: Target, seed: int, days: int, release: Callable[[Pool, Candidate], Candidate]) -> bool:
    """Whether it was decided to roll the release back. The watch is made to last all its days."""
    windows = WARM_UP + DELAY + days
    world = Columns(seed=seed, days=START + windows, posts_per_day=POSTS, target=target)
    settings = Settings(watch=Watch(days=DELAY + days, least_days=days))
    drawn, model = draw(world), model_for(world)
    pool = Pool(model, History(drawn.posts, drawn.outcomes), settings, FitSettings.of(settings))
    period = Window(world.moment(START), world.moment(START + windows))
    releases = {world.moment(START + WARM_UP): lambda champion: release(pool, champion)}
    course = run(model, pool.history, period, DAY, policy("budgeted"), settings, pool, releases=releases)
    return any(window["decision"] == "rollback" for window in course.windows)
