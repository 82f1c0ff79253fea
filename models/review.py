"""A challenger that passed the gates waits for a person, and what the person says is carried out.

The ledger has `review_wanted`, then the word (`approved`, `refused`) if one was said, then `review_ended`, which says
how. What comes between may be done twice: after a kill, `settle` goes on from the last entry. What is promoted is what
was reviewed: the run and the seal of the version are kept with `review_wanted` and compared.
"""

from datetime import datetime
from typing import Any, Literal

from models.card import title
from models.case import gather, judged
from models.decision_card import decision_card
from models.promotion import promote, recover
from models.registry import Registry
from models.registry.marks import set_tag, tags_of
from models.waiting import identity, obstacle, open_reviews, waiting, waiting_version
from models.word import TAG, WAITING, Word, drop_aliases, wipe, word_of
from trimtab.errors import RegistryError
from trimtab.ledger import Entry, Ledger
from trimtab.settings import Cost

How = Literal["approved", "refused", "superseded", "lapsed"]
ACTOR = "review"  # of what follows from the ledger alone, without anybody's word
TITLES = {
    "refused": "Refused by a person on",
    "superseded": "No longer waits for review since",
    "lapsed": "Review lapsed; it had waited since",
}


def want_review(
    registry: Registry,
    ledger: Ledger,
    name: str,
    version: str,
    champion: str | None,
    cost: Cost,
    *,
    at: datetime,
    actor: str,
    reason: str,
    evidence: dict[str, Any],
) -> Entry:
    """Have `version` wait, with its card and its tag; returns `review_wanted`, or how the review ended already.

    `evidence` is what the gates said. A version that waited before it is superseded.
    """
    key = f"review {name} {version} against {champion} at {at.isoformat()}"
    with registry.lock(name):
        wanted = ledger.find(key)
        if wanted is None:
            case = gather(registry, ledger, name, version, champion, cost, at, evidence)
            told = evidence | {"identity": identity(registry, name, version), "card": decision_card(case)}
            wipe(registry, name, version)
            about: dict[str, Any] = {"version": version, "previous": champion, "actor": actor, "reason": reason}
            wanted = ledger.append("review_wanted", at=at, model=name, evidence=told, key=key, **about)
        settle(registry, ledger, name, at=at)
        ended = ledger.find(_end_key(wanted))
        if ended is not None and registry.alias(name, "challenger") == version:
            registry.set_alias(name, "challenger", waiting_version(ledger, name))
        return ended or wanted


def settle(registry: Registry, ledger: Ledger, name: str, *, at: datetime) -> list[Entry]:
    """Carry out what people said and what a kill left undone; returns the reviews that ended by it.

    A review also ends when a newer challenger waits, or when what was reviewed can no longer be promoted.
    """
    with registry.lock(name):
        recover(registry, ledger, name, at=at)
        unended = open_reviews(ledger, name)
        ended = [_supersede(registry, ledger, wanted, unended[-1], at) for wanted in unended[:-1]]
        for newest in unended[-1:]:
            if (word := _word(registry, ledger, newest, at)) is not None:
                ended.append(_carry_out(registry, ledger, newest, word, at))
            elif why := obstacle(registry, ledger, newest):
                ended.append(_end(registry, ledger, newest, "lapsed", why, ACTOR, at))
            else:
                _show(registry, newest)
        return ended


def say(registry: Registry, ledger: Ledger, name: str, version: str, word: Word, *, at: datetime) -> Entry:
    """A person's word, carried out at once; said twice it is carried out once. Returns the end of the review.

    Raises RegistryError where the version does not wait, and where what was approved can no longer be promoted.
    """
    with registry.lock(name):
        registry.info(name, version)
        settle(registry, ledger, name, at=at)
        wanted = waiting(ledger, name)
        if wanted is None or wanted.version != version:
            return _said_before(registry, ledger, name, version, word)
        done = _carry_out(registry, ledger, wanted, _write_down(ledger, wanted, word, at), at)
        if done.evidence["how"] != word.kind:
            raise RegistryError(f"{name} {version} was not promoted, its review {done.reason}")
        return done


def lapse(registry: Registry, ledger: Ledger, name: str, version: str, why: str, *, at: datetime) -> None:
    """End the review of `version`, if it waits, because of what was found since."""
    wanted = waiting(ledger, name)
    if wanted is not None and wanted.version == version:
        _end(registry, ledger, wanted, "lapsed", why, ACTOR, at)


def _show(registry: Registry, wanted: Entry) -> None:
    """Alias, card and, when all else is there, the tag."""
    name, version = wanted.model, str(wanted.version)
    if registry.alias(name, "challenger") != version:
        registry.set_alias(name, "challenger", version)
    if TAG not in tags_of(registry, name, version):
        gates, comparison = judged(wanted.evidence)
        registry.note(name, version, wanted.evidence["card"], comparison, gates)
        set_tag(registry, name, version, TAG, WAITING)


def _word(registry: Registry, ledger: Ledger, wanted: Entry, at: datetime) -> Entry | None:
    """The person's word, as the ledger has it or else as MLflow has it now, which is then written down."""
    if (known := ledger.find(_word_key(wanted))) is not None:
        return known
    said = word_of(registry, wanted.model, str(wanted.version)) if _is_there(registry, wanted) else None
    return _write_down(ledger, wanted, said, at) if said else None


