"""The decision card: what a reviewer reads before a challenger may serve. Markdown, on the page of the version.

MLflow keeps no more than 5,000 characters, and how to approve stands last: a card that is too long is told shorter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from models.blocked import window_of
from models.card import LIMIT_CHARS, by_slice, table, title
from models.case import Case
from models.evaluate import MIN_ROWS
from models.gates import GatesReport
from models.scores import Comparison, SliceDelta
from models.word import BY, REASON, TAG
from trimtab.entry import Entry

ROOM_CHARS = LIMIT_CHARS - 500  # what MLflow shows is longer: the address of the picture, gaps in tables, what follows
THIN = 100  # rows of a slice below which a word is said
WEEK = timedelta(days=7)
MOST = 10  # times what raises an alarm, up to which evidence is counted out
FIRST = ("booster_of_version", "trained_rows", "trained_from", "trained_to", "features", "feature_service", "target")
SAME = ("as_of", "rows")  # what differs in any two runs and is told elsewhere


@dataclass(frozen=True)
class Detail:
    """How much is told: characters of a sentence, of a gate's words, of a name; rows; names in a row; risks."""

    sentence: int
    gate: int
    name: int
    rows: int
    named: int
    risks: int


DETAILS = (
    Detail(800, 120, 44, 9, 4, 12),
    Detail(500, 80, 32, 7, 3, 9),
    Detail(250, 50, 20, 5, 2, 7),
    Detail(120, 24, 12, 2, 1, 4),
)


def decision_card(case: Case) -> str:
    """What changed, why now, what is gained where, gates, drift, cost, risks, and how to say yes or no."""
    told = (_card(case, detail) for detail in DETAILS)
    return next((card for card in told if len(card) <= ROOM_CHARS), _card(case, DETAILS[-1]))


def _card(case: Case, detail: Detail) -> str:
    parts = {
        "What changed": _changes(case, detail),
        "Why now": _why(case, detail),
        "Slice by slice": _slices(case.comparison, detail),
        "Gates": _gates(case.gates, detail),
        "Drift": _drift(case.decision, detail),
        "Cost": _cost(case),
        "Risks": _risks(case, detail),
        "Your word": _how(case),
    }
    told = [f"### {heading}\n\n{text}" for heading, text in parts.items() if text]
    return title("Waits for review since", case.at) + "\n\n".join([_argument(case), *told])


def _argument(case: Case) -> str:
    serves = f"version {case.champion} serves" if case.champion else "nothing serves"
    first = f"No version of {case.model} served before: there is nothing to compare with."
    return f"**{case.comparison or first}** It passed every gate and waits for your word; until then {serves}."


def _changes(case: Case, detail: Detail) -> str:
    """What the parameters of both runs differ in; data versions only grow, and are left to the run."""
    names = [name for name in (*FIRST, *case.params, *case.before) if name in case.params or name in case.before]
    differ = [
        name
        for name in dict.fromkeys(names)
        if case.params.get(name) != case.before.get(name) and not name.startswith("data.") and name not in SAME
    ]
    if not case.before:
        told = (f"{name} {_short(case.params[name], detail)}" for name in differ[: detail.rows])
        return f"The first version: {', '.join(told)}."
    if not differ:
        return "Nothing but the data: every parameter is that of the champion."
    rows = [
        [f"`{_short(name, detail)}`", *(_short(side.get(name, "-"), detail) for side in (case.before, case.params))]
        for name in differ
    ]
    more = len(rows) - detail.rows
    rest = f"\n\n{more} more parameters differ: compare both runs." if more > 0 else ""
    header = ["parameter", f"version {case.champion}", f"version {case.version}"]
    return table(header, rows[: detail.rows]) + rest


def _why(case: Case, detail: Detail) -> str:
    """The sentence of the decision that asked for the version, or the reason that a person gave."""
    if case.decision is None:
        return _clipped(f"Asked for without a decision of the monitor: {case.reason}", detail.sentence)
    return _clipped(case.decision.reason, detail.sentence)


def _slices(found: Comparison | None, detail: Detail) -> str:
    if found is None:
        return ""
    picture = f"![Difference slice by slice](comparison_{found.champion}_{found.challenger}.png)"
    return f"{_clipped(by_slice(found), detail.sentence)}\n\n{picture}"


def _gates(report: GatesReport, detail: Detail) -> str:
    rows = [
        [gate.name, _clipped(gate.value, detail.gate), _clipped(gate.wanted, detail.gate), gate.verdict]
        for gate in report.gates
    ]
    return table(["gate", "found", "wanted", "verdict"], rows) if rows else ""


