"""A proposal as a table for a terminal, with what to do next. Nobody's name is shown."""

import re
from datetime import datetime, timedelta

from pandas import Series

from trimtab.cli.trial import Trial
from trimtab.conversion import strings
from trimtab.proposing.names import personal
from trimtab.proposing.profile import EMAIL, Sight
from trimtab.proposing.proposal import Choice, Proposal
from trimtab.proposing.write import flow

WIDTH = 110
LONGEST_EXAMPLE, LONGEST_EXAMPLES = 28, 60  # characters: of one, and of all in a row of the table
MENTION = re.compile(r"(?<![\w@])@[\w.-]+|\b/?u/[\w-]+")
ADDRESS = re.compile(r"(?i)(https?://[^/\s]+)/\S*")
MASK = "***"
OLD_DAYS = 30  # a newest outcome older than this wants an --as-of: "now" has nothing fresh to judge by


def table(proposal: Proposal, sight: Sight) -> str:
    """A line a column in the order of the file, then what the YAML says without a column."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for heading, least in (("column", 12), ("means", 12), ("how sure", 6), ("examples", 20)):
        shown.add_column(heading, min_width=least, overflow="fold")
    used = dict(proposal.meanings())
    for name in sight.columns:
        choice = used.get(name)
        if choice is None:
            shown.add_row(_line(name), "-", "", f"({proposal.left.get(name, '')})")
        else:
            shown.add_row(_line(name), choice.meaning, _sure(choice), _fitting(examples(sight, name, proposal)))
    for choice in proposal.choices:
        if not choice.columns:
            shown.add_row(_line(flow(choice.value)), choice.meaning, _sure(choice), "")
    console = Console(width=WIDTH, no_color=True, markup=False, highlight=False, emoji=False)
    with console.capture() as caught:
        console.print(shown)
    return "\n".join(line.rstrip() for line in caught.get().rstrip().splitlines())


def _sure(choice: Choice) -> str:
    return {"given": "as told", "guess": "a guess", "open": "LOOK"}.get(choice.sure, choice.sure)


def examples(sight: Sight, column: str, proposal: Proposal) -> list[str]:
    """Up to three different values, short, with every name of a person masked."""
    author = proposal.of("author")
    private = {each.columns[0] for each in (author, proposal.of("labeller")) if each is not None and each.columns}
    if column in private or personal(column):
        return [value[:1] + MASK for value in sight.profiles[column].shown]
    names = strings(sight.frame[author.columns[0]]) if author is not None and author.columns else None
    return [_line(_masked(value, _name_beside(sight, column, value, names))) for value in sight.profiles[column].shown]


def _fitting(values: list[str]) -> str:
    """As many as a line has room for."""
    shown = values[:1]
    for value in values[1:]:
        if len(", ".join([*shown, value])) <= LONGEST_EXAMPLES:
            shown.append(value)
    return ", ".join(shown)


def _name_beside(sight: Sight, column: str, value: str, names: Series | None) -> str | None:
    if names is None:
        return None
    rows = strings(sight.frame[column]).astype(object) == value
    found = names[rows].dropna()
    return str(found.iloc[0]) if len(found) else None


def _masked(value: str, name: str | None) -> str:
    if name is not None and len(name) > 2:
        value = re.sub(re.escape(name), MASK, value, flags=re.IGNORECASE)
    return EMAIL.sub(MASK, MENTION.sub("@" + MASK, ADDRESS.sub(rf"\1/{MASK}", value)))


def _line(text: str) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return plain if len(plain) <= LONGEST_EXAMPLE else plain[: LONGEST_EXAMPLE - 3] + "..."


def verdict(trial: Trial, limit: float, proposal: Proposal) -> list[str]:
    """What the door would do with the sample, in sentences."""
    parts = [f"{trial.taken:,} of {trial.rows:,} sampled rows would be taken in"]
    parts += [f"{trial.counted:,} with counts that are due"] if proposal.of("measured") else []
    parts += [f"{trial.labelled:,} with a label"] if proposal.of("label") else []
    lines = [", ".join(parts) + "."]
    lines += [f"  {count:,} would be held: {reason}" for count, reason in trial.reasons]
    if trial.held_share >= limit:
        lines.append(f"  So the file would be held whole: {limit:.0%} of bad rows refuse a batch.")
    return lines


def next_steps(yaml: str, trial: Trial, proposal: Proposal, count: str, as_of: datetime) -> list[str]:
    """Commands to run after this one."""
    counts = [choice.meaning for choice in proposal.choices if choice.key.startswith("engagement.counts.")]
    moment = ""
    if trial.last is not None and trial.last < as_of - timedelta(days=OLD_DAYS):
        moment = f" --as-of {(trial.last + timedelta(days=1)):%Y-%m-%d}"
    lines = [f"  trimtab ingest {yaml}"]
    if counts and count not in counts:
        lines.append(f"  export TRIMTAB_ENGAGEMENT__COUNT={counts[0]}   # there are no {count}, the default")
    lines += [f"  trimtab train engagement{moment}"] if counts else []
    lines += [f"  trimtab train sentiment{moment}"] if proposal.of("label") else []
    return lines
