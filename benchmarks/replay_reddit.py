"""Replay of Reddit, 2012-04 to 2013-07, weekly: each policy against `never`, on the product's model and on a plain one.

Bars: `drift` 10 % under `never` in mean MAE, within 10 minutes.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flows.replay import replay
from trimtab import settings
from trimtab.windows import utc

EXAMPLE = Path(__file__).parent.parent / "examples" / "reddit.yaml"
POLICIES = ("never", "calendar:28d", "drift")
MODELS = tuple(sys.argv[2:]) or ("plain", "engagement")


def main() -> None:
    data = Path(sys.argv[1])
    with TemporaryDirectory() as folder:
        known = settings.load(Path(folder) / "home")
        home = known.model_copy(update={"models": ("benchmarks.plain_model", "models.engagement")})
        source = _beside(data, Path(folder))
        for model in MODELS:
            never = None
            for policy in POLICIES:
                report = _run(home, source, model, policy)
                never = never or report["totals"]["mean_window_mae"]
                print(_line(report, never), flush=True)


def _line(report: dict[str, Any], never: float) -> str:
    totals = report["totals"]
    mae = totals["mean_window_mae"]
    return (
        f"{report['model']:10} {report['policy']:12} mean MAE of {totals['windows']} windows {mae:.4f} "
        f"({100 * (mae / never - 1):+.1f} %), {totals['decisions'].get('retrain', 0)} retrains asked for, "
        f"{totals['versions']} versions served, {report['seconds']:.0f} s"
    )


def _run(home: settings.Settings, source: Path, model: str, policy: str) -> dict[str, Any]:
    began = time.perf_counter()
    report = replay(
        home,
        source,
        model,
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
