"""One window's decision on drift, 1,000,000 rows x 30 columns against as many, beside Evidently's preset on the same.

Bars: 5 s and 500 MB beyond the data. Each side runs in a process of its own, one thread; --full gives the preset the
million rows too (minutes), without it 200,000.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime

import numpy as np
from pandas import DataFrame

DAYS, WINDOW_DAYS, MIN_ROWS = 56, 7, 100
ROWS, PRESET_ROWS = 1_000_000, 200_000
END = datetime(2024, 3, 4, tzinfo=UTC)
BAR_SECONDS, BAR_MB = 5.0, 500.0
KINDS = {
    **{f"count_{i}": "count" for i in range(10)},
    **{f"number_{i}": "number" for i in range(12)},
    **{f"flag_{i}": "number" for i in range(3)},
    **{f"weekday_{i}": "number" for i in range(2)},
    **{f"topic_{i}": "category" for i in range(3)},
}
TOPICS = np.array([f"topic {i}" for i in range(60)], dtype=object)


def rows_of(seed: int, rows: int) -> DataFrame:
    """Heavy-tailed counts, log-normal numbers, flags, weekdays and names."""
    draw = np.random.default_rng(seed)
    make = {
        "count": lambda: np.floor(draw.lognormal(3, 2, rows)),
        "number": lambda: draw.lognormal(0, 1, rows),
        "flag": lambda: (draw.random(rows) < 0.3).astype(float),
        "weekday": lambda: draw.integers(0, 7, rows).astype(float),
        "topic": lambda: TOPICS[np.minimum(draw.exponential(12, rows).astype(int), 59)],
    }
    columns = {name: make[name.split("_")[0]]() for name in KINDS}
    return DataFrame(columns, copy=False)  # one column at a time: no second copy that hides the peak of the work


def ours(reference: DataFrame, current: DataFrame) -> int:
    """Every column's space, days and distance, the alarm over all, and what Evidently's defaults would say."""
    from monitoring.alarm import alarm
    from monitoring.shares import daily_distance, daily_level, jensen_shannon, usual
    from monitoring.spaces import fit_space
    from monitoring.stock import stock_reference, stock_verdict
    from monitoring.streams import Days, Stream

    days, before = DAYS + WINDOW_DAYS, np.arange(DAYS + WINDOW_DAYS) < DAYS
    sides = [
        (reference, np.arange(len(reference)) * DAYS // len(reference)),
        (current, DAYS + np.arange(len(current)) * WINDOW_DAYS // len(current)),
    ]
    rows = np.bincount(np.concatenate([day for _, day in sides]), minlength=days)
    judged, streams = 0, []
    for name, kind in KINDS.items():
        space = fit_space(name, reference[name], kind, MIN_ROWS)  # type: ignore[arg-type]
        assert space is not None
        counts = np.zeros((days, len(space.cells)), dtype=int)
        mean, noise = np.full(days, np.nan), np.full(days, np.nan)
        for (side, day), part in zip(sides, (before, ~before), strict=True):
            counts += space.shares(side[name], day, days)
            level = space.level(side[name])
            if level is not None:
                mean[part], noise[part] = (found[part] for found in daily_level(level, day, days)[:2])
        distance = daily_distance(counts, before, rows, space.clumping)
        streams.append(Stream("drift", name, "feature", mean, noise))
        streams.append(Stream("drift", name, "shares", distance, np.zeros(days), "up", "shares"))
        usual(counts, before, WINDOW_DAYS)
        jensen_shannon(counts[before].sum(axis=0), counts[~before].sum(axis=0))
        judged += stock_verdict(stock_reference(reference[name]), current[name]).judged
    seasons = Days(np.arange(days) % 7, DAYS)
    alarm(streams, seasons, END, window_days=WINDOW_DAYS, quiet_days=0, budget=1.0)
    return judged


def preset(reference: DataFrame, current: DataFrame) -> int:
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    names = [name for name, kind in KINDS.items() if kind == "category"]
    definition = DataDefinition(
        categorical_columns=names, numerical_columns=[name for name in KINDS if name not in names]
    )
    sides = [Dataset.from_pandas(side, data_definition=definition) for side in (current, reference)]
    Report([DataDriftPreset()]).run(*sides).json()
    return len(KINDS)


def measure(side: str, rows: int) -> dict[str, float]:
    """Seconds of the processor, which others may share, and MB at the peak beyond what the data takes."""
    work = {"ours": ours, "preset": preset}[side]
    reference, current = rows_of(1, rows), rows_of(2, rows)
    work(reference[:2_000], current[:2_000])  # imports are not the work
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    work(reference, current)
    taken = time.process_time() - began
    return {"seconds": taken, "mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held) / 1024}


def apart(side: str, rows: int) -> dict[str, float]:
    alone = os.environ | {"OMP_NUM_THREADS": "1", "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "benchmarks.decision_speed", "--side", side, "--rows", str(rows)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=alone)
    found: dict[str, float] = json.loads(said.stdout.splitlines()[-1])
    print(f"{side:>6} {rows:>9,} x {len(KINDS)}: {found['seconds']:7.1f} s, {found['mb']:6.0f} MB", flush=True)
    return found


def compare(full: bool) -> bool:
    """Print both sides and their ratio; whether ours is within the bars."""
    mine = apart("ours", ROWS)
    for rows in (PRESET_ROWS, ROWS) if full else (PRESET_ROWS,):
        theirs, same = apart("preset", rows), mine if rows == ROWS else apart("ours", rows)
        print(f"preset / ours at {rows:,} rows: {theirs['seconds'] / same['seconds']:.0f} times the time")
    within = mine["seconds"] <= BAR_SECONDS and mine["mb"] <= BAR_MB
    print(f"bars {BAR_SECONDS:.0f} s and {BAR_MB:.0f} MB: {'met' if within else 'MISSED'}")
    return within


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--full", action="store_true", help="the preset on a million rows, too")
    words.add_argument("--side", choices=["ours", "preset"], help=argparse.SUPPRESS)
    words.add_argument("--rows", type=int, default=ROWS, help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.side:
        print(json.dumps(measure(given.side, given.rows)))
        return 0
    return 0 if compare(given.full) else 1


if __name__ == "__main__":
    sys.exit(main())
