"""The model card: what a reviewer reads on the page of a version, newest news first. Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from models.evaluate import MIN_ROWS
from models.gates.gate import GatesReport
from models.intervals import Interval
from models.scores import Comparison, Scorecard, SliceDelta
from models.spec import Fitted, Model

if TYPE_CHECKING:
    from models.story import RunStory

SHOWN = 6  # slices of one slicing that a card shows; all of them are in the run's files
LIMIT_CHARS = 5000  # MLflow keeps no longer description of a version
SEAM = "\n\n---\n\n"
GAP = "\u2003\u200b"  # a wide space, and behind it a mark without width that keeps it from being trimmed
NO_GATES = GatesReport(())


def training_card(model: Model, fitted: Fitted, story: RunStory) -> str:
    """Why this version exists, what it learned from, how good it is, its limits, and the way back."""
    data = ", ".join(f"{table} {version}" for table, version in story.data_versions.items())
    card = story.scorecard
    return "\n\n".join(
        [
            f"### Why this version exists\n\n{story.reason}",
            f"### What it learned from\n\n{_shared(story)}"
            f"{story.rows:,} posts scored from {story.start:%Y-%m-%d} to {story.end:%Y-%m-%d}, with outcomes as known "
            f"on {story.as_of:%Y-%m-%d}. Data versions: {data}. Feature service `{model.service}`, "
            f"{len(model.features)} features.",
            f"### How good it is\n\nOn {card.rows:,} fresh posts that it did not learn from, "
            f"{card.start:%Y-%m-%d} to {card.end:%Y-%m-%d}:\n\n{_overall(card)}",
            _slices(card),
            "![What it said against what came](calibration.png)",
            f"### What it leans on\n\n{_leans(fitted)}",
            f"### Limits\n\n{_limits(card)}",
            f'### How to undo it\n\nIf it serves: `trimtab rollback {model.name} --reason "..."`.',
        ]
    )


def promoted_note(
    name: str,
    at: datetime,
    actor: str,
    reason: str,
    before: str | None,
    found: Comparison | None,
    gates: GatesReport = NO_GATES,
) -> str:
    """What goes on top of the card of a new champion."""
    beaten = (
        f"It took over from version {before}." if before else "It is the first champion: there was nothing to beat."
    )
    first = _argument(found) if found else f"{beaten} {reason}"
    undo = f'To undo: `trimtab rollback {name} --reason "..."`'
    return f"{title('Champion since', at)}{first}{gates_table(gates)}\n\nPromoted by {actor}. {undo}"


def refused_note(at: datetime, actor: str, reason: str, found: Comparison | None, gates: GatesReport = NO_GATES) -> str:
    """What goes on top of the card of a challenger that was not promoted."""
    argument = f"{reason}{gates_table(gates)}" + (f"\n\n{_argument(found)}" if found else "")
    return f"{title('Not promoted on', at)}{argument}\n\nJudged by {actor}."


def gates_table(report: GatesReport) -> str:
    """A paragraph that shows every gate with what was found and wanted; nothing where none was asked."""
    if not report.gates:
        return ""
    rows = [[gate.name, gate.value, gate.wanted, gate.verdict] for gate in report.gates]
    return "\n\n" + table(["gate", "found", "wanted", "verdict"], rows)


def replaced_note(successor: str, at: datetime, reason: str) -> str:
    return f"{title(f'Replaced by version {successor} on', at)}{reason}"


def rolled_back_note(target: str, at: datetime, actor: str, reason: str) -> str:
    """What goes on top of the card of a version that had to go."""
    return (
        f"{title('Rolled back on', at)}Version {target} serves again. By {actor}: {reason}\n\n"
        "It is barred: it is not promoted again unless a person names it."
    )


def restored_note(source: str | None, at: datetime, actor: str, reason: str) -> str:
    what = f"Version {source} was rolled back" if source else "None served, and it was put back"
    return f"{title('Champion again since', at)}{what} by {actor}: {reason}"


def on_top(note: str, card: str) -> str:
    """The card with the note before it; a note that is there already is not repeated."""
    return card if note in card.split(SEAM) else f"{note}{SEAM}{card}"


def description(card: str, run: str) -> str:
    """The card as MLflow's pages show it: pictures from the run's files, cut between paragraphs at MLflow's limit.

    Its tables have no space between columns and none below, so it is added in a way that is not trimmed.
    """
    shown = re.sub(r"\]\((\w+\.png)\)", rf"](get-artifact?path=\1&run_uuid={run})", card)
    shown = re.sub(r"^\| .*\|$", lambda row: re.sub(r"(?<=[^-|\s]) \|", f"{GAP} |", row[0]), shown, flags=re.MULTILINE)
    shown = shown.replace("|\n\n#", f"|\n\n{GAP}\n\n#")
    if len(shown) <= LIMIT_CHARS:
        return shown
    ending = "\n\n*The rest is in card.md among the files of the run.*"
    kept = shown[: LIMIT_CHARS - len(ending)]
    return kept[: kept.rfind("\n\n")].rstrip("-\n ") + ending


def comparison_rows(found: Comparison) -> list[list[Any]]:
    """Header and one row a slice, all posts first."""
    parts: list[tuple[str, Comparison | SliceDelta]] = [("all", found)]
    parts += [(f"{part.slicing} {part.slice}", part) for part in found.slices]
    header = [
        "slice",
        "posts",
        f"version {found.champion}",
        f"version {found.challenger}",
        "difference (interval)",
        "verdict",
    ]
    return [header, *(_row(name, part) for name, part in parts)]


def _row(name: str, part: Comparison | SliceDelta) -> list[Any]:
    losses = [f"{part.champion_loss:.3f}", f"{part.challenger_loss:.3f}"]
    return [name, part.rows, *losses, str(part.delta), _verdict(part.delta)]


def title(what: str, at: datetime) -> str:
    """A heading whose first line reads as plain text: MLflow's list of versions shows it raw."""
    return f"{what} {at:%Y-%m-%d %H:%M} UTC\n---\n\n"


