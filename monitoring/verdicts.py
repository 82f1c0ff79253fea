"""Every past decision, judged by the labels that came after it: was it worth it, was that silence right?

retrain, recalibrate   what the promoted version saved over the one that served, in the payback time, less its cost
... refused            nothing but the cost was lost
rollback               what the version put back saves over the one that was left
none                   what the next version would have saved, had it been trained then; not known without one
quarantine             how many posts were kept out
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from pandas import Timestamp

from models.blocked import judged_data, window_of
from models.intervals import Interval
from models.moves import went_forward
from monitoring.bench import Bench
from monitoring.shadow import Gap
from monitoring.wording import short
from trimtab.entry import is_move
from trimtab.ledger import Entry

Verdict = Literal["worth it", "not worth it", "right", "wrong", "not known yet"]
UNKNOWN: Verdict = "not known yet"
MADE = ("retrain", "recalibrate")


@dataclass(frozen=True)
class Judged:
    """A decision and what became of it. `saved` is money of the settings, costs taken off; negative is lost."""

    entry: Entry
    verdict: Verdict
    saved: Interval | None
    sentence: str
    against: str | None = None  # the version that a silence was held against
    gap: Gap | None = None

    @property
    def action(self) -> str:
        return str(self.entry.evidence.get("action"))

    @property
    def asked(self) -> bool:
        """Whether there was an alarm or a look, so that a retrain was in question."""
        return bool(self.entry.evidence.get("look") or (self.entry.evidence.get("alarm") or {}).get("raised"))

    def plain(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        ends = None if self.saved is None else [short(x) for x in (self.saved.value, self.saved.low, self.saved.high)]
        window = window_of(self.entry)
        return {
            "at": self.entry.at.isoformat(),
            "window": None if window is None else str(window),
            "version": self.entry.version,
            "action": self.action,
            "verdict": self.verdict,
            "saved": ends,
            "posts": self.gap.posts if self.gap else None,
            "saved_per_post": short(self.gap.per_post.value) if self.gap else None,
            "sentence": self.sentence,
        }


def judge_decisions(bench: Bench) -> tuple[Judged, ...]:
    """Every decision, from new to old."""
    decisions = [entry for entry in bench.entries if entry.kind == "decision"]
    return tuple(_judged(entry, bench) for entry in reversed(decisions))


def summary(model: str, judged: Sequence[Judged]) -> str:
    """One sentence: retrains that were saved (alarms and looks rightly left alone), money gained and money lost."""
    if not judged:
        return f"Nothing has been decided for {model} yet."
    spared = sum(each.asked and each.action == "none" and each.verdict == "right" for each in judged)
    money = [each.saved.value for each in _once(judged) if each.saved is not None and each.action != "none"]
    wrong = [each.saved for each in _once(judged) if each.action == "none" and each.verdict == "wrong"]
    missed = [saved.value for saved in wrong if saved is not None]
    lost = -sum(value for value in money if value < 0) + sum(missed)
    gained, unknown = sum(value for value in money if value > 0), sum(each.verdict == UNKNOWN for each in judged)
    many = f"{len(judged)} decision{'s' if len(judged) > 1 else ''} on {model}"
    spare = f"saved {spared} retrain{'' if spared == 1 else 's'} that would not have paid"
    return f"{many}: {spare}, gained {gained:.2f}, lost {lost:.2f}; {unknown} not known yet."


def lines(judged: Sequence[Judged]) -> list[str]:
    """A table for a terminal, a line a decision."""
    heads = [(f"{j.entry.at:%Y-%m-%d %H:%M}", str(j.entry.version or "-"), j.action, j.verdict) for j in judged]
    rows = [("window ended", "version", "decision", "verdict"), *heads]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    ends = ["what came of it", *(each.sentence for each in judged)]
    found = ["  ".join(part.ljust(width) for part, width in zip(row, widths, strict=True)) for row in rows]
    return [f"{line}  {end}" for line, end in zip(found, ends, strict=True)] if judged else []


def _once(judged: Sequence[Judged]) -> list[Judged]:
    """Silences that one and the same retrain would have ended are one mistake: the dearest of them stands for all."""
    dearest: dict[str, Judged] = {}
    for each in (each for each in judged if each.against is not None and each.saved is not None):
        other = dearest.get(str(each.against))
        if other is None or other.saved is None or (each.saved and each.saved.value > other.saved.value):
            dearest[str(each.against)] = each
    return [each for each in judged if each.against is None] + list(dearest.values())


def _judged(entry: Entry, bench: Bench) -> Judged:
    action = entry.evidence.get("action")
    if action in MADE:
        return _of_challenge(entry, bench, action)
    if action == "rollback":
        return _of_rollback(entry, bench)
    if action == "quarantine":
        return _of_quarantine(entry, bench)
    return _of_silence(entry, bench)


def _of_challenge(entry: Entry, bench: Bench, action: str) -> Judged:
    price, came = bench.price(action), bench.outcome(entry)
    if came is None:
        return Judged(entry, UNKNOWN, None, f"The {action} was not carried out.")
    if came.kind == "review_wanted":
        return Judged(entry, UNKNOWN, None, f"Version {came.version} waits for review.")
    if came.kind in ("promotion_refused", "review_ended"):
        cost = Interval(-price, -price, -price)
        return Judged(entry, "not worth it", cost, f"Version {came.version} was refused: lost {price:.2f}, its cost.")
    if came.previous is None:
        return Judged(entry, UNKNOWN, None, f"Version {came.version} took over from none.")
    end = _end(came.version, entry.at, bench)
    served = came.at if came.evidence.get("review") else entry.at
    gap = bench.shadow.gap(came.previous, str(came.version), served, end, known_from=entry.at)
    found = _priced(entry, bench, gap, price, end, ("worth it", "not worth it"))
    return replace(found, sentence=f"Version {came.version} in place of {came.previous}: {found.sentence}")


def _of_rollback(entry: Entry, bench: Bench) -> Judged:
    if bench.asked_before(entry):
        return Judged(entry, UNKNOWN, None, f"The rollback of version {entry.version} had been decided before.")
    came = bench.rollback_of(entry)
    if came is None or came.previous is None:
        return Judged(entry, UNKNOWN, None, "The rollback was not carried out.")
    end = entry.at + bench.payback
    gap = bench.shadow.gap(came.previous, str(came.version), entry.at, end, known_from=entry.at)
    found = _priced(entry, bench, gap, 0.0, end, ("right", "wrong"))
    return replace(found, sentence=f"Version {came.version} back in place of {came.previous}: {found.sentence}")


def _of_quarantine(entry: Entry, bench: Bench) -> Judged:
    window = window_of(entry)
    if window is None:
        return Judged(entry, UNKNOWN, None, "Nothing is known of the window.")
    posts = len(bench.shadow.history.scored_in(window))
    said = [e for e in bench.entries if e.kind == "decision" and e.id > entry.id and judged_data(e)]
    later = [e for e in said if window_of(e) == window]
    if later and later[-1].evidence.get("action") != "quarantine":
        return Judged(entry, "wrong", None, f"{posts:,} posts were kept out until {later[-1].at:%Y-%m-%d}.")
    return Judged(entry, UNKNOWN, None, f"{posts:,} posts are kept out of every training.")


def _of_silence(entry: Entry, bench: Bench) -> Judged:
    """Held against the next version, where that learned nothing which was not known at the decision.

    A version that has seen what came later says nothing of what could have been done before it came.
    """
    end = entry.at + bench.payback
    later = next((e for e in bench.entries if e.kind == "trained" and entry.at < e.at <= end), None)
    if later is None or entry.version is None or later.version == entry.version:
        return Judged(entry, UNKNOWN, None, f"No version was trained in the {bench.cost.payback_days:g} days after it.")
    action = "recalibrate" if later.evidence.get("base") else "retrain"
    known_from = _cut(later, bench)
    if known_from > entry.at:
        return Judged(
            entry, UNKNOWN, None, f"The next version, of {later.at:%Y-%m-%d}, had learned what came after it."
        )
    gap = bench.shadow.gap(entry.version, str(later.version), entry.at, end, known_from=known_from)
    found = _priced(entry, bench, gap, bench.price(action), end, ("wrong", "right"))
    said = f"Had version {later.version} of {later.at:%Y-%m-%d} been made then: {found.sentence}"
    return replace(found, sentence=said, against=later.version)


def _cut(trained: Entry, bench: Bench) -> datetime:
    """From when on posts were kept from a training: as its decision had it, or the usual days before."""
    decision = next((e for e in reversed(bench.entries) if e.kind == "decision" and e.id < trained.id), None)
    kept = decision.evidence.get("cut") if decision and decision.evidence.get("action") in MADE else None
    return datetime.fromisoformat(kept) if kept else trained.at - bench.fresh


def _end(version: str | None, start: datetime, bench: Bench) -> datetime:
    """The end of the payback time, or when the version was taken back: after that it saved and cost nothing."""
    back = [
        e.at for e in bench.entries if is_move(e) and not went_forward(e) and e.previous == version and e.at > start
    ]
    return min([start + bench.payback, *back])


def _priced(
    entry: Entry, bench: Bench, gap: Gap | None, price: float, end: datetime, verdicts: tuple[Verdict, Verdict]
) -> Judged:
    """The verdict for a gain and for a loss; not known while time is left and zero is within the interval."""
    if gap is None:
        return Judged(entry, UNKNOWN, None, "too few labelled posts that both scored have come to judge it.")
    worth = gap.posts * bench.cost.error_cost
    saved = Interval(*(each * worth - price for each in (gap.per_post.value, gap.per_post.low, gap.per_post.high)))
    over = bench.shadow.rows["event_timestamp"].max() >= Timestamp(end) - timedelta(days=1)
    sure = saved.low > 0 or saved.high < 0
    verdict = UNKNOWN if not (over or sure) else verdicts[0] if saved.value > 0 else verdicts[1]
    what = f"{'saved' if saved.value > 0 else 'lost'} {abs(saved.value):.2f} ({saved.low:.2f} to {saved.high:.2f})"
    less = f", less its cost of {price:.2f}" if price else ""
    silent = f", {gap.silent:,} more without a number" if gap.silent else ""
    each = f"{gap.per_post.value:+.4f} of loss a post on {gap.posts:,} posts ({gap.rows:,} labelled{silent}){less}"
    return Judged(entry, verdict, saved, f"{what}: {each}.", gap=gap)
