"""A proposal as YAML that a person reads: each unsure line under a comment that says why and what else could stand."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from trimtab.proposing.proposal import Choice, Proposal

WIDTH = 118
MARKS = {"likely": "likely", "guess": "a guess", "open": "LOOK"}


def text_of(proposal: Proposal, notes: Sequence[str] = ()) -> str:
    """The YAML; `notes` go into the head, one comment each."""
    lines: list[str] = []
    for note in notes:
        lines += _comment(note, "")
    about = proposal.about
    lines += [f"source: {scalar(about.name)}", f"files: {scalar(about.files)}"]
    lines += [f"format: {about.format}"] if about.format else []
    if about.encoding:
        lines += _comment(f"LOOK: {about.encoding_why}", "") if about.encoding_why else []
        lines.append(f"encoding: {scalar(about.encoding)}")
    lines += _tree(proposal.choices)
    lines += _left(proposal)
    return "\n".join(lines) + "\n"


def _tree(choices: Sequence[Choice]) -> Iterator[str]:
    opened: list[str] = []
    for choice in choices:
        *parents, last = choice.key.split(".")
        for depth, name in enumerate(parents):
            if opened[depth : depth + 1] != [name]:
                yield "  " * depth + f"{name}:"
                opened = [*opened[:depth], name]
        opened = parents
        indent = "  " * len(parents)
        yield from _comment(_said(choice), indent)
        for value in choice.instead:
            yield from _comment(f"  or {last}: {flow(value)}", indent)
        yield f"{indent}{last}: {flow(choice.value)}"


def _said(choice: Choice) -> str:
    """The comment above a choice; none above one that is sure and needs no word."""
    if choice.sure not in MARKS:
        return f"{choice.why}." if choice.why else ""
    return f"{MARKS[choice.sure]}: {choice.why or 'by its name and its values'}."


def _comment(text: str, indent: str) -> list[str]:
    if not text:
        return []
    plain = "".join(c if c.isprintable() else " " for c in text)
    wrapped = textwrap.wrap(plain, WIDTH - len(indent) - 2, break_on_hyphens=False, drop_whitespace=True)
    return [f"{indent}# {line}" for line in wrapped]


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def scalar(value: Any) -> str:
    """Quoted where YAML would read it as something else, also within brackets."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    style = '"' if isinstance(value, str) and not value.isprintable() else None
    dumped = yaml.safe_dump(
        [value], default_flow_style=True, default_style=style, allow_unicode=True, width=float("inf")
    )
    return dumped.strip()[1:-1]


def _left(proposal: Proposal) -> Iterator[str]:
    """The columns that are not used, by the reason for it."""
    by_reason: dict[str, list[str]] = {}
    for name, why in proposal.left.items():
        by_reason.setdefault(why, []).append(f"`{name}`")
    if by_reason:
        yield "# Not used:"
    for why, names in by_reason.items():
        yield from _comment(f"- {', '.join(names)}: {why}", "")
