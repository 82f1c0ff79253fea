"""How well a column's values suit a meaning: 0 (cannot be) to 1, with what keeps it from 1 in words."""

from collections.abc import Callable

from trimtab.conversion import NO, YES
from trimtab.proposing import sentiment
from trimtab.proposing.names import is_platform, named
from trimtab.proposing.profile import Profile, Sight

Fit = tuple[float, str]
NEVER: Fit = (0.0, "")
LONG_ID, LONG_NAME, LONG_TOPIC, SHORT_TEXT = 200, 80, 80, 25  # characters
MANY_REPEATS, MOST_REPEATS = 0.05, 0.5  # share of rows whose id an earlier row has
MOST_PLATFORMS, MOST_LABELS, MOST_LABELLERS = 20, 12, 100
DEVICES = frozenset(("ios", "android", "web", "iphone", "ipad", "windows", "mac", "desktop", "mobile"))


def fit(meaning: str, column: Profile, sight: Sight) -> Fit:
    """Of the values alone; what the column is called is judged elsewhere."""
    if column.kind in ("empty", "nested"):
        return NEVER
    return FITS[meaning](column, sight)


def repeats(column: Profile, sight: Sight) -> float:
    """Share of rows whose value an earlier row has: of the whole file where it was counted, else of the sample."""
    if column.name in sight.repeated:
        return sight.repeated[column.name] / max(sight.rows, 1)
    return 1 - column.unique


def _id(column: Profile, sight: Sight) -> Fit:
    if column.damaged > 0.01:
        return 0.4, "a spreadsheet has rounded its values (1.23E+17), which cannot be undone: export it as text"
    broken = column.numeric > 0.9 and column.numeric > column.whole and column.chars < 15  # 0.37 is a measurement
    if column.kind == "flag" or column.spaced > 0.05 or column.chars > LONG_ID or broken or column.filled < 0.5:
        return NEVER
    if column.clock is not None and column.kind == "text":
        return NEVER
    repeated = repeats(column, sight)
    if repeated > MANY_REPEATS:
        usable = repeated <= MOST_REPEATS or _measured_again(sight)
        return (0.5 if usable else 0.2), f"{repeated:.0%} of its values occur again"
    if column.urls > 0.5:
        return 0.6, "its values are addresses, which may change"
    if column.filled < 0.99:
        return 0.7, f"{1 - column.filled:.0%} of the rows have none"
    if _counts_rows(column, sight) and not named(column.name, "id"):
        return 0.8, "it counts the rows, so it is an id only as long as no row is put in or taken out before others"
    return 1.0, ""


def _measured_again(sight: Sight) -> bool:
    """Whether a row may be one measurement of a post among several."""
    return any(each.clock is not None and named(each.name, "measured") >= 0.5 for each in sight.profiles.values())


def _counts_rows(column: Profile, sight: Sight) -> bool:
    return column.whole == 1 and column.low in (0, 1) and 0.9 * sight.rows <= column.high <= sight.rows


def _published(column: Profile, sight: Sight) -> Fit:
    clock = column.clock
    if clock is None or (column.distinct < 2 and sight.rows > 1):
        return NEVER
    return clock.share * column.filled, "" if clock.share > 0.99 else f"{1 - clock.share:.0%} of its values are no time"


def _later(column: Profile, sight: Sight) -> Fit:
    return (column.clock.share, "") if column.clock is not None else NEVER


def _author(column: Profile, sight: Sight) -> Fit:
    wordy = column.spaced > 0.5 and column.chars > 30
    if column.kind == "flag" or column.chars > LONG_NAME or wordy or column.clock is not None or column.filled < 0.2:
        return NEVER
    return (1.0, "") if column.distinct > 1 else (0.5, "all rows have the same")


def _platform(column: Profile, sight: Sight) -> Fit:
    if column.kind != "text" or column.distinct > MOST_PLATFORMS or column.chars > 30 or column.filled < 0.9:
        return NEVER
    if any(value.casefold() in DEVICES for value in column.common):
        return NEVER
    return (1.0, "") if _platforms(column) > 0.5 else (0.3, "its values are no platforms that are known here")


def _platforms(column: Profile) -> float:
    known = sum(count for value, count in column.common.items() if is_platform(value))
    return known / max(sum(column.common.values()), 1)


def _topic(column: Profile, sight: Sight) -> Fit:
    if column.kind == "flag" or column.chars > LONG_TOPIC or column.urls > 0.1 or column.numeric > column.whole:
        return NEVER
    if column.clock is not None or column.filled < 0.05 or column.unique > 0.6 or _platforms(column) > 0.5:
        return NEVER
    if column.numeric > 0.9:
        return 0.7, "its values are numbers"
    return (1.0, "") if column.unique < 0.3 else (0.6, f"it has {column.distinct:,} different values in the sample")


def _text(column: Profile, sight: Sight) -> Fit:
    if column.kind != "text" or column.urls > 0.5 or column.clock is not None or column.unique < 0.25:
        return NEVER
    if column.spaced < 0.2 or column.filled < 0.02:
        return NEVER
    size = min(1.0, 0.5 + column.chars / (2 * SHORT_TEXT))
    score = size * min(1.0, 0.4 + column.spaced) * min(1.0, 0.5 + column.unique)
    return score, "its values hold HTML tags, which count as text" if column.tagged > 0.2 else ""


def _domain(column: Profile, sight: Sight) -> Fit:
    return (column.domains, "") if column.domains > 0.6 and column.unique < 1 else NEVER


def _length(column: Profile, sight: Sight) -> Fit:
    return (1.0, "") if column.whole > 0.99 and column.negative == 0 else NEVER


def _flag(column: Profile, sight: Sight) -> Fit:
    other = sum(count for value, count in column.common.items() if value.lower() not in YES | NO)
    if column.kind != "flag":
        return NEVER
    return (0.9, "some of its values are neither yes nor no; such rows are held") if other else (1.0, "")


def _count(column: Profile, sight: Sight) -> Fit:
    if column.shortened > 0.02 and column.shortened + column.whole > 0.9:
        return (
            0.6,
            f"{column.shortened:.0%} of its values are written like 1.2K or 1,234; only plain whole numbers are read",
        )
    if column.whole < 0.9 or column.damaged > 0:
        return NEVER
    if column.unique > 0.98 and column.low > 1e5 and column.distinct > 20:
        return 0.2, "its values look like numbers of things rather than how many"
    if column.negative > 0:
        return 0.7, f"{column.negative:.1%} of its values are negative; such rows are held"
    return (1.0, "") if column.skewed or column.distinct < 20 else (0.85, "")


def _label(column: Profile, sight: Sight) -> Fit:
    if column.distinct > MOST_LABELS or column.spaced > 0.5:
        return NEVER
    found = sentiment.meaning(column.common)
    return (found.share * (1 if found.certain else 0.8), found.why) if found is not None else NEVER


def _labeller(column: Profile, sight: Sight) -> Fit:
    return (1.0, "") if column.distinct <= MOST_LABELLERS and column.chars < LONG_NAME else NEVER


FITS: dict[str, Callable[[Profile, Sight], Fit]] = {
    "id": _id, "published": _published, "measured": _later, "known": _later, "labelled": _later, "author": _author,
    "platform": _platform, "topic": _topic, "title": _text, "text": _text, "link_domain": _domain,
    "body_chars": _length,
    **dict.fromkeys(("has_image", "has_video", "has_link", "no_image", "no_video", "no_link"), _flag),
    **dict.fromkeys(("likes", "shares", "comments", "views"), _count), "label": _label, "labeller": _labeller,
}  # fmt: skip
