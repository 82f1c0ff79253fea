"""What the values of a label column mean: words of several languages, and the usual numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.posts import SENTIMENTS
from trimtab.proposing.names import words
from trimtab.proposing.words import SENTIMENTS as SPOKEN

# Which numbers are which sentiment, by the set that a column uses.
SCALES: tuple[tuple[frozenset[str], dict[str, str], str], ...] = (
    (frozenset({"-1", "0", "1"}), {"-1": "negative", "0": "neutral", "1": "positive"}, "-1, 0 and 1"),
    (frozenset({"0", "2", "4"}), {"0": "negative", "2": "neutral", "4": "positive"}, "0, 2 and 4, as in Sentiment140"),
    (frozenset({"0", "1", "2"}), {"0": "negative", "1": "neutral", "2": "positive"}, "0, 1 and 2"),
    (
        frozenset({"1", "2", "3", "4", "5"}),
        {"1": "negative", "2": "negative", "3": "neutral", "4": "positive", "5": "positive"},
        "1 to 5",
    ),
)
LEAST_SHARE = 0.5  # of the filled values must be a sentiment


@dataclass(frozen=True)
class Meaning:
    """`map` from values to sentiments, empty where they are ours already; `share` of filled values that are one."""

    map: Mapping[str, str]
    share: float
    why: str = ""
    certain: bool = True


def meaning(counted: Mapping[str, int]) -> Meaning | None:
    """Of a column's different values and how often each occurs; None if they are no sentiments."""
    total = sum(counted.values())
    if not total:
        return None
    spoken = {value: found for value in counted if (found := _spoken(value))}
    if len(set(spoken.values())) > 1 and sum(counted[value] for value in spoken) >= LEAST_SHARE * total:
        share = sum(counted[value] for value in spoken) / total
        differ = any(value not in SENTIMENTS for value in spoken)
        return Meaning(dict(sorted(spoken.items())) if differ else {}, share)
    return _numbered(counted, total)


def _spoken(value: str) -> str | None:
    if value in SENTIMENTS:
        return value
    asked = words(value)
    return next((name for name, known in SPOKEN.items() if asked in [words(each) for each in known]), None)


def _numbered(counted: Mapping[str, int], total: int) -> Meaning | None:
    found = {value: _plain(value) for value in counted if _plain(value) is not None}
    used = frozenset(str(number) for number in found.values())
    if len(used) < 2 or sum(counted[value] for value in found) < LEAST_SHARE * total:
        return None
    if used == {"0", "1"}:
        return Meaning(
            {value: "positive" if number else "negative" for value, number in sorted(found.items())},
            sum(counted[value] for value in found) / total,
            "0 is taken as negative and 1 as positive",
            False,
        )
    for scale, means, told in SCALES:
        if used <= scale:
            share = sum(counted[value] for value in found) / total
            certain = "-1" in used or used in ({"0", "4"}, {"0", "2", "4"})
            mapped = {value: means[str(number)] for value, number in sorted(found.items())}
            return Meaning(mapped, share, f"the numbers are taken for the scale {told}", certain)
    return None


def _plain(value: str) -> int | None:
    """`4`, `4.0` and `+4` are 4."""
    try:
        number = float(value)
    except ValueError:
        return None
    return int(number) if number.is_integer() and abs(number) <= 5 else None
