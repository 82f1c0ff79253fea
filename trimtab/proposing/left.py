"""Why nothing was made of a column."""

import re
from collections.abc import Sequence

from trimtab.posts import COUNTS
from trimtab.proposing.names import named, of_the_author, words
from trimtab.proposing.profile import Profile
from trimtab.proposing.proposal import Choice

TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?")
LEAST_NAMED = 0.5


def left_over(column: Profile, choices: Sequence[Choice]) -> str:
    """A few words that go after the column's name."""
    if column.kind == "empty":
        return "empty"
    if column.kind == "nested":
        return "lists or objects, where a source reads plain cells: write what you need of them to columns of their own"
    if column.unreadable and named(column.name, "published"):
        return column.unreadable
    if column.shown and all(TIME_OF_DAY.fullmatch(value) for value in column.shown):
        return "times of day alone: put date and time into one column if you can"
    if column.urls > 0.5:
        return "whole addresses, where a source takes the domain alone"
    taken = _taken(column.name, choices)
    if taken:
        return taken
    if of_the_author(column.name):
        return "about the author rather than the post"
    if {"updated", "edited", "modified"} & set(words(column.name)):
        return "a later change, which a source does not need"
    return "no meaning that is known here"


def _taken(name: str, choices: Sequence[Choice]) -> str:
    for choice in choices:
        meaning = choice.meaning
        if meaning in ("id", "author", "text", *COUNTS) and choice.columns and named(name, meaning) >= LEAST_NAMED:
            return f"might be {meaning} too, for which `{choice.columns[0]}` is taken"
    return ""
