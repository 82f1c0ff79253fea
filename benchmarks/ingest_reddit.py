"""Seconds and memory to ingest the Reddit file with all checks on, and the same file made ten times as long.

    python -m benchmarks.ingest_reddit DATA [--times 10]

DATA holds reddit_2011_2013.parquet (docs/sources.md). Each run is a process of its own on a new home; the peer is a
bare write_deltalake of the same Parquet file, read whole, in the same run. Bars: 30 s, 1.5 GB, and memory that
does not grow with the file: the peak at the end of the long one against that after its first fifth, when the
allocators have settled.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

FILE = "reddit_2011_2013.parquet"
EXAMPLE = Path(__file__).parents[1] / "examples" / "reddit.yaml"
BAR_SECONDS, BAR_MEGABYTES, BAR_GROWTH = 30, 1_500, 1.25
SHIFT_SECONDS = 400 * 86_400


def measured(folder: Path) -> dict[str, float]:
    """Ingest folder/reddit.yaml in this process; imports count, since a user waits for them too."""
    started = time.perf_counter()
    from monitoring.door import Door, ingest
    from monitoring.expectations import findings
    from trimtab.authors import Authors
    from trimtab.lake import Lake
    from trimtab.settings import Ingest
    from trimtab.source import load

    findings_ready = findings(pa.table({"a": [1]}).to_pandas(), _trivial())
    imported = time.perf_counter()
    home = folder / "home"
    door = Door(Lake(home / "lake"), Authors.of(home), Ingest(), datetime.now(UTC))
    peaks: list[float] = []
    summary = ingest(door, load(folder / "reddit.yaml"), progress=lambda feed, rows: peaks.append(_peak_megabytes()))
    done = time.perf_counter()
    assert findings_ready and not summary.rows_quarantined and not summary.batches_quarantined, str(summary)
    return {
        "rows": summary.posts_new,
        "imports": imported - started,
        "seconds": done - imported,
        "early_megabytes": peaks[len(peaks) // 5],
        "megabytes": _peak_megabytes(),
    }


def bare(folder: Path) -> dict[str, float]:
    """The peer: the same file into a Delta table, unchecked and unmapped."""
    from deltalake import write_deltalake

    started = time.perf_counter()
    write_deltalake(str(folder / "bare"), pq.read_table(folder / "data" / FILE))
    return {"seconds": time.perf_counter() - started, "megabytes": _peak_megabytes()}


def _peak_megabytes() -> float:
    return getrusage(RUSAGE_SELF).ru_maxrss / 1024


def _trivial() -> list:
    from monitoring.contract import Check

    return [Check("a", "not_null", "")]


def lengthened(path: Path, target: Path, times: int) -> None:
    """The file `times` over, each time with other ids and 400 days later."""
    table = pq.read_table(path)
    place = table.schema.get_field_index("created_utc")
    with pq.ParquetWriter(target, table.schema) as writer:
        for copy in range(times):
            ids = pc.binary_join_element_wise(f"c{copy}-", table["id"].cast(pa.string()), "").cast(table["id"].type)
            moved = table.set_column(0, "id", ids)
            later = pc.add(table["created_utc"], pa.scalar(copy * SHIFT_SECONDS, pa.int64()))
            writer.write_table(moved.set_column(place, "created_utc", later), row_group_size=len(table))


def in_process(step: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.ingest_reddit", str(folder), "--step", step]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def run(folder: Path, name: str) -> tuple[dict[str, float], dict[str, float]]:
    shutil.copy(EXAMPLE, folder / "reddit.yaml")
    peer, ours = in_process("bare", folder), in_process("ingest", folder)
    ratio = ours["seconds"] / peer["seconds"]
    rate, ratio = ours["rows"] / ours["seconds"], ours["seconds"] / peer["seconds"]
    print(
        f"{name:>10}: {ours['rows']:>9,.0f} posts in {ours['seconds']:.1f} s (and {ours['imports']:.1f} s of imports), "
        f"{rate:,.0f} rows/s, peak {ours['megabytes']:,.0f} MB; "
        f"bare write {peer['seconds']:.1f} s, {peer['megabytes']:,.0f} MB; ratio {ratio:.1f}"
    )
    return ours, peer


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--times", type=int, default=10, help="how much longer the long file is; 0 leaves it out")
    parser.add_argument("--step", choices=["ingest", "bare"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        print(json.dumps({"ingest": measured, "bare": bare}[given.step](given.data)))
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        short, long = Path(temporary) / "short", Path(temporary) / "long"
        for folder in (short, long):
            (folder / "data").mkdir(parents=True)
        shutil.copy(given.data / FILE, short / "data" / FILE)
        once, _ = run(short, "Reddit")
        failed = once["seconds"] + once["imports"] > BAR_SECONDS or once["megabytes"] > BAR_MEGABYTES
        if given.times:
            lengthened(given.data / FILE, long / "data" / FILE, given.times)
            more, _ = run(long, f"{given.times} times")
            growth = more["megabytes"] / more["early_megabytes"]
            pace, peak = more["seconds"] / once["seconds"], more["megabytes"] / once["megabytes"]
            print(
                f"{given.times} times the rows: {pace:.1f} times the seconds, {peak:.2f} times the memory; "
                f"from its first fifth to its end the long file's peak grows {growth:.2f} times"
            )
            failed = failed or growth > BAR_GROWTH
        verdict = "MISSED" if failed else "met"
        print(f"Bars ({BAR_SECONDS} s, {BAR_MEGABYTES:,} MB, growth at most {BAR_GROWTH}): {verdict}")
        return int(failed)


if __name__ == "__main__":
    sys.exit(main())
