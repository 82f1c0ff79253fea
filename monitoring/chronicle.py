"""What happened, readable afterwards: data, alert, decision, new version, gates, promotion, watch, rollback.

Entries of one model and day are one chapter, told in the order in which they happened; the newest chapter comes first.
Windows in which nothing was to be done are counted, not told.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitoring.quarantine import Held
from trimtab.entry import is_move
from trimtab.ledger import Entry

CHAPTERS = 40  # newest
LEFT_OUT = (
    "promotion_intended",
    "rollback_intended",
    "retrain_finished",
    "watch_begun",
    "acknowledged",
    "review_ended",
)
Link = dict[str, str]
Links = Callable[[Entry], list[Link]]
STATES = {  # of what is not simply told
    "promoted": "good", "run_recovered": "good", "rolled_back": "act", "run_failed": "act", "alerted": "watch",
    "promotion_refused": "watch", "refused": "watch", "rollback_refused": "act", "moved_by_hand": "watch",
    "review_wanted": "watch",
}  # fmt: skip
DECIDED = {
    "none": "Something moved; nothing is done about it",
    "quarantine": "The data look broken; nothing is learned from them",
    "recalibrate": "The calibrator is to be made anew",
    "retrain": "A new version is to be made",
    "rollback": "Version {version} is to be taken back",
}


@dataclass(frozen=True)
class Step:
    """One thing that happened. `sentence` is for everybody, `why` for the expert."""

    at: datetime
    model: str
    step: str
    sentence: str
    why: str = ""
    actor: str = ""
    state: str = "info"
    version: str | None = None
    links: tuple[Link, ...] = ()
    id: int | None = None  # of the ledger
    quiet: bool = False  # a window in which nothing was to be done

    def plain(self) -> dict[str, Any]:
        shown = ("at", "step", "sentence", "why", "actor", "state", "version", "id")
        return {name: getattr(self, name) for name in shown} | {"links": list(self.links)}


@dataclass
class Chapter:
    """Steps of one model and day, or windows in a row in which nothing was to be done."""

    model: str
    steps: list[Step] = field(default_factory=list)

    @property
    def quiet(self) -> bool:
        return all(step.quiet for step in self.steps)

    def plain(self) -> dict[str, Any]:
        told = [step for step in self.steps if not step.quiet]
        first, last = self.steps[0].at, self.steps[-1].at
        about = {"model": self.model, "first": first, "last": last, "quiet": len(self.steps) - len(told)}
        return about | {"steps": [step.plain() for step in told]}


def chapters(
    entries: Iterable[Entry], held: Iterable[Held], links: Links, limit: int = CHAPTERS
) -> list[dict[str, Any]]:
    """The newest `limit` chapters in plain values, newest first; `held` are batches and rows that the door refused."""
    steps = [*refused_data(held), *(_step(entry, links) for entry in entries if entry.kind not in LEFT_OUT)]
    by_model: dict[str, list[Step]] = {}
    for step in sorted(steps, key=lambda each: (each.at, each.id or 0)):
        by_model.setdefault(step.model, []).append(step)
    found = [chapter for each in by_model.values() for chapter in _chapters(each)]
    newest = sorted(found, key=lambda chapter: (chapter.steps[-1].at, chapter.model), reverse=True)
    return [chapter.plain() for chapter in newest[:limit]]


def refused_data(held: Iterable[Held]) -> list[Step]:
    """One step a batch."""
    batches: dict[str, list[Held]] = {}
    for each in held:
        batches.setdefault(each.batch_id, []).append(each)
    return [_held(parts) for parts in batches.values()]


def _held(parts: Sequence[Held]) -> Step:
    first = parts[0]
    whole = any(part.scope == "batch" for part in parts)
    rows = f"{len(parts):,} row{'' if len(parts) == 1 else 's'}"
    what = "A whole batch" if whole else rows
    sentence = f"{what} of {first.source} {'was' if whole or len(parts) == 1 else 'were'} held back at the door"
    return Step(first.at, "-", "Data", sentence, first.reason, "ingest flow", "watch")


def _chapters(steps: Sequence[Step]) -> list[Chapter]:
    found: list[Chapter] = []
    for step in steps:
        last = found[-1] if found else None
        same_day = last is not None and last.steps[-1].at.date() == step.at.date()
        if last is not None and (same_day or (step.quiet and last.quiet)):
            last.steps.append(step)
        else:
            found.append(Chapter(step.model, [step]))
    return found


def _step(entry: Entry, links: Links) -> Step:
    name, sentence = _said(entry)
    quiet = entry.kind == "decision" and entry.version is not None and _calm(entry)
    state = "act" if _broken(entry) else STATES.get(entry.kind, "info")
    return Step(
        at=entry.at,
        model=entry.model,
        step=name,
        sentence=sentence,
        why=why(entry),
        actor=entry.actor,
        state=state,
        version=entry.version,
        links=tuple(links(entry)),
        id=entry.id,
        quiet=quiet,
    )


def why(entry: Entry) -> str:
    """As it was written down, without what the plain words say already."""
    return "; ".join(entry.evidence.get("reasons", ())) if entry.kind == "decision" else entry.reason


def _calm(entry: Entry) -> bool:
    alarm = entry.evidence.get("alarm") or {}
    return entry.evidence.get("action") == "none" and not alarm.get("raised")


def _broken(entry: Entry) -> bool:
    return entry.kind == "decision" and entry.evidence.get("action") in ("quarantine", "rollback")


def _said(entry: Entry) -> tuple[str, str]:
    """(name of the step, what happened in plain words)."""
    version, other, told = f"Version {entry.version}", f"version {entry.previous}", entry.evidence
    if entry.kind == "decision":
        return "Decision", decided(entry)
    if is_move(entry):
        return _moved(entry)
    passed = entry.reason.startswith("Gates passed")
    plain = {
        "trained": ("New version", f"{version} was made"),
        "gates_judged": ("Gates", f"{version} {'passed every check' if passed else 'failed a check'}"),
        "promotion_refused": ("Refused", f"{version} was not promoted; {other if entry.previous else 'nothing'} stays"),
        "rollback_refused": ("Not rolled back", f"{version} was not put back"),
        "retrain_started": ("Retrain", "A new version was started"),
        "review_wanted": ("Review", f"{version} waits for a person"),
        "approved": ("Review", f"{version} was approved"),
        "refused": ("Review", f"{version} was refused"),
        "watch_ended": ("Watch", f"The watch over {version.lower()} ended: {_verdict(told)}"),
        "acted": ("Not carried out" if told.get("done") == "not" else "Carried out", _first(entry.reason)),
        "run_failed": ("Run failed", f"A run of {told.get('flow', 'a flow')} failed"),
        "run_recovered": ("Run works again", f"{str(told.get('flow', 'The flow')).capitalize()} works again"),
        "alerted": ("Alert", _first(entry.reason)),
        "reproduced": ("Made again", f"{version} was made again from its records"),
    }
    return plain.get(
        entry.kind, (entry.what.capitalize(), f"{version if entry.version else entry.model}: {entry.what}")
    )


def decided(entry: Entry) -> str:
    """The decision in plain words."""
    if entry.version is None:
        return "A person gave a quarantined window back"
    if _calm(entry):
        return "Nothing was to be done"
    action = str(entry.evidence.get("action"))
    return DECIDED.get(action, action).format(version=entry.version)


def _moved(entry: Entry) -> tuple[str, str]:
    version, other = f"ersion {entry.version}", f"ersion {entry.previous}"
    if entry.kind == "rolled_back":
        return "Rollback", f"V{other} was taken back; v{version} answers again"
    if entry.version is None:
        return "By hand", f"V{other} was taken off; nothing answers"
    how = " by hand" if entry.kind == "moved_by_hand" else ""
    return "By hand" if how else "Promotion", f"V{version} answers now{how}" + (
        f" in place of v{other}" if entry.previous else ""
    )


def _verdict(told: dict[str, Any]) -> str:
    verdict = str(told.get("verdict", "undecided"))
    return verdict if verdict in ("taken back", "replaced", "undecided") else f"it is {verdict}"


def _first(reason: str) -> str:
    return reason.strip().rstrip(".")
