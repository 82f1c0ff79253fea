"""`trimtab --help` against a bare interpreter: median of nine starts each. Bar: 0.5 s."""

import statistics
import subprocess
import sys
import time

RUNS = 9


def seconds(command: list[str]) -> float:
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def main() -> None:
    bare = seconds([sys.executable, "-c", "pass"])
    ours = seconds([sys.executable, "-c", "from trimtab.cli import main; main()", "--help"])
    print(f"trimtab --help {ours:.2f} s (bar 0.5); python -c pass {bare:.2f} s; ratio {ours / bare:.1f}")


if __name__ == "__main__":
    main()
