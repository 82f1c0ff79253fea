"""Platform and topic: columns where there are such, else constants with the reason for them."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from trimtab.conversion import strings
from trimtab.proposing.choose import Pick
from trimtab.proposing.names import named, personal, platform_named, platform_of_columns
from trimtab.proposing.profile import Sight
from trimtab.proposing.proposal import About, Asked, Choice
from trimtab.proposing.words import HOSTS

UNKNOWN = "unknown"
MOST_SUGGESTED = 60  # different values of a column that may be a topic though nothing says so
OF_ONE_HOST = 0.9


def platform_choice(sight: Sight, about: About, asked: Asked, picks: Mapping[str, Pick]) -> Choice:
    """As told; else a column, the habits of the columns, the name of the file, or the host of the posts' addresses."""
    key = "post.platform"
    if asked.platform:
        return Choice(key, {"constant": asked.platform}, "given")
    if "platform" in picks:
        pick = picks["platform"]
        return Choice(key, pick.column, pick.sure, pick.why, pick.rivals)
    by_columns, by_name, by_host = platform_of_columns(sight.columns), platform_named(about.name), _by_host(sight)
    if by_columns is not None:
        return Choice(key, {"constant": by_columns[0]}, "likely", f"its exports have a column like `{by_columns[1]}`")
    if by_name is not None:
        return Choice(key, {"constant": by_name}, "likely", "the name of the file says so")
    if by_host is not None:
        return Choice(key, {"constant": by_host[0]}, "likely", f"the addresses in `{by_host[1]}` say so")
    why = (
        "nothing says where these posts are from, and the platform becomes part of every id; name it with "
        "--platform NAME before the first ingest"
    )
    return Choice(key, {"constant": UNKNOWN}, "open", why)


def _by_host(sight: Sight) -> tuple[str, str] | None:
    """(platform, column) where nearly all addresses of a column are of one platform."""
    for name in sorted(sight.columns):
        column = sight.profiles[name]
        if column.urls < OF_ONE_HOST:
            continue
        hosts = strings(sight.frame[name]).dropna().map(_host)
        known = hosts.map(HOSTS).dropna().value_counts()
        if len(known) and known.iloc[0] >= OF_ONE_HOST * len(hosts):
            return str(known.index[0]), name
    return None


def _host(address: str) -> str:
    try:
        host = (urlsplit(address.strip()).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
    return next((known for known in HOSTS if host == known or host.endswith("." + known)), host)


def topic_choice(sight: Sight, about: About, picks: Mapping[str, Pick], platform: Choice) -> Choice:
    key = "post.topic"
    if "topic" in picks:
        pick = picks["topic"]
        return Choice(key, pick.column, pick.sure, pick.why, pick.rivals)
    constant = platform.value["constant"] if isinstance(platform.value, dict) else about.name
    others = _suggested(sight, picks)
    why = "no column is called like a subject, so all posts share one"
    if others:
        why += f"; {', '.join(f'`{name}` has {sight.profiles[name].distinct:,} different values' for name in others)}"
    return Choice(key, {"constant": constant}, "likely", why, others)


def _suggested(sight: Sight, picks: Mapping[str, Pick]) -> tuple[str, ...]:
    used = {pick.column for pick in picks.values()}
    found = []
    for name, column in sorted(sight.profiles.items()):
        few = 2 <= column.distinct <= MOST_SUGGESTED and column.unique < 0.3
        worded = column.kind == "text" and column.clock is None and column.urls == 0 and column.chars < 60
        if few and worded and name not in used and not personal(name) and not named(name, "label"):
            found.append(name)
    return tuple(found[:3])
