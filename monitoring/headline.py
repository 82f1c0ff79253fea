"""How a model is, in the words of somebody who has never heard of drift: one state and two sentences."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from monitoring.wording import share

SMALL = 0.02  # of the usual error
State = Literal["good", "watch", "act", "none"]  # all is well, something to know, a person is needed, nothing to judge
UNDONE: dict[str, tuple[State, str]] = {  # what is said of a decision that could not be carried out
    "rollback": ("act", "got worse with its newest version, which could not be taken back"),
    "retrain": ("watch", "has fallen behind its audience, and a new version could not be made"),
    "recalibrate": ("watch", "is too sure or too unsure of itself, and a new calibrator could not be made"),
}


def headline(told: dict[str, Any], name: str, newest_data: datetime | None, window_days: float) -> dict[str, str]:
    """`told` is the model's part of the status; `newest_data` the last arrival of a post."""
    points = told["windows"]
    last = points[-1] if points else None
    state, what = _state(told, last, newest_data, timedelta(days=window_days))
    return {"state": state, "sentence": f"The {name} model {what}.", "serves": _serves(told), "errors": _errors(points)}


def _state(
    told: dict[str, Any], last: dict[str, Any] | None, newest: datetime | None, window: timedelta
) -> tuple[State, str]:
    if told["review"]:
        return (
            "act",
            f"has a new version, {told['review']['version']}, which waits for a person to approve or refuse it",
        )
    if told["champion"] is None:
        return ("act", "has been taken off") if told["by_hand"] else ("none", "does not answer yet")
    if last is None:
        return "none", "answers, and no window of posts has been judged yet"
    if newest is not None and newest - last["end"] > 2 * window:
        return "act", f"has not been checked since {day(last['end'])}, though posts came in"
    if last["version"] != told["champion"] or "rolled_back" in told["since_decided"]:
        return _since_moved(told)
    return _judged(last, told["since_decided"], told["undone"])


def _since_moved(told: dict[str, Any]) -> tuple[State, str]:
    if told["left"]:
        return "watch", f"is back at version {told['champion']}, since version {told['left']} was taken back"
    return "good", "has a new version, which is judged with the next window"


def _judged(last: dict[str, Any], since: Sequence[str], undone: str | None) -> tuple[State, str]:
    """`since` are the kinds of entries that came after the judgement, `undone` is why it could not be carried out."""
    said: dict[str, tuple[State, str]] = {
        "rollback": ("act", "got worse with its newest version, which is to be taken back"),
        "quarantine": ("act", "was given data that look broken; it learns nothing from them and answers as before"),
        "retrain": ("watch", "has fallen behind its audience, and a new version is being made"),
        "recalibrate": ("watch", "is too sure or too unsure of itself, and that is being put right"),
    }
    if last["action"] in ("retrain", "recalibrate") and {"promotion_refused", "refused"} & {*since}:
        return "watch", "was to be made anew, and what was made is no better: it was refused, and nothing changes"
    if undone and last["action"] in UNDONE:
        state, what = UNDONE[last["action"]]
        return state, f"{what}: {undone}"
    if last["action"] in said:
        return said[last["action"]]
    if last["calls"]:
        return "watch", "makes larger errors than usual; whether a new version would help is being measured"
    if last["raised"]:
        grown = (last["rise"] or 0.0) > SMALL
        errors = "; whether its errors have grown is not sure yet" if grown else ", but its errors have not grown"
        return "good", f"is fine. Its audience has changed{errors}"
    if last["loss"] is None:
        return "watch", "answers; too few outcomes are known to say how well"
    return "good", "is fine"


def _serves(told: dict[str, Any]) -> str:
    if told["champion"] is None:
        return "No version answers."
    since = f" since {day(told['since'])}" if told["since"] else ""
    return f"Version {told['champion']} answers{since}{' or earlier' if told['by_hand'] else ''}."


def _errors(points: Sequence[dict[str, Any]]) -> str:
    """The newest loss beside the usual one."""
    last = points[-1] if points else None
    if last is None:
        return ""
    if last["rise"] is None:
        guess = last["estimate"]
        return f"Its error is estimated at {guess:.3g}; outcomes are still to come." if guess is not None else ""
    if abs(last["rise"]) < 0.005:
        return "In the newest window its error was as usual."
    turn = "larger" if last["rise"] > 0 else "smaller"
    chance = ", which can be chance" if last["rise"] > SMALL and not last["calls"] and last["action"] == "none" else ""
    return f"In the newest window its error was {share(abs(last['rise']))} {turn} than usual{chance}."


def day(moment: datetime) -> str:
    """'4 March 2024'."""
    return f"{moment.day} {moment:%B %Y}"
