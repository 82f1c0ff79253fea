"""Picks that the other columns speak against, or for."""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
from pandas import Series

from trimtab.conversion import strings
from trimtab.proposing.choose import Pick
from trimtab.proposing.profile import Sight, moments

IN_ORDER = 0.95  # of the rows: a later time that comes before publication this often is not what it is called
LATE = pd.Timedelta(days=30)  # after publication: what is known that late was loaded in one go
ALIKE = 0.5  # of the rows: two texts of which one holds the other are one text twice


def settle(sight: Sight, picks: dict[str, Pick]) -> tuple[dict[str, Pick], dict[str, str]]:
    """The picks that stand, with title folded into text, and for each column dropped the reason."""
    dropped: dict[str, str] = {}
    kept = _in_order(sight, _texts(sight, dict(picks), dropped), dropped)
    kept = _lengths(sight, kept, dropped)
    return kept, dropped


def _texts(sight: Sight, picks: dict[str, Pick], dropped: dict[str, str]) -> dict[str, Pick]:
    """Of two columns with the same text the longer; a title alone is the text."""
    if "title" in picks and "text" not in picks:
        picks["text"] = replace(picks.pop("title"), meaning="text")
    elif "title" in picks:
        title, body = (strings(sight.frame[picks[name].column]) for name in ("title", "text"))
        if _same(title, body):
            longer = "text" if _chars(body) >= _chars(title) else "title"
            shorter = picks["title" if longer == "text" else "text"]
            dropped[shorter.column] = f"the same text as `{picks[longer].column}`"
            picks["text"] = replace(picks[longer], meaning="text")
            del picks["title"]
    return picks


def _same(one: Series, two: Series) -> bool:
    both = pd.DataFrame({"one": one, "two": two}).dropna()
    held = [a in b or b in a for a, b in zip(both["one"], both["two"], strict=True)]
    return len(held) >= ALIKE * len(one) and sum(held) >= ALIKE * max(len(held), 1)


def _chars(text: Series) -> float:
    return float(text.dropna().str.len().mean()) if text.notna().any() else 0.0


def _in_order(sight: Sight, picks: dict[str, Pick], dropped: dict[str, str]) -> dict[str, Pick]:
    """Nothing is measured, labelled or learned before it was published."""
    start = picks.get("published")
    published = moments(sight, start.column) if start is not None else None
    for meaning in ("measured", "known", "labelled"):
        pick = picks.get(meaning)
        if pick is None or published is None or pick.sure == "given":
            continue
        both = pd.DataFrame({"first": published, "then": moments(sight, pick.column)}).dropna()
        if len(both) and float((both["then"] >= both["first"]).mean()) < IN_ORDER:
            dropped[pick.column] = "times before publication in many rows"
            del picks[meaning]
        elif meaning == "known" and len(both) and (both["then"] - both["first"]).median() > LATE:
            dropped[pick.column] = "times of a late load: if nothing was known before, no past could be learned from"
            del picks[meaning]
    return picks


def _lengths(sight: Sight, picks: dict[str, Pick], dropped: dict[str, str]) -> dict[str, Pick]:
    """The length of the text itself says nothing new."""
    pick = picks.get("body_chars")
    if pick is None or pick.sure == "given":
        return picks
    stated = pd.to_numeric(sight.frame[pick.column], errors="coerce")
    for name in ("text", "title"):
        if name in picks and _measures(stated, strings(sight.frame[picks[name].column])):
            dropped[pick.column] = f"the length of `{picks[name].column}`, which is counted anyway"
            picks.pop("body_chars", None)
    return picks


def _measures(stated: Series, text: Series) -> bool:
    return bool((stated == text.fillna("").astype(str).str.len()).mean() > IN_ORDER)


def delays(sight: Sight, picks: Mapping[str, Pick], meaning: str) -> Series:
    """Hours from publication to the time of `meaning`, without the rows that lack one of them."""
    first, then = (moments(sight, picks[name].column) for name in ("published", meaning))
    if first is None or then is None:
        return pd.Series(dtype=float)
    return ((then - first) / pd.Timedelta(hours=1)).dropna()
