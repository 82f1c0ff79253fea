"""Replay of Reddit, 2012-04 to 2013-07, weekly, policy by policy. Bars: `drift` 10 % under `never`, 10 minutes."""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from flows.replay import replay
from trimtab import settings
from trimtab.windows import utc

EXAMPLE = Path(__file__).parent.parent / "examples" / "reddit.yaml"
POLICIES = ("never", "calendar:28d", "drift")


def main() -> None:
    data = Path(sys.argv[1])
    with TemporaryDirectory() as folder:
        home = settings.load(Path(folder) / "home")
        source = _beside(data, Path(folder))
        reports = {policy: _run(home, source, policy) for policy in POLICIES}
    never = reports["never"]["totals"]["mean_window_mae"]
    for policy, report in reports.items():
        totals = report["totals"]
        mae = totals["mean_window_mae"]
        print(
            f"{policy:13} mean MAE of {totals['windows']} windows {mae:.4f} ({100 * (mae / never - 1):+.1f} %), "
            f"{totals['decisions'].get('retrain', 0)} retrains asked for, {totals['versions']} versions served, "
            f"{report['seconds']:.0f} s"
        )


def _run(home: settings.Settings, source: Path, policy: str) -> dict:
    began = time.perf_counter()
    report = replay(
        home,
        source,
        "engagement",
        utc("2012-04-01"),
        utc("2013-07-31"),
        timedelta(days=7),
        policy,
        as_of=datetime.now(UTC),
        progress=lambda done, of, text: None,
    )
    return report | {"seconds": time.perf_counter() - began}


def _beside(data: Path, folder: Path) -> Path:
    """The shipped example, with `data/` beside it as its page asks for."""
    (folder / "data").symlink_to(data.resolve())
    source = folder / "reddit.yaml"
    source.write_text(EXAMPLE.read_text())
    return source


if __name__ == "__main__":
    main()
