"""What becomes of runs that nobody looks at: a failure and its end, as entries of the ledger.

Dated by the clock, which is read here: Prefect calls a hook, and a run that never began has no moment of its own.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect._internal.control_listener import get_intent

from monitoring.failing import failures
from trimtab import addresses, settings, source
from trimtab.errors import TrimtabError
from trimtab.ledger import Entry, Ledger

NOBODY = "-"  # the model of an entry about none
PREFIX = re.compile(r"^(Flow run encountered an exception: |Task run encountered an exception: )?(\w+(\.\w+)*: )?")
KILLED = re.compile(r"^Process exited with status code: (-?\d+)")


def on_failure(flow: Any, flow_run: Any, state: Any) -> None:
    """Prefect's hook for runs that failed or crashed. Of runs by hand the person who started them was told.

    A run that is being cancelled may stumble in the middle of an import, which is no failure.
    """
    if flow_run.deployment_id is not None and get_intent() is None:
        note_failure(flow.name, flow_run.id, flow_run.parameters, in_words(state))


def on_success(flow: Any, flow_run: Any, state: Any) -> None:
    """Prefect's hook for runs that ended well: the same flow of the same subject works again.

    Whoever ran it, a person or another flow: what works once is not failing.
    """
    note_success(flow.name, flow_run.id, flow_run.parameters)


def note_failure(flow: str, run_id: Any, parameters: dict[str, Any], why: str) -> Entry:
    """`run_failed`, once a run."""
    known = settings.load(_home(parameters))
    return Ledger(known.ledger_path).append(
        "run_failed",
        at=datetime.now(UTC),
        model=parameters.get("model") or NOBODY,
        actor=f"{flow} flow",
        reason=why,
        evidence=_about(flow, run_id, parameters, known),
        key=f"run_failed/{run_id}",
    )


def note_success(flow: str, run_id: Any, parameters: dict[str, Any]) -> Entry | None:
    """`run_recovered` where the run before, of the same flow and subject, had failed."""
    known = settings.load(_home(parameters))
    ledger, about = Ledger(known.ledger_path), _about(flow, run_id, parameters, known)
    failed = still_failing(ledger, flow, about["subject"])
    return _over(ledger, failed, "works again", about) if failed else None


def note_withdrawn(home: Path, flow: str, subject: str) -> Entry | None:
    """`run_recovered` where what is no longer in the settings of `home` was failing: nobody will run it again."""
    ledger = Ledger(settings.load(home).ledger_path)
    failed = still_failing(ledger, flow, subject)
    about = {"flow": flow, "subject": subject}
    return _over(ledger, failed, "was taken out of the settings", about) if failed else None


def _over(ledger: Ledger, failed: Entry, how: str, about: dict[str, Any]) -> Entry:
    return ledger.append(
        "run_recovered",
        at=datetime.now(UTC),
        model=failed.model,
        actor=failed.actor,
        reason=f"{about['flow']} of {about['subject']} {how}; it had failed since {failed.at:%Y-%m-%d %H:%M}",
        evidence=about,
        key=f"run_recovered/{failed.id}",
    )


def still_failing(ledger: Ledger, flow: str, subject: str) -> Entry | None:
    """The first failure since the flow last worked on the subject; None where it works."""
    told = [*ledger.entries(kind="run_failed"), *ledger.entries(kind="run_recovered")]
    found = failures(sorted(told, key=lambda entry: entry.id)).get((flow, subject))
    return found[0] if found else None


def subject_of(parameters: dict[str, Any]) -> str:
    """What a run is about: its model, or the name of its source, or everything."""
    if parameters.get("model"):
        return str(parameters["model"])
    if not parameters.get("source"):
        return "all"
    try:
        return source.load(Path(parameters["source"])).name
    except TrimtabError:  # which is why the run failed
        return Path(parameters["source"]).stem


def in_words(state: Any) -> str:
    """Why a run failed, as the one sentence of its error."""
    message = (state.message or state.name or "it failed").strip()
    if found := KILLED.match(message):
        code = int(found[1])
        how = f"was killed (signal {-code})" if code < 0 else f"ended with code {code} before it could say why"
        return f"The process of the run {how}; what was done is kept, and the next run goes on from there."
    first = next(iter(PREFIX.sub("", message).strip().splitlines()), "") or message
    if state.name == "TimedOut":
        return f"{message.rstrip('.')}. What was done so far is kept; the next run goes on from there."
    return first


def _home(parameters: dict[str, Any]) -> Path | None:
    return Path(parameters["home"]) if parameters.get("home") else None


def _about(flow: str, run_id: Any, parameters: dict[str, Any], known: settings.Settings) -> dict[str, Any]:
    ui = addresses.read(known.home, known.links).prefect
    url = f"{ui}/runs/flow-run/{run_id}" if ui else None
    return {"run": url, "run_id": str(run_id), "flow": flow, "subject": subject_of(parameters)}