def _write_down(ledger: Ledger, wanted: Entry, word: Word, at: datetime) -> Entry:
    told: dict[str, Any] = {"version": wanted.version, "previous": wanted.previous, "evidence": {"review": wanted.id}}
    told |= {"actor": word.actor, "reason": word.reason, "key": _word_key(wanted)}
    return ledger.append(word.kind, at=at, model=wanted.model, **told)


def _carry_out(registry: Registry, ledger: Ledger, wanted: Entry, word: Entry, at: datetime) -> Entry:
    """Promote or refuse; the review ends either way."""
    if word.kind == "refused":
        return _end(registry, ledger, wanted, "refused", word.reason, word.actor, at, word.at)
    done = _promotion(ledger, wanted)
    if done is None:
        if why := obstacle(registry, ledger, wanted) or _damage(registry, wanted):
            return _end(registry, ledger, wanted, "lapsed", f"{_told(word)} too late. {why}", word.actor, at)
        done = _promote(registry, ledger, wanted, word, at)
    if done.kind == "promotion_refused":
        return _end(registry, ledger, wanted, "lapsed", f"{_told(word)} too late. {done.reason}", word.actor, at)
    return _end(registry, ledger, wanted, "approved", word.reason, word.actor, at)


def _promotion(ledger: Ledger, wanted: Entry) -> Entry | None:
    """The promotion that came of this review, where a kill came after it."""
    made = (e for kind in ("promoted", "promotion_refused") for e in ledger.entries(wanted.model, kind))
    return next((entry for entry in made if entry.evidence.get("review") == wanted.id), None)


def _promote(registry: Registry, ledger: Ledger, wanted: Entry, word: Entry, at: datetime) -> Entry:
    name, version = wanted.model, str(wanted.version)
    kept = {part: wanted.evidence[part] for part in ("gates", "comparison") if part in wanted.evidence}
    registry.note(name, version, f"{title('Approved on', word.at)}By {word.actor}: {word.reason}")
    evidence, reason = kept | {"review": wanted.id, "word": word.id}, f"{wanted.reason} {_told(word)}: {word.reason}"
    return promote(registry, ledger, name, version, at=at, actor=word.actor, reason=reason, evidence=evidence)


def _told(word: Entry) -> str:
    return f"{word.kind.capitalize()} by {word.actor}"


def _damage(registry: Registry, wanted: Entry) -> str | None:
    """In words which file is not as it was registered, or None."""
    try:
        registry.folder(wanted.model, str(wanted.version))
    except RegistryError as error:
        return str(error)
    return None


def _supersede(registry: Registry, ledger: Ledger, wanted: Entry, newer: Entry, at: datetime) -> Entry:
    """End a wait because of a newer challenger; a word that nobody had carried out is kept all the same."""
    if newer.version == wanted.version:
        return _write_end(ledger, wanted, "superseded", "It was judged anew.", ACTOR, at)
    _word(registry, ledger, wanted, at)
    reason = f"Version {newer.version} passed the gates on {newer.at:%Y-%m-%d %H:%M} and waits in its place."
    return _end(registry, ledger, wanted, "superseded", reason, ACTOR, at, newer.at)


def _end(
    registry: Registry,
    ledger: Ledger,
    wanted: Entry,
    how: How,
    reason: str,
    actor: str,
    at: datetime,
    since: datetime | None = None,
) -> Entry:
    """Say on the version's page how its wait ended, then write it down.

    The page names `since`, or else since when it waited: the same after a kill, so that it is said once.
    """
    name, version = wanted.model, str(wanted.version)
    if _is_there(registry, wanted):
        if how != "approved":
            who = f"By {actor}: " if how == "refused" else ""
            registry.note(name, version, f"{title(TITLES[how], since or wanted.at)}{who}{reason}")
        drop_aliases(registry, name, version)
        if registry.alias(name, "challenger") == version:
            registry.set_alias(name, "challenger", None)
        set_tag(registry, name, version, TAG, how)
    return _write_end(ledger, wanted, how, reason, actor, at)


def _write_end(ledger: Ledger, wanted: Entry, how: How, reason: str, actor: str, at: datetime) -> Entry:
    told: dict[str, Any] = {"version": wanted.version, "previous": wanted.previous, "actor": actor}
    told |= {"reason": f"{how}: {reason}", "evidence": {"review": wanted.id, "how": how}, "key": _end_key(wanted)}
    return ledger.append("review_ended", at=at, model=wanted.model, **told)


def _said_before(registry: Registry, ledger: Ledger, name: str, version: str, word: Word) -> Entry:
    """The end of the last review of the version where it ended by this very word and still holds."""
    ends = [entry for entry in ledger.entries(name, "review_ended") if entry.version == version]
    holds = word.kind == "refused" or registry.alias(name, "champion") == version
    if ends and ends[-1].evidence["how"] == word.kind and holds:
        return ends[-1]
    other = waiting_version(ledger, name)
    said = f"Version {other} does." if other else f"No version of {name} does."
    if ends:
        said = f"Its review ended on {ends[-1].at:%Y-%m-%d %H:%M}, {ends[-1].reason}"
    raise RegistryError(f"{name} {version} does not wait for review. {said}")


def _is_there(registry: Registry, wanted: Entry) -> bool:
    return wanted.version in {info.version for info in registry.versions(wanted.model)}


def _word_key(wanted: Entry) -> str:
    return f"word on review {wanted.id}"


def _end_key(wanted: Entry) -> str:
    return f"end of review {wanted.id}"
