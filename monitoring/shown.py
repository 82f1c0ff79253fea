"""What a flow run shows of its work, as Markdown and as rows of a table: a decision, a window, a comparison."""

import math
from collections.abc import Iterable, Sequence

from models.card import by_slice, comparison_rows, gates_table, table
from models.case import judged
from monitoring.measures import ALL, Measure
from monitoring.pointers import Link
from monitoring.wording import share
from trimtab.entry import Entry

SHOWN = 12  # measures beside a decision; the table has all of them
SLICES = 12
COLUMNS = ("measure", "of", "evidence", "alarm", "value", "usual", "held against", "rows")
MOST = 10.0  # limits of the alarm: beyond, the size of the evidence tells no more
ACTIONS = {"none": "nothing is done", "rollback": "roll back"}


def decision(entry: Entry, measures: Iterable[Measure], outlook: str, links: Iterable[Link]) -> str:
    """What was decided and why, what would change it, what was measured, and where to look further."""
    told = entry.evidence
    measured = rows(measures)[:SHOWN]
    parts = {
        f"{entry.model} version {entry.version}: {ACTIONS.get(told['action'], told['action'])}": entry.reason,
        "Why": "\n".join(f"- {reason}" for reason in told.get("reasons", ())),
        "What would change it": outlook,
        "What was measured, most evidence first": table(COLUMNS, [row.values() for row in measured])
        if measured
        else "",
        "Where to look": listed(links),
    }
    return "\n\n".join(f"## {heading}\n\n{text}" for heading, text in parts.items() if text)


def challenger(entry: Entry, links: Iterable[Link]) -> str:
    """Challenger against champion, slice by slice, and every gate; `entry` is what became of it."""
    gates, found = judged(entry.evidence)
    what = {"promoted": "serves", "promotion_refused": "was not promoted"}.get(entry.kind, entry.what)
    parts = {f"{entry.model} {entry.version} {what}": entry.reason}
    if found is not None:
        header, *compared = comparison_rows(found)
        largest = sorted(compared[1:], key=lambda row: -row[1])[:SLICES]
        parts["Against the champion, lower is better"] = f"{by_slice(found)}\n\n{table(header, compared[:1] + largest)}"
    parts |= {"Gates": gates_table(gates).strip(), "Where to look": listed(links)}
    return "\n\n".join(f"## {heading}\n\n{text}" for heading, text in parts.items() if text)


def rows(measures: Iterable[Measure]) -> list[dict[str, str]]:
    """A row a measure that was judged, what has gathered most evidence first; every cell as text."""
    return [_row(measure) for measure in sorted((m for m in measures if m.judged), key=_order)]


def listed(links: Iterable[Link]) -> str:
    return "\n".join(f"- [{link.name}]({link.url})" for link in links)


def _order(measure: Measure) -> tuple[bool, float, bool, str]:
    spent = measure.spent if math.isfinite(measure.spent) else -1.0
    return not measure.alarm, -spent, measure.slice != ALL, measure.name


def _row(measure: Measure) -> dict[str, str]:
    cells: Sequence[str] = (
        f"{measure.kind} {measure.name}",
        measure.slice,
        _evidence(measure.spent),
        "yes" if measure.alarm else "",
        _figure(measure.value),
        _figure(measure.usual),
        _figure(measure.threshold),
        f"{measure.rows:,}",
    )
    return dict(zip(COLUMNS, cells, strict=True))


def _evidence(spent: float) -> str:
    """As a share of what raises the alarm."""
    if not math.isfinite(spent):
        return ""
    return f"over {share(MOST)}" if spent > MOST else share(spent)


def _figure(value: float) -> str:
    return f"{value:,.4g}" if math.isfinite(value) else ""
