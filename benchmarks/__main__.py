"""Run every benchmark in a process of its own, so that one's memory and imports are not another's."""

import subprocess
import sys

# These make their own data.
ALONE = ("help_speed", "training_frame", "serving", "page", "flow_overhead", "drift_to_promotion")
ON_DATA = ("ingest_reddit", "engagement_reddit", "sentiment_semeval", "policies_real")


def main() -> int:
    if len(sys.argv) != 2:
        print("Usage: make bench DATA=folder; docs/sources.md says what to put there.")
        return 2
    runs = [[name] for name in ALONE] + [[name, sys.argv[1]] for name in ON_DATA]
    failed = []
    for name, *words in runs:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *words]).returncode:
            failed.append(name)
    if failed:
        print(f"\nFailed: {', '.join(failed)}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
