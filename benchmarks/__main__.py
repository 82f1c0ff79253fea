"""Run every benchmark in a process of its own, so that one's memory and imports are not another's."""

import subprocess
import sys

NAMES = (
    "help_speed",
    "ingest_reddit",
    "training_frame",
    "engagement_reddit",
    "sentiment_semeval",
    "replay_reddit",
)


def main() -> int:
    failed = []
    for name in NAMES:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *sys.argv[1:]]).returncode:
            failed.append(name)
    if failed:
        print(f"\nFailed: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
