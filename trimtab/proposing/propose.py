"""From what was seen of a file to a whole proposal."""

from collections.abc import Mapping
from dataclasses import replace

from trimtab.errors import SourceError, hint
from trimtab.posts import COUNTS, MEDIA
from trimtab.proposing import sentiment
from trimtab.proposing.choose import Pick, assign
from trimtab.proposing.constants import platform_choice, topic_choice
from trimtab.proposing.fits import FITS, MANY_REPEATS, repeats
from trimtab.proposing.left import left_over
from trimtab.proposing.moments import after, due_choice, time_choice
from trimtab.proposing.names import named
from trimtab.proposing.profile import Sight
from trimtab.proposing.proposal import About, Asked, Choice, Proposal
from trimtab.proposing.settle import settle

MEANINGS = tuple(name for name in FITS if name != "title")
ESSENTIAL = {
    "id": "tells one post from another",
    "published": "holds the times of publication",
    "text": "holds the text",
}
TIMES = ("published", "known", "measured", "labelled")
LABELLED_HOURS = 24.0


def propose(sight: Sight, about: About, asked: Asked) -> Proposal:
    """Raises SourceError with one sentence where no source could be made: no id, time or text, or an unknown word."""
    _check(sight, asked)
    given = dict(asked.columns) | ({"title": ()} if "text" in asked.columns else {})
    picks, dropped = settle(sight, assign(sight, given))
    for meaning, what in ESSENTIAL.items():
        if meaning not in picks:
            raise SourceError(_lacking(sight, meaning, what))
    choices = [
        *_post(sight, about, asked, picks),
        *_engagement(sight, about, asked, picks),
        *_labels(sight, about, asked, picks),
    ]
    used = {column for choice in choices for column in choice.columns}
    told = {column: why for column, why in dropped.items() if column not in used}
    left = {column: told.get(column) or left_over(sight.profiles[column], choices) for column in sight.columns}
    left = {column: why for column, why in left.items() if column not in used}
    return Proposal(about, tuple(choices), left, _questions(about, choices))


def _check(sight: Sight, asked: Asked) -> None:
    for meaning, columns in asked.columns.items():
        if meaning not in MEANINGS:
            known = f"{hint(meaning, MEANINGS)} Known: {', '.join(MEANINGS)}."
            raise SourceError(f"'{meaning}' is nothing that a column can mean.{known}")
        if len(columns) > 1 and meaning != "text":
            raise SourceError(f"{meaning} is one column, and {len(columns)} were named; only text may be several.")
        for column in columns:
            if column not in sight.profiles:
                there = f"{hint(column, sight.columns)} There are: {', '.join(sight.columns)}."
                raise SourceError(f"No column is called '{column}'.{there}")
            if meaning in TIMES and sight.profiles[column].clock is None:
                raise SourceError(
                    f"Column '{column}' holds no times that can be read; write them in ISO 8601, such as "
                    "2024-05-01T12:00:00Z."
                )


def _lacking(sight: Sight, meaning: str, what: str) -> str:
    unread = [
        f"'{p.name}' may hold {p.unreadable}"
        for p in sight.profiles.values()
        if p.unreadable and meaning == "published"
    ]
    if meaning == "id":
        found = [each for each in sight.profiles.values() if named(each.name, "id") >= 0.8]
        unread = [f"'{p.name}' repeats in {repeats(p, sight):.0%} of the rows" for p in found if p.distinct]
    because = f" ({unread[0]})" if unread else ""
    return (
        f"No column {what} as far as can be seen{because}, and every source needs one; name it with --column "
        f"{meaning}=COLUMN if there is one, or add it to the file. There are: {', '.join(sight.columns)}."
    )


def _plain(key: str, pick: Pick) -> Choice:
    return Choice(key, pick.column, pick.sure, pick.why, pick.rivals)


def _post(sight: Sight, about: About, asked: Asked, picks: Mapping[str, Pick]) -> list[Choice]:
    platform = platform_choice(sight, about, asked, picks)
    choices = [_id(sight, picks), platform, topic_choice(sight, about, picks, platform)]
    choices += [_plain("post.author", picks["author"])] if "author" in picks else []
    choices.append(_text(asked, picks))
    for name in ("link_domain", "body_chars"):
        choices += [_plain(f"post.{name}", picks[name])] if name in picks else []
    for flag in MEDIA:
        negated = flag.replace("has_", "no_")
        if flag in picks:
            choices.append(_plain(f"post.{flag}", picks[flag]))
        elif negated in picks:
            pick = picks[negated]
            choices.append(Choice(f"post.{flag}", {"column": pick.column, "negate": True}, pick.sure, pick.why))
    choices.append(time_choice("post.published", sight, picks["published"], asked.timezone))
    choices += [time_choice("post.known", sight, picks["known"], asked.timezone)] if "known" in picks else []
    return choices


