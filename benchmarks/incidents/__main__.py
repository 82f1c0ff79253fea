"""The scoreboard on the simulator: python -m benchmarks.incidents [--quick] [--policies a,b] [--seeds N] [--out FILE].

A policy is one of ours (budgeted, never, calendar:28d, evidently-default, performance, cusum, ...) or any detector of
your own as `module:attribute`, a monitoring.policy.Policy.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from benchmarks.incidents.board import alarms_a_year, lines
from benchmarks.incidents.run import Played, play
from benchmarks.incidents.scenario import Scenario, scenarios
from trimtab.settings import Settings

OURS = "budgeted"
SEEDS = {"quiet": 10, "power": 30}  # ours alone; the bar on false retrains takes 200
BAR, BAR_SEEDS = "nothing_happens", 200
OTHERS = ("never", "calendar:28d", "evidently-default", "performance", "cusum")
OTHER_SEEDS = 1
USUAL_SEEDS = 10
QUICK_SEEDS = 2


def main() -> None:
    asked = _arguments()
    names = asked.scenarios.split(",") if asked.scenarios else list(scenarios())
    found, played, began = scenarios(), [], time.perf_counter()
    jobs = sorted(_jobs([found[name] for name in names], asked), key=lambda job: job[1])  # first seeds first
    with ProcessPoolExecutor(asked.processes) as pool:
        waiting = {pool.submit(_play, *job): job for job in jobs}
        for number, done in enumerate(as_completed(waiting), 1):
            played += done.result()
            _keep(played, asked.out)  # what was stopped half-way has still told something
            _progress(number, len(jobs), began)
    played.sort(key=lambda run: (run.scenario, run.policy, run.seed))
    print("\n".join(lines(played)))
    ours = [run for run in played if run.policy == OURS and run.group == "quiet"]
    print(
        f"\n{len(played):,} runs, {sum(run.windows for run in played):,} windows, {time.perf_counter() - began:.0f} s."
    )
    if ours:
        print(f"{OURS}: {alarms_a_year(ours):.2f} false alarms a model-year where nothing happens, each looked into.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.incidents", description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SEEDS} seeds, our policy only")
    parser.add_argument("--policies", default="", help="these only, on every seed; separated by commas")
    parser.add_argument("--scenarios", default="", help="these only; separated by commas")
    parser.add_argument("--seeds", type=int, default=0, help="runs of each scenario and policy")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", default="", help="JSON file with every run")
    return parser.parse_args()


def _jobs(wanted: list[Scenario], asked: argparse.Namespace) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """(scenario, seed, policies): the policies of one seed share posts and trainings."""
    for scenario in wanted:
        if asked.policies:
            yield from ((scenario.name, seed, tuple(asked.policies.split(","))) for seed in range(asked.seeds or 1))
            continue
        usual = QUICK_SEEDS if asked.quick else SEEDS.get(scenario.group, USUAL_SEEDS)
        many = BAR_SEEDS if scenario.name == BAR and not asked.quick else usual
        for seed in range(asked.seeds or many):
            rivals = OTHERS if seed < OTHER_SEEDS and not asked.quick and scenario.group != "power" else ()
            yield scenario.name, seed, (OURS, *rivals)


def _keep(played: list[Played], out: str) -> None:
    if out:
        draft = Path(f"{out}.part")
        draft.write_text(json.dumps([asdict(run) for run in played], indent=1), encoding="utf-8")
        draft.replace(out)


def _play(name: str, seed: int, policies: tuple[str, ...]) -> list[Played]:
    return play(scenarios()[name], seed, policies, Settings())


def _progress(done: int, of: int, began: float) -> None:
    if sys.stderr.isatty() or done % 25 == 0 or done == of:
        print(f"\r{done}/{of} runs, {time.perf_counter() - began:.0f} s ", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
