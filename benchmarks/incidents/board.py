"""The scoreboard: what every policy did over all runs, as a table that reads in a terminal and in the README."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from benchmarks.incidents.run import Played

DAYS_A_YEAR = 365.25


def lines(played: Sequence[Played]) -> list[str]:
    """A summary a policy, then a line a scenario and policy."""
    policies = list(dict.fromkeys(run.policy for run in played))
    return [
        "| policy | right action | unneeded retrains a model-year | retrains on broken data | wrong actions |",
        "|---|---|---|---|---|",
        *(_summary(name, [run for run in played if run.policy == name]) for name in policies),
        "",
        "| scenario | policy | seeds | right | found in time | delay, windows | unneeded a year | wrong actions |",
        "|---|---|---|---|---|---|---|---|",
        *(
            line
            for scenario in sorted({run.scenario for run in played})
            for line in _scenario(scenario, played, policies)
        ),
    ]


def right_rate(runs: Sequence[Played]) -> float:
    """Mean over scenarios of the share of runs that were right: a scenario with many seeds counts once."""
    by_name = {run.scenario: [r.right for r in runs if r.scenario == run.scenario] for run in runs}
    return sum(sum(right) / len(right) for right in by_name.values()) / len(by_name) if by_name else 0.0


def unneeded_a_year(runs: Sequence[Played]) -> float:
    """Retrains and recalibrations without need, over the years that the models were watched."""
    years = sum(run.windows for run in runs) / DAYS_A_YEAR
    return sum(run.unneeded for run in runs) / years if years else 0.0


def alarms_a_year(runs: Sequence[Played]) -> float:
    years = sum(run.windows for run in runs) / DAYS_A_YEAR
    return sum(run.alarms for run in runs) / years if years else 0.0


def _summary(name: str, runs: Sequence[Played]) -> str:
    suite = [run for run in runs if run.group != "power"]
    quiet = [run for run in runs if run.group == "quiet"]
    broken = sum(run.on_broken for run in runs)
    wrong: Counter[str] = Counter()
    for run in suite:
        wrong.update(run.wrong)
    told = ", ".join(f"{count} {what}" for what, count in wrong.most_common()) or "none"
    return f"| {name} | {100 * right_rate(suite):.0f} % | {unneeded_a_year(quiet):.2f} | {broken} | {told} |"


def _scenario(scenario: str, played: Sequence[Played], policies: Sequence[str]) -> list[str]:
    found = []
    for name in policies:
        runs = [run for run in played if run.scenario == scenario and run.policy == name]
        if runs:
            found.append(_line(scenario, name, runs))
    return found


def _line(scenario: str, policy: str, runs: Sequence[Played]) -> str:
    wrong: Counter[str] = Counter()
    for run in runs:
        wrong.update(run.wrong)
    delays = [run.delay for run in runs if run.delay is not None and run.right]
    alarms = [run.found for run in runs if run.found is not None]
    told = ", ".join(f"{count} {what}" for what, count in wrong.most_common())
    cells = [
        scenario,
        policy,
        str(len(runs)),
        f"{100 * sum(run.right for run in runs) / len(runs):.0f} %",
        f"{100 * sum(alarms) / len(alarms):.0f} %" if alarms else "",
        f"{median(delays):.0f}" if delays else "",
        f"{unneeded_a_year(runs):.2f}",
        told,
    ]
    return f"| {' | '.join(cells)} |"
