"""What of the ledger is said to people, and how much it matters.

Pure: entries in, alerts out, the same ones for the same entries, so that their keys tell what was told already. A
trouble is known by its subject and by the entry that it began with, not by each entry that says it again.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

from models.moves import went_forward
from models.waiting import outcome
from monitoring.status_series import judged
from monitoring.troubles import Alert, Severity, Story
from trimtab.addresses import Addresses
from trimtab.entry import Entry, is_move

FAILURES = 3  # in a row, from which a flow that fails is critical
USUAL_REFUSALS = 3  # `cost.breaker_refusals`
BROKE = "It broke with "  # how the reason of an `acted` begins whose run failed too
BY_ITSELF = " flow"  # how the actor of what nobody asked for ends


def alerts(
    entries: Iterable[Entry],
    addresses: Addresses,
    home: Path,
    *,
    breaker_refusals: int = USUAL_REFUSALS,
) -> list[Alert]:
    """Every alert that the entries (from old to new) gave rise to, in the order in which they did."""
    story = Story(addresses, home, breaker_refusals)
    for entry in entries:
        if (tell := TELLS.get(entry.kind)) is not None:
            tell(story, entry)
    return list(story.said.values())


def _decision(story: Story, entry: Entry) -> None:
    """The window's data first, then what is done about the model; a look of the watch judges no window."""
    model, action = entry.model, entry.evidence.get("action")
    if entry.evidence.get("looked_at") != "watch":
        end = str(entry.evidence.get("window_end") or "")
        if end < story.windows.get(model, ""):
            return  # an earlier window says nothing of how things are
        story.windows[model] = end
        if action == "quarantine":
            story.begin(f"quarantine/{model}", entry, "warning", entry.reason)
        else:
            story.end(f"quarantine/{model}", entry, _sound(entry))
    if not judged(entry):
        return  # a person let a window be learned from: what was decided on the model stands
    story.counts.pop(f"broke/{model}", None)
    if action in ("retrain", "recalibrate"):
        story.begin(f"decided/{model}", entry, "info", entry.reason)
        return
    story.drop(f"decided/{model}")
    if action == "rollback":
        story.begin(f"rollback/{model}", entry, "critical", entry.reason)
    elif action == "none" and _by_itself(entry):
        serves, window = f"{model} {entry.version}", _window(entry)
        story.end(f"rollback/{model}", entry, f"{serves} is steady since the rollback: nothing is to be done {window}.")
        story.end(f"not_acted/{model}", entry, f"{serves} is fine again: nothing is to be done {window}.")


def _sound(entry: Entry) -> str:
    if not _by_itself(entry):
        return f"{entry.model}: {entry.actor} let it learn {_window(entry)} again: {entry.reason}"
    return f"{entry.model}: the data {_window(entry)} look sound again and are learned from."


def _window(entry: Entry) -> str:
    start, end = (str(entry.evidence.get(name) or "")[:10] for name in ("window_start", "window_end"))
    return f"from {start} to {end}" if start else f"up to {end}" if end else "of the newest window"


def _promoted(story: Story, entry: Entry) -> None:
    sentence = f"{entry.model} {entry.version} serves{_instead(entry)}, promoted by {entry.actor}: {entry.reason}"
    decided = story.drop(f"decided/{entry.model}")
    if "review" not in entry.evidence:  # else the end of the review says so
        story.say(entry, "promoted", "info", sentence, instead_of=decided)
    _moved_on(story, entry)


def _moved_on(story: Story, entry: Entry) -> None:
    """What a version that serves anew puts an end to."""
    model, serves = entry.model, f"{entry.model} {entry.version} serves{_instead(entry)}"
    if went_forward(entry):
        story.counts.pop(f"refused/{model}", None)
        story.end(f"breaker/{model}", entry, f"{serves}, so new versions of {model} are trained by themselves again.")
        story.end(f"rollback/{model}", entry, f"{serves}; the rollback before it is past.")
    if is_move(entry) and entry.version is not None:
        story.end(f"unserved/{model}", entry, f"{serves}: {model} is served again.")


def _rolled_back(story: Story, entry: Entry) -> None:
    sentence = (
        f"{entry.model} {entry.previous or 'none'} was taken back by {entry.actor} and version {entry.version} serves "
        f"again: {entry.reason}"
    )
    severity: Severity = "critical" if _by_itself(entry) else "warning"
    story.worsen(f"rollback/{entry.model}", entry, "rolled_back", severity, sentence)
    _moved_on(story, entry)


def _not_rolled_back(story: Story, entry: Entry) -> None:
    sentence = f"A rollback of {entry.model} was not carried out: {entry.reason}"
    story.worsen(f"rollback/{entry.model}", entry, "rollback_refused", "critical", sentence)