def _drift(decision: Entry | None, detail: Detail) -> str:
    """The streams with the most evidence."""
    alarm = (decision.evidence.get("alarm") if decision else None) or {}
    if not alarm:
        return ""
    since = f" The world moved about {alarm['changed_at'][:10]}." if alarm.get("changed_at") else ""
    raised = "An alarm was raised." if alarm.get("raised") else "No alarm was raised."
    top = list(alarm.get("streams", {}).items())[: min(detail.rows, 5)]
    rows = [[_short(name, detail), f"{spent:.2g}" if spent <= MOST else f"over {MOST}"] for name, spent in top]
    shown = f"\n\n{table(['stream', 'evidence (1 raises an alarm)'], rows)}" if rows else ""
    return f"{raised}{since}{shown}"


def _cost(case: Case) -> str:
    """What making the version cost, and what its gain is worth while it must pay."""
    made = f"Making it cost {case.price:,.2f}."
    if case.comparison is None:
        return made
    delta, cost = case.comparison.delta, case.cost
    a_day = _posts_a_day(case.decision)
    posts = a_day * cost.payback_days if a_day else 1_000.0
    worth = [-end * posts * cost.error_cost for end in (delta.value, delta.high, delta.low)]
    net = f": {worth[0] - case.price:+,.2f} with its cost taken off" if a_day else ""
    span = (
        f"in {cost.payback_days:g} days of {a_day:,.0f} posts each" if a_day else "for every 1,000 posts that it scores"
    )
    return (
        f"{made} The gain is worth {worth[0]:,.2f} ({worth[1]:,.2f} to {worth[2]:,.2f}) {span}{net}. "
        f"One unit of loss on one post costs {cost.error_cost:g}."
    )


def _posts_a_day(decision: Entry | None) -> float | None:
    """Posts that were scored a day in the window of the decision."""
    window = window_of(decision) if decision else None
    if decision is None or window is None or not decision.evidence.get("rows"):
        return None
    return float(decision.evidence["rows"] / ((window.end - window.start) / timedelta(days=1)))


def _risks(case: Case, detail: Detail) -> str:
    """What speaks against it, and what could not be judged."""
    gates = case.gates.gates
    found = [*_of_comparison(case.comparison, detail)] if case.comparison else []
    found += [f"Gate {gate.name}: {gate.sentence}" for gate in gates if not (gate.passed and gate.judged)]
    unjudged = case.decision.evidence.get("unjudged", []) if case.decision else []
    found += [f"Not judged by the monitor: {words}" for words in unjudged]
    more = len(found) - detail.risks
    found = [_clipped(risk, detail.sentence) for risk in found[: detail.risks]] or [
        "None was found in what could be judged."
    ]
    return "\n".join(f"- {risk}" for risk in [*found, *([f"{more} more."] if more > 0 else [])])


def _of_comparison(found: Comparison, detail: Detail) -> Iterable[str]:
    worse = sorted((part for part in found.slices if part.delta.value > 0), key=lambda part: -part.delta.value)
    sure, unsure = [p for p in worse if p.delta.low > 0], [p for p in worse if p.delta.low <= 0]
    if sure:
        yield f"Worse, beyond chance, on {_named(sure, detail)}."
    if unsure:
        yield f"Worse, though it can be chance, on {_named(unsure, detail)}."
    thin = sorted((part for part in found.slices if part.rows < THIN), key=lambda part: part.rows)
    if thin:
        few = ", ".join(f"{part.slicing} {_short(part.slice, detail)} ({part.rows})" for part in thin[: detail.named])
        yield f"Judged on few posts: {few}{_more(thin, detail)}."
    if found.left_out:
        yield f"Not judged: {found.left_out} slice{_s(found.left_out)} with fewer than {MIN_ROWS} posts."
    if found.end - found.start < WEEK - timedelta(days=1):
        days = (found.end - found.start) / timedelta(days=1)
        yield f"The posts that it was judged on span {days:.1f} days: not every day of the week is among them."


def _named(parts: list[SliceDelta], detail: Detail) -> str:
    shown = (f"{part.slicing} {_short(part.slice, detail)} {part.delta.value:+.3f}" for part in parts[: detail.named])
    return f"{len(parts)} slice{_s(len(parts))}: {', '.join(shown)}{_more(parts, detail)}"


def _more(parts: list[SliceDelta], detail: Detail) -> str:
    return f" and {len(parts) - detail.named} more" if len(parts) > detail.named else ""


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _how(case: Case) -> str:
    name = f"{case.model} {case.version}"
    return (
        "**Approve:** add `approved` to the *Aliases* at the top of this page (the pencil), or set the tag "
        f"`{TAG}` to `approved`: `trimtab release` carries it out when it next runs. "
        f'At once: `trimtab approve {name} --reason "..."`.\n\n'
        f'**Refuse:** the same with `refused`, or `trimtab refuse {name} --reason "..."`.\n\n'
        f"Who and why is kept too if the tags `{BY}` and `{REASON}` say it first."
    )


def _clipped(text: str, limit: int) -> str:
    """Cut between words, with dots where something is missing."""
    return text if len(text) <= limit else text[: limit - 4].rsplit(" ", 1)[0] + " ..."


def _short(text: str, detail: Detail) -> str:
    return text if len(text) <= detail.name else text[: detail.name - 3] + "..."