def _argument(found: Comparison) -> str:
    header, *rows = comparison_rows(found)
    largest = sorted(rows[1:], key=lambda row: -row[1])[: 2 * SHOWN]
    shown = table(header, [[*row[:1], f"{row[1]:,}", *row[2:]] for row in rows[:1] + largest])
    return (
        f"**{found}**\n\n{by_slice(found)} Both versions scored the same posts of {found.start:%Y-%m-%d} to "
        f"{found.end:%Y-%m-%d}; {found.measure}, lower is better.\n\n{shown}\n\n"
        f"![Difference slice by slice](comparison_{found.champion}_{found.challenger}.png)"
    )


def by_slice(found: Comparison) -> str:
    """'Better on 5 of 8 slices, worse on 1 (platform forum), undecided on 2.'"""
    verdicts = [_verdict(part.delta) for part in found.slices]
    worse = [f"{part.slicing} {part.slice}" for part in found.slices if part.delta.low > 0]
    named = f" ({', '.join(worse[:SHOWN])}{', ...' if len(worse) > SHOWN else ''})" if worse else ""
    return (
        f"Better on {verdicts.count('better')} of {len(verdicts)} slices, worse on {len(worse)}{named}, "
        f"undecided on {verdicts.count('undecided')}. {_left_out(found.left_out)}"
    ).strip()


def _verdict(delta: Interval) -> str:
    return "better" if delta.high < 0 else "worse" if delta.low > 0 else "undecided"


def _overall(card: Scorecard) -> str:
    rows = [
        [name, f"{score.value:.3f}", f"{score.low:.3f} to {score.high:.3f}"] for name, score in card.overall.items()
    ]
    return table(["metric", "value", f"{card.confidence * 100:g} % interval"], rows)


def _shared(story: RunStory) -> str:
    if story.base is None:
        return ""
    return f"It shares the booster of version {story.base}; only the calibrator is new, fitted on: "


def _slices(card: Scorecard) -> str:
    """The largest slices of each slicing."""
    shown: list[list[str]] = []
    for slicing in dict.fromkeys(part.slicing for part in card.slices):
        parts = sorted((part for part in card.slices if part.slicing == slicing), key=lambda part: -part.rows)
        shown += [
            [f"{slicing} {part.slice}", f"{part.rows:,}", str(part.metrics[card.headline])] for part in parts[:SHOWN]
        ]
    if not shown:
        return f"No slice has the {MIN_ROWS} posts on two days that it takes to be judged."
    more = len(card.slices) - len(shown)
    rest = f"\n\n{more} smaller slices are in slices.json." if more else ""
    return "By slice:\n\n" + table(["slice", "posts", f"{card.headline} (interval)"], shown) + rest


def _leans(fitted: Fitted) -> str:
    total = sum(fitted.importance.values())
    if not total:
        return "No feature was used."
    top = sorted(fitted.importance.items(), key=lambda item: -item[1])[:5]
    return ", ".join(f"`{name}` {gain / total:.0%}" for name, gain in top) + " of the gain."


def _limits(card: Scorecard) -> str:
    weak = card.weakest
    weakest = (
        f"Weakest on {weak.slicing} {weak.slice} ({card.headline} {weak.metrics[card.headline]}). " if weak else ""
    )
    return (
        f"{weakest}{_left_out(card.left_out)}It knows only what was posted before the last date that it learned from. "
        "Intervals treat days as independent."
    )


def _left_out(count: int) -> str:
    if not count:
        return ""
    many = (
        f"{count} slices with fewer than {MIN_ROWS} posts were"
        if count > 1
        else f"1 slice with fewer than {MIN_ROWS} posts was"
    )
    return f"{many} left out. "


def table(header: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; a bar within a cell is escaped."""
    head = [str(cell) for cell in header]
    lines = [head, ["---"] * len(head), *([str(cell).replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
