"""Every check, one after the other, each with a time limit: a check that hangs or fails is itself a finding."""

import threading
from collections.abc import Callable, Iterator, Sequence

from infra.doctor import health, installation, machine, schedules, stores
from infra.doctor.finding import Case, Finding, warning, wrong

Check = Callable[[Case], Iterator[Finding]]
CHECKS: tuple[Check, ...] = (
    installation.python,
    installation.packages,
    installation.lock,
    installation.settings,
    machine.disk,
    machine.open_ports,
    machine.clock,
    stores.lake,
    stores.ledger,
    stores.registry,
    stores.online,
    stores.prefect,
    health.models,
    schedules.schedules,
    schedules.alerts,
)
LIMIT_SECONDS = 60  # of one check; the first that needs MLflow imports it


def examine(case: Case, checks: Sequence[Check] = CHECKS, seconds: float = LIMIT_SECONDS) -> Iterator[Finding]:
    """Findings as they are made, in the order of the checks. Nothing is written, and no check takes longer."""
    for check in checks:
        yield from _within(check, case, seconds)


def fit(findings: Sequence[Finding]) -> bool:
    """Whether nothing is wrong; warnings do not count."""
    return not any(finding.level == "wrong" for finding in findings)


def _within(check: Check, case: Case, seconds: float) -> Sequence[Finding]:
    found: list[Finding] = []
    name = check.__name__.replace("open_", "")

    def work() -> None:
        try:
            found.extend(check(case))
        except Exception as error:  # noqa: BLE001 - a home can be broken in ways that nobody thought of
            first = (str(error).splitlines() or [""])[0]
            found.append(wrong(name, f"The check failed: {type(error).__name__}: {first}", "Look at what it names."))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        do = "Is another process holding a lock there, or the disk away?"
        return [*found, warning(name, f"No answer within {seconds:.0f} s.", do)]
    return found
