"""The watch over a new champion, in the ledger: it begins with a promotion and ends with a sentence.

Both entries follow from the moves that were made, so whatever a kill left out is written by the next that looks.
"""

from datetime import datetime
from typing import Any

from models.moves import last_move, moves, went_forward
from trimtab.ledger import Entry, Ledger


def running(ledger: Ledger, name: str) -> Entry | None:
    """`watch_begun` of the watch over the champion, or None: it has ended, or nothing served before."""
    move = last_move(ledger, name)
    begun = ledger.find(_begun(move)) if move is not None else None
    return begun if begun is not None and ledger.find(_ended(begun)) is None else None


def ended_before(ledger: Ledger, name: str, as_of: datetime) -> bool:
    """Whether the watch over the champion of now had ended before `as_of`."""
    move = last_move(ledger, name)
    begun = ledger.find(_begun(move)) if move is not None else None
    end = ledger.find(_ended(begun)) if begun is not None else None
    return end is not None and end.at < as_of


def follow(ledger: Ledger, name: str) -> Entry | None:
    """End the watch over a version that was left, begin the one over a new champion; returns the one that runs."""
    made = moves(ledger, name)
    for begun in ledger.entries(name, "watch_begun", limit=1):
        after = next((move for move in made if move.id > begun.evidence["move"]), None)
        if after is not None:
            _left(ledger, begun, after)
    newest = made[-1] if made else None
    if newest is not None and newest.previous is not None and went_forward(newest):
        _begin(ledger, newest)
    return running(ledger, name)


def seen(ledger: Ledger, name: str) -> dict[str, Any] | None:
    """The watch that runs and what it had seen at the newest decision, in plain values; None where none runs."""
    begun = running(ledger, name)
    if begun is None:
        return None
    decisions = reversed(ledger.entries(name, "decision"))  # a person's word on a window is one too, of no version
    of_it = (each for each in decisions if each.version == begun.version and each.at >= begun.at)
    told = next((each.evidence for each in of_it), {})
    found = {"posts": 0, "days": 0, "spent": None} | told.get("watch", {}) | {"gap": told.get("against_previous")}
    about = {"version": begun.version, "previous": begun.previous, "since": begun.at}
    return about | found | {"sentence": _words(begun, found)}


def end(ledger: Ledger, begun: Entry, verdict: str, reason: str, *, at: datetime, actor: str, **seen: Any) -> Entry:
    """Write down what a watch came to; a second end of it is left out, and the first returned."""
    return ledger.append(
        "watch_ended",
        at=at,
        model=begun.model,
        version=begun.version,
        previous=begun.previous,
        actor=actor,
        reason=reason,
        evidence={"verdict": verdict, "since": begun.at, **seen},
        key=_ended(begun),
    )


def _begin(ledger: Ledger, move: Entry) -> Entry:
    return ledger.append(
        "watch_begun",
        at=move.at,
        model=move.model,
        version=move.version,
        previous=move.previous,
        actor=move.actor,
        reason=f"it took over from version {move.previous}, which goes on scoring the same posts",
        evidence={"move": move.id},
        key=_begun(move),
    )


def _words(begun: Entry, found: dict[str, Any]) -> str:
    watch = f"version {begun.version} against version {begun.previous} since {begun.at:%Y-%m-%d %H:%M}"
    if not found["gap"]:
        return f"{watch}, with too few labels yet"
    value, low, high = ("-" if end is None else f"{end:.3g}" for end in found["gap"])
    days = f"{found['days']} day{'' if found['days'] == 1 else 's'} of labels"
    return f"{watch}: its loss less the other's is {value} ({low} to {high}) on {found['posts']:,} posts, {days}"


def _left(ledger: Ledger, begun: Entry, after: Entry) -> None:
    """The version that was watched serves no more."""
    back = after.kind == "rolled_back" or (after.version is not None and not went_forward(after))
    verdict, what = ("taken back", "was taken back") if back else ("replaced", "was replaced")
    other = f"version {after.version} serves in its place" if after.version else "none serves in its place"
    end(ledger, begun, verdict, f"it {what}, and {other}: {after.reason}", at=after.at, actor=after.actor)


def _begun(move: Entry) -> str:
    return f"watch after move {move.id}"


def _ended(begun: Entry) -> str:
    return f"end of {begun.key}"
