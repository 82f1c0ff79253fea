"""Which version waits for review, and whether it still may be promoted: read from the ledger and the registry."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.moves import why_barred
from models.registry import Registry
from models.registry.marks import tags_of
from models.word import Word, unclear, word_of
from trimtab.ledger import Entry, Ledger


@dataclass(frozen=True)
class Standing:
    """A version that waits, since when, and what there is to say of it. Prints as one sentence."""

    model: str
    version: str
    since: datetime
    against: str | None  # the champion that it was compared with
    said: Word | None  # in MLflow, not carried out yet
    trouble: str | None

    @property
    def line(self) -> str:
        return f"{self.model} waits for review: {self}."

    def plain(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        said = self.said.kind if self.said else None
        about = {"version": self.version, "since": self.since, "against": self.against}
        return about | {"said": said, "trouble": self.trouble, "sentence": str(self)}

    def __str__(self) -> str:
        waits = f"version {self.version} since {self.since:%Y-%m-%d %H:%M}"
        if self.trouble:
            return f"{waits}, but {self.trouble[0].lower()}{self.trouble[1:].rstrip('.')}"
        if self.said:
            return f"{waits}; {self.said.kind} by {self.said.actor}, which `trimtab release` carries out"
        words = f'{self.model} {self.version} --reason "..."'
        return f"{waits}; on its page in MLflow, or: trimtab approve {words} (or refuse)"


def standing(registry: Registry, ledger: Ledger, name: str) -> Standing | None:
    """How the version that waits stands, if one does."""
    wanted = waiting(ledger, name)
    if wanted is None:
        return None
    version, why = str(wanted.version), obstacle(registry, ledger, wanted)
    there = version in {info.version for info in registry.versions(name)}
    return Standing(
        model=name,
        version=version,
        since=wanted.at,
        against=wanted.previous,
        said=word_of(registry, name, version) if there else None,
        trouble=why or unclear(tags_of(registry, name, version)),
    )


def outcome(ended: Entry) -> str:
    """How a review ended, as a sentence; `ended` is its `review_ended`."""
    name, how = f"{ended.model} {ended.version}", ended.evidence["how"]
    why = ended.reason.removeprefix(f"{how}: ")
    if how == "approved":
        return f"{name} was approved by {ended.actor} and serves: {why}"
    if how == "refused":
        return f"{name} was refused by {ended.actor}; the champion stays: {why}"
    return f"{name} no longer waits for review, {ended.reason}"


def waiting(ledger: Ledger, name: str) -> Entry | None:
    """The `review_wanted` of the version that waits, if one does."""
    return next(iter(open_reviews(ledger, name)[-1:]), None)


def waiting_version(ledger: Ledger, name: str) -> str | None:
    wanted = waiting(ledger, name)
    return wanted.version if wanted else None


def open_reviews(ledger: Ledger, name: str) -> list[Entry]:
    """Reviews without an end, from old to new: one, or more where a kill came between."""
    ended = {entry.evidence["review"] for entry in ledger.entries(name, "review_ended")}
    return [entry for entry in ledger.entries(name, "review_wanted") if entry.id not in ended]


def obstacle(registry: Registry, ledger: Ledger, wanted: Entry) -> str | None:
    """In words why what was reviewed can no longer be promoted, or None."""
    name, version = wanted.model, str(wanted.version)
    champion = registry.alias(name, "champion")
    if version not in {info.version for info in registry.versions(name)}:
        return f"Version {version} was deleted while it waited."
    if why := why_barred(ledger, name, version):
        return why
    if champion == version:
        return f"Version {version} was made champion while it waited, without this review."
    if champion != wanted.previous:
        before = f"version {wanted.previous}" if wanted.previous else "no champion"
        now = f"version {champion} serves" if champion else "nothing serves"
        return f"It was reviewed against {before}, and {now} now: it must be judged anew (`trimtab retrain {name}`)."
    if identity(registry, name, version) != wanted.evidence["identity"]:
        return f"Version {version} is not the one that was reviewed: its run or the seal of its files has changed."
    return None


def identity(registry: Registry, name: str, version: str) -> dict[str, str | None]:
    """What a version is known by: its run, and the seal over all of its files."""
    info = registry.info(name, version)
    return {"run_id": info.run_id, "seal": info.seal}
