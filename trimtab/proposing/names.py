"""How well a column's name says what the column means."""

import re
import unicodedata
from functools import cache

from trimtab.proposing.words import (
    ATTRIBUTES,
    FILLERS,
    HABITS,
    HOSTS,
    NAMES,
    OBJECTS,
    OTHERS,
    OWNERS,
    PERSONAL,
    PLATFORMS,
)

EXACT, WITHOUT_FILLERS, AMBIGUOUS, CONTAINED = 1.0, 0.9, 0.6, 0.5
ORDER_STEP = 0.002  # what a place further down the list of names costs
OF_THE_AUTHOR = frozenset(("author", "topic"))  # meanings that a column of the author may have


@cache
def words(name: str) -> tuple[str, ...]:
    """`authorDisplayName`, `author_display_name` and `Author display name` alike: lower case, no accents, singular."""
    spaced = re.sub(r"(?<=[a-zа-я\d])(?=[A-ZА-Я])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    plain = "".join(c for c in unicodedata.normalize("NFKD", spaced) if not unicodedata.combining(c))
    return tuple(_singular(word) for word in re.findall(r"[^\W_]+", plain.casefold()))


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@cache
def _known(kind: str) -> frozenset[str]:
    listed = {
        "fillers": FILLERS, "objects": OBJECTS, "owners": OWNERS, "others": OTHERS, "personal": PERSONAL,
        "attributes": ATTRIBUTES,
    }[kind]  # fmt: skip
    return frozenset(word for each in listed for word in words(each))


@cache
def named(name: str, meaning: str) -> float:
    """0 (says nothing, or something else) to 1 (says exactly that)."""
    asked = words(name)
    if not asked or _of_another(asked, meaning):
        return 0.0
    bare = tuple(word for word in asked if word not in _known("fillers"))
    barer = tuple(word for word in bare if word not in _known("objects"))
    best = 0.0
    for place, phrase in enumerate(NAMES[meaning]):
        wanted = words(phrase)
        if wanted == asked:
            found = EXACT
        elif wanted in (bare, barer) and not _is_id_of(asked, meaning):
            found = WITHOUT_FILLERS
        elif _runs_in(wanted, asked) and not _is_id_of(asked, meaning) and _names_a_person(asked, meaning):
            found = CONTAINED
        else:
            continue
        best = max(best, (min(found, AMBIGUOUS) if phrase.startswith("?") else found) - ORDER_STEP * place)
    return best


def _of_another(asked: tuple[str, ...], meaning: str) -> bool:
    if asked in [words(phrase) for phrase in NAMES[meaning]]:
        return False
    if meaning not in OF_THE_AUTHOR and set(asked) & _known("owners"):
        return True
    if meaning == "author" and set(asked) & _known("attributes"):
        return True
    others = _known("others") - {"reply"} if meaning == "comments" else _known("others")
    return bool(set(asked) & others)


def _is_id_of(asked: tuple[str, ...], meaning: str) -> bool:
    """`link_id` is no link and `comment_url` no comment, whatever words they share."""
    apart = {"id", "url", "uri", "html", "lang", "language"} - set(words(meaning))
    return meaning not in ("id", "author") and bool(set(asked) & apart)


def _names_a_person(asked: tuple[str, ...], meaning: str) -> bool:
    """Of all that is told about an author, only his name or id is the author."""
    return meaning != "author" or bool(set(asked) & {"name", "id", "handle", "username", "key", "hash"})


def _runs_in(wanted: tuple[str, ...], asked: tuple[str, ...]) -> bool:
    size = len(wanted)
    return size < len(asked) and any(asked[start : start + size] == wanted for start in range(len(asked) - size + 1))


def personal(name: str) -> bool:
    """Whether the name alone says that a person might be told from the values."""
    return bool(set(words(name)) & (_known("personal") | _known("owners")))


def of_the_author(name: str) -> bool:
    """Whether the name says that the column is about the one who posts."""
    return bool(set(words(name)) & _known("owners"))


def platform_named(text: str) -> str | None:
    """The platform that is named somewhere in a text such as a file name, or None."""
    asked = words(text)
    for phrase, platform in sorted(PLATFORMS.items(), key=lambda each: (-len(each[0]), each[0])):
        wanted = words(phrase)
        if wanted == asked or (phrase != "x" and _runs_in(wanted, asked)):
            return platform
    return None


def is_platform(value: str) -> bool:
    """Whether a cell holds the name or the host of a platform and nothing else: `Twitter for iPhone` is an app."""
    bare = value.strip().casefold().removeprefix("www.")
    return bare in HOSTS or words(value) in [words(phrase) for phrase in PLATFORMS]


def platform_of_columns(names: tuple[str, ...]) -> tuple[str, str] | None:
    """(platform, the column that gives it away) if the columns are those of one platform's exports only."""
    asked = {words(name): name for name in sorted(names)}
    found = {
        platform: [asked[words(habit)] for habit in habits if words(habit) in asked]
        for platform, habits in HABITS.items()
    }
    best = sorted((-len(columns), platform) for platform, columns in found.items() if columns)
    if not best or (len(best) > 1 and best[0][0] == best[1][0]):
        return None
    return best[0][1], found[best[0][1]][0]