def _id(sight: Sight, picks: Mapping[str, Pick]) -> Choice:
    pick = picks["id"]
    choice = _plain("post.id", pick)
    repeated = repeats(sight.profiles[pick.column], sight)
    if repeated and "measured" in picks:
        why = f"{repeated:.1%} of the rows have an id that came before, taken as further measurements of the same post"
        return replace(choice, sure="likely" if pick.sure != "given" else "given", why=why)
    if repeated > MANY_REPEATS:
        why = f"{repeated:.0%} of the rows have an id that came before; each such row would correct the post before it"
        return replace(choice, sure="open", why=why)
    if repeated:
        rows = sight.repeated.get(pick.column, round(repeated * len(sight.frame)))
        said = f"{rows:,} rows have an id that came before; the last of a file counts as the correction"
        return replace(choice, why="; ".join(filter(None, (pick.why, said))))
    return choice


def _text(asked: Asked, picks: Mapping[str, Pick]) -> Choice:
    """The title and the body, where there are both."""
    told = list(asked.columns.get("text", ()))
    if len(told) > 1:
        return Choice("post.text", told, "given")
    if "title" not in picks:
        return _plain("post.text", picks["text"])
    title, body = picks["title"], picks["text"]
    weaker = min((title, body), key=lambda pick: ("guess", "likely", "sure", "given").index(pick.sure))
    return Choice("post.text", [title.column, body.column], weaker.sure, weaker.why, weaker.rivals)


def _engagement(sight: Sight, about: About, asked: Asked, picks: Mapping[str, Pick]) -> list[Choice]:
    counts = [_plain(f"engagement.counts.{name}", picks[name]) for name in COUNTS if name in picks]
    if not counts:
        return []
    return [*counts, due_choice(sight, about, picks, asked.timezone)]


def _labels(sight: Sight, about: About, asked: Asked, picks: Mapping[str, Pick]) -> list[Choice]:
    if "label" not in picks:
        return []
    pick = picks["label"]
    means = sentiment.meaning(sight.profiles[pick.column].common)
    label = _plain("labels.label", pick)
    if means is None:
        why = "its values are none of negative, neutral and positive; say in a map which is which"
        label = replace(label, sure="open", why=why)
    elif means.map:
        sure = pick.sure if means.certain else "open"
        label = replace(
            label, value={"column": pick.column, "map": dict(means.map)}, sure=sure, why=pick.why or means.why
        )
    if means is not None and means.share < 1:
        told = f"{1 - means.share:.0%} of its values are no sentiment; such rows are held, posts and all"
        label = replace(label, sure="open" if means.share < 0.9 else label.sure, why=told)
    labelled = (
        time_choice("labels.labelled", sight, picks["labelled"], asked.timezone)
        if "labelled" in picks
        else after(
            "labels.labelled",
            LABELLED_HOURS,
            "no column says when a post was labelled; a day after publication is assumed",
        )
    )
    labeller = Choice("labels.labeller", {"constant": about.name}, "sure")
    if "labeller" in picks:
        why = "kept as it is written, not as a hash: take {constant: ...} if it names people"
        labeller = Choice("labels.labeller", picks["labeller"].column, "likely", why, ({"constant": about.name},))
    return [label, labelled, labeller]


def _questions(about: About, choices: list[Choice]) -> tuple[str, ...]:
    found = [f"{choice.meaning}: {choice.why}" for choice in choices if choice.sure == "open"]
    found += [f"encoding: {about.encoding_why}"] if about.encoding_why else []
    if not any(choice.key.startswith(("engagement", "labels")) for choice in choices):
        found.append(
            "outcome: no column holds counts (likes, shares, comments, views) or sentiment labels, so no model can "
            "learn yet; name one with --column comments=COLUMN, or add `engagement` or `labels` with files of their own"
        )
    return tuple(found)