def _not_promoted(story: Story, entry: Entry) -> None:
    model = entry.model
    decided = story.drop(f"decided/{model}")
    said = f"{model} {entry.version} was not promoted, {_keeps(entry)}: {entry.reason}"
    if "intention" in entry.evidence:  # a move that was given up is no refusal
        story.say(entry, "refused", "info", said, instead_of=decided)
        return
    _count_refusal(story, entry, said, decided)


def _refused(story: Story, entry: Entry) -> None:
    """By a person: the end of the review tells it, and it counts."""
    _count_refusal(story, entry, None, ())


def _count_refusal(story: Story, entry: Entry, said: str | None, decided: tuple[str, ...]) -> None:
    model = entry.model
    many = story.counts[f"refused/{model}"] = story.counts.get(f"refused/{model}", 0) + 1
    if many >= story.breaker_refusals and f"breaker/{model}" not in story.open:
        stopped = f"{model}: {many} challengers in a row were refused, so no other is trained by itself for a while; "
        story.begin(f"breaker/{model}", entry, "warning", f"{stopped}{_keeps(entry)}. The last: {entry.reason}")
    elif said is not None:
        story.say(entry, "refused", "info", said, instead_of=decided)


def _review_wanted(story: Story, entry: Entry) -> None:
    waits = f"{entry.model} {entry.version} passed the gates and waits for a person; {_keeps(entry)} until one says "
    story.drop(f"decided/{entry.model}")
    story.begin(f"review/{entry.id}", entry, "warning", f"{waits}yes or no: {entry.reason}")


def _review_ended(story: Story, entry: Entry) -> None:
    story.end(f"review/{entry.evidence.get('review')}", entry, outcome(entry))


def _moved_by_hand(story: Story, entry: Entry) -> None:
    model, alias = entry.model, entry.evidence.get("alias", "champion")
    if not is_move(entry):
        story.say(entry, "moved", "info", f"{model}: {entry.actor} moved {alias} to {entry.version}: {entry.reason}")
    elif entry.version is None:
        story.begin(f"unserved/{model}", entry, "critical", f"No version of {model} serves: {entry.reason}")
    else:
        sentence = f"{model} {entry.version} serves{_instead(entry)}, moved by {entry.actor}: {entry.reason}"
        story.say(entry, "moved", "warning", sentence)
        _moved_on(story, entry)


def _watch_ended(story: Story, entry: Entry) -> None:
    if entry.evidence.get("verdict") not in ("taken back", "replaced"):  # which the move itself says
        story.say(entry, "watch_ended", "info", f"{entry.model} {entry.version}: {entry.reason}")


def _run_failed(story: Story, entry: Entry) -> None:
    if entry.evidence.get("flow") == "act" and story.counts.pop(f"broke/{entry.model}", 0):
        return  # what broke it was told as what became of the decision
    name, subject = _flow(entry), f"run_failed/{_flow(entry)}"
    many = story.counts[subject] = story.counts.get(subject, 0) + 1
    story.begin(subject, entry, "warning", f"{name} failed: {entry.reason}", passing=True)
    if many == FAILURES:
        sentence = f"{name} failed {many} times in a row and goes on failing: {entry.reason}"
        story.worsen(subject, entry, "run_failing", "critical", sentence, passing=True)


def _run_recovered(story: Story, entry: Entry) -> None:
    subject = f"run_failed/{_flow(entry)}"
    story.counts.pop(subject, None)
    story.end(subject, entry, entry.reason)


def _acted(story: Story, entry: Entry) -> None:
    if entry.evidence.get("done") == "not":
        action = entry.evidence.get("action", "decision")
        story.counts[f"broke/{entry.model}"] = int(entry.reason.startswith(BROKE))
        story.begin(
            f"not_acted/{entry.model}", entry, "warning", f"{entry.model}: no {action} was made. {entry.reason}"
        )
    else:
        story.end(f"not_acted/{entry.model}", entry, entry.reason)


def _flow(entry: Entry) -> str:
    """'ingest of reddit'."""
    flow, subject = entry.evidence.get("flow", entry.actor), entry.evidence.get("subject")
    return f"{flow} of {subject}" if subject and subject != "-" else str(flow)


def _by_itself(entry: Entry) -> bool:
    return entry.actor.endswith(BY_ITSELF)


def _instead(entry: Entry) -> str:
    return f" in place of {entry.previous}" if entry.previous else ""


def _keeps(entry: Entry) -> str:
    return f"version {entry.previous} keeps serving" if entry.previous else "nothing serves yet"


TELLS: dict[str, Callable[[Story, Entry], None]] = {
    "decision": _decision,
    "promoted": _promoted,
    "rolled_back": _rolled_back,
    "rollback_refused": _not_rolled_back,
    "promotion_refused": _not_promoted,
    "refused": _refused,
    "review_wanted": _review_wanted,
    "review_ended": _review_ended,
    "moved_by_hand": _moved_by_hand,
    "watch_ended": _watch_ended,
    "run_failed": _run_failed,
    "run_recovered": _run_recovered,
    "acted": _acted,
}
