"""When to retrain: a policy turns the evidence of a window into a decision."""

from collections.abc import Callable
from datetime import timedelta

from monitoring.decide import Decision, decide
from monitoring.evidence import Evidence
from monitoring.wording import span
from trimtab.errors import SettingsError, hint
from trimtab.settings import Monitoring
from trimtab.windows import duration

Policy = Callable[[Evidence, Monitoring], Decision]
KNOWN = ("never", "calendar", "drift")


def policy(name: str) -> Policy:
    """`never`, `calendar` (every window), `calendar:28d` (at most that often) or `drift` (monitoring.decide)."""
    kind, _, every = name.partition(":")
    if kind == "never" and not every:
        return lambda evidence, settings: Decision("none", ("The policy is never to retrain.",))
    if kind == "drift" and not every:
        return decide
    if kind == "calendar":
        return _calendar(duration(every) if every else timedelta(0))
    raise SettingsError(
        f"No policy is called '{name}'.{hint(kind, KNOWN)} Known: never, calendar, calendar:28d, drift."
    )


def needs_evidence(name: str) -> bool:
    """Whether the policy looks at drift and performance at all; the others need not pay for it."""
    return name.partition(":")[0] == "drift"


def _calendar(every: timedelta) -> Policy:
    def due(evidence: Evidence, settings: Monitoring) -> Decision:
        last = evidence.last_retrain_at
        if last is None or evidence.as_of - last >= every:
            return Decision(
                "retrain", (f"The calendar asks for a retrain every {span(every) if every else 'window'}.",)
            )
        return Decision("none", (f"The last training of {last:%Y-%m-%d} is younger than {span(every)}.",))

    return due
