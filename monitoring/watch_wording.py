"""What a watch over a new champion came to, or warns of, as a person on call reads it."""

from datetime import datetime, timedelta
from typing import Literal

from monitoring.evidence import Evidence
from monitoring.wording import share, span
from trimtab.settings import Settings

Verdict = Literal["worse", "better", "no worse", "undecided"]


def until(promoted_at: datetime, settings: Settings) -> datetime:
    """When a watch ends at the latest."""
    return promoted_at + timedelta(days=settings.watch.days)


def verdict_of(evidence: Evidence, settings: Settings) -> Verdict | None:
    """What the watch has come to in this window; None while it goes on, and where none runs."""
    pair, promoted_at = evidence.paired, evidence.promoted_at
    if not evidence.watched or promoted_at is None:
        return None
    if pair is not None and (pair.worse or pair.ended):
        return "worse" if pair.worse else pair.ended
    return "undecided" if evidence.as_of >= until(promoted_at, settings) else None


def watch_words(evidence: Evidence, settings: Settings) -> str:
    """How the watch ended in this window, where it did so without a rollback."""
    found, pair, other = verdict_of(evidence, settings), evidence.paired, evidence.previous
    if found is None or found == "worse" or evidence.promoted_at is None:
        return ""
    ends = f"the watch over it ends {span(evidence.as_of - evidence.promoted_at)} after its promotion"
    if pair is None:
        return f"{ends} undecided, for want of mature posts that version {other} scored too"
    seen = f"on the same {pair.rows:,} mature posts its loss less that of version {other} is {pair.delta}"
    if found == "better":
        return f"{seen}: it is better, and {ends}"
    if found == "no worse":
        return f"{seen}: it is not worse by {share(settings.watch.no_worse_share)}, and {ends}"
    return f"{seen}: neither is surely the better one, and {ends} undecided"


def early_words(evidence: Evidence) -> str:
    """A warning before labels are in; empty where there is nothing to warn of."""
    early, other = evidence.early, evidence.previous
    if early is None or not early.warns:
        return ""
    posts = f"early warning: on {early.rows:,} posts whose labels are still to come"
    if early.silent:
        return f"{posts} it gives {early.silent:,} no number, and version {other} does"
    return f"{posts} its loss is estimated to be {early.gap} higher than that of version {other}"
