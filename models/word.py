"""A person's word on a version that waits, as MLflow has it: a tag or an alias. MLflow keeps neither who nor when."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from models.registry import Registry
from models.registry.marks import set_tag, tags_of
from trimtab.errors import hint

TAG = "trimtab.review"
BY, REASON = f"{TAG}.by", f"{TAG}.reason"
WAITING = "waiting"
KINDS: dict[str, Literal["approved", "refused"]] = {
    "refused": "refused",
    "refuse": "refused",
    "approved": "approved",
    "approve": "approved",
}


@dataclass(frozen=True)
class Word:
    """Yes or no, who said it as far as is known, and why."""

    kind: Literal["approved", "refused"]
    actor: str
    reason: str


def word_of(registry: Registry, name: str, version: str) -> Word | None:
    """What tag and aliases of the version say; where both are said, it is a refusal."""
    tags = tags_of(registry, name, version)
    ways = {"tag": _plain(tags.get(TAG, ""))}
    ways |= {f"alias {kind}": kind for kind in ("approved", "refused") if registry.alias(name, kind) == version}
    said = {KINDS[word]: way for way, word in ways.items() if word in KINDS}
    if not said:
        return None
    kind: Literal["approved", "refused"] = "refused" if "refused" in said else "approved"
    way = f"{said[kind].split()[0]} in MLflow"
    who = tags.get(BY, "").strip()
    return Word(kind, f"{who} ({way})" if who else way, tags.get(REASON, "").strip() or "no reason was given")


def unclear(tags: Mapping[str, str]) -> str | None:
    """In words, that the tag says what means nothing; None where it is clear."""
    said = _plain(tags.get(TAG, WAITING))
    if said in (WAITING, *KINDS):
        return None
    return f"its tag {TAG} says '{tags[TAG]}', which means nothing.{hint(said, ('approved', 'refused'))}"


def wipe(registry: Registry, name: str, version: str) -> None:
    """Take off what was said of the version before it waits, so that an old word does not count for a new review."""
    for tag in (TAG, BY, REASON):
        set_tag(registry, name, version, tag, None)
    drop_aliases(registry, name, version)


def drop_aliases(registry: Registry, name: str, version: str) -> None:
    for alias in ("approved", "refused"):
        if registry.alias(name, alias) == version:
            registry.set_alias(name, alias, None)


def _plain(word: str) -> str:
    return word.strip().strip("'\"`.").casefold()
