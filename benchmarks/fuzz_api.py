"""The API of `trimtab serve` under cases that schemathesis makes from its description: does any end in a server error?

    python -m venv .fuzz && .fuzz/bin/pip install schemathesis
    python -m benchmarks.fuzz_api --schemathesis .fuzz/bin/schemathesis

schemathesis is not in our lock: it wants a pytest and a hypothesis of its own, and it needs nothing of ours, since it
only speaks HTTP. The server is a real one, over a home with a trained model and features online, without an API key.

Bar: no server error in 10,000 cases. A 503 is none: the API describes it. What is counted is what the server itself
counted of its answers; the other checks of schemathesis (answers as described, what is wrong is refused, what is right
is taken) must hold as well.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from urllib.request import urlopen

from benchmarks.served_home import asked, prepared
from benchmarks.server_process import models, served
from benchmarks.serving import until_online

BAR_CASES = 10_000
ROUNDS = 5  # at the least, each with a seed of its own
CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance"),
    *("response_schema_conformance", "negative_data_rejection", "positive_data_acceptance", "unsupported_method"),
)
MODES = "positive", "negative"  # left to choose, schemathesis makes ten that are wrong for each that is right
ANSWERED = re.compile(r'^trimtab_requests_total\{path="([^"]+)",status="(\d+)"\} (\S+)$', re.MULTILINE)
ABSENT = (
    "schemathesis is not installed: `python -m venv .fuzz && .fuzz/bin/pip install schemathesis`, then "
    "`python -m benchmarks.fuzz_api --schemathesis .fuzz/bin/schemathesis`."
)


def answered(address: str) -> Counter[int]:
    """Requests by status, as the workers counted them."""
    with urlopen(f"{address}/metrics") as told:
        found = ANSWERED.findall(told.read().decode())
    counts: Counter[int] = Counter()
    for _, status, count in found:
        counts[int(status)] += int(float(count))
    return counts


def fuzz(schemathesis: str, address: str, examples: int, seed: int) -> bool:
    """One round of cases, in turn of what is to be taken and of what is to be refused; whether every check held."""
    words = ["run", f"{address}/openapi.json", "--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"]
    words += ["--workers", "1", "--suppress-health-check", "all"]
    words += ["--max-examples", str(examples), "--seed", str(seed), "--continue-on-failure", "--request-timeout", "30"]
    return subprocess.run([schemathesis, *words, "--mode", MODES[seed % 2]]).returncode == 0


def report(counts: Counter[int], held: bool, least: int) -> bool:
    """Print the figures beside their bars."""
    cases = sum(counts.values())
    errors = sum(count for status, count in counts.items() if status >= 500 and status != 503)
    print(f"cases: {cases:,} (bar {least:,}); by status: {', '.join(f'{s} {n:,}' for s, n in sorted(counts.items()))}")
    print(f"server errors: {errors} (bar 0); every other check {'held' if held else 'did NOT hold, see above'}")
    return errors == 0 and held and cases >= least


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--home", type=Path, help="keep the trained home below this folder, or use the one that is here")
    words.add_argument("--schemathesis", default=shutil.which("schemathesis"), help="the program, if it is not on PATH")
    words.add_argument("--cases", type=int, default=BAR_CASES)
    words.add_argument("--seed", type=int, default=1)
    given = words.parse_args()
    if given.schemathesis is None or shutil.which(given.schemathesis) is None:
        print(ABSENT)
        return 2
    with tempfile.TemporaryDirectory(prefix="trimtab-fuzz-") as folder:
        stores = prepared(given.home or Path(folder))
        with served(stores.settings.home, 1, TRIMTAB_MODELS=models("models.engagement")) as (address, _):
            until_online(address, asked(stores, 1).ones[0])
            before, counts, held, seed = answered(address), Counter[int](), True, given.seed
            while sum(counts.values()) < given.cases:
                held &= fuzz(given.schemathesis, address, given.cases // ROUNDS, seed)
                counts, seed = answered(address) - before, seed + 1
    met = report(counts, held, given.cases)
    print(f"bars: {'met' if met else 'MISSED'}")
    return not met


if __name__ == "__main__":
    sys.exit(main())
