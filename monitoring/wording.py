"""Figures and names as a person on call reads them, and as the ledger keeps them."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import islice
from typing import Any

from monitoring.evidence import Evidence

NAMED = 3  # names in a sentence; more are counted


def share(value: float) -> str:
    """0.1234 -> '12 %', 0.0123 -> '1.2 %'."""
    percent = 100 * value
    return f"{percent:.1f} %" if 0 < abs(percent) < 9.95 else f"{percent:,.0f} %"


def span(length: timedelta) -> str:
    """In days from two days on, in hours below."""
    hours = length / timedelta(hours=1)
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} h"


def names(words: Iterable[str]) -> str:
    """'a', 'a and b', 'a, b, c and 4 more'."""
    rest = iter(dict.fromkeys(words))
    head = list(islice(rest, NAMED))
    more = sum(1 for _ in rest)
    if more:
        return f"{', '.join(head)} and {more} more"
    return " and ".join([", ".join(head[:-1]), head[-1]]) if len(head) > 1 else "".join(head)


def evidence_of(evidence: Evidence) -> dict[str, Any]:
    """What a decision rests on, in plain values of four digits, ready for JSON."""
    judged = [m for m in evidence.of("drift") if m.judged]
    gap = evidence.against_previous
    rises = {m.name: _short(m.value) for m in evidence.of("performance") if m.judged}
    facts: dict[str, Any] = {
        "model": evidence.model,
        "version": evidence.version,
        "previous": evidence.previous,
        "window": str(evidence.window),
        "as_of": evidence.as_of.isoformat(timespec="seconds"),
        "rows": evidence.rows,
        "features": len(judged),
        "moved": {m.name: _short(m.value) for m in judged if m.alarm},
        "prediction_moved": any(m.alarm for m in evidence.of("prediction")),
        "quality": {f"{m.name} {m.slice}": _short(m.value) for m in evidence.of("quality") if m.alarm},
        "performance": rises,
        "quarantined_batches": sorted(evidence.quarantined_batches),
        "against_previous": None if gap is None else [_short(gap.value), _short(gap.low), _short(gap.high)],
    }
    return {name: value for name, value in facts.items() if value not in (None, {}, [])}


def _short(value: float) -> float:
    return float(f"{value:.4g}")
