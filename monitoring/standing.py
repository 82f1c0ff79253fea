"""Where a model stands in a backtest: what registry and ledger would hold, in memory."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from monitoring.assess import Serving
from monitoring.evidence import Guards
from monitoring.guards import MONTH
from monitoring.pool import Candidate
from trimtab.windows import Window


@dataclass
class Standing:
    """`line` holds the versions that served one after the other and could serve again; the last is the champion."""

    line: list[Candidate]
    paid: list[tuple[datetime, float]]  # of each training, from old to new
    promoted_at: datetime | None = None
    watched: bool = False  # whether the watch over the champion runs
    barred: set[str] = field(default_factory=set)  # rolled back from: they never serve again
    blocked: tuple[Window, ...] = ()  # windows whose data is never learned from
    looks: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))  # by the champion looked at
    measured: dict[str, int] = field(default_factory=lambda: defaultdict(int))  # looks that found something to judge
    answers: dict[str, list[datetime]] = field(
        default_factory=lambda: defaultdict(list)
    )  # looks that an alarm called for
    unsure: bool = False  # of the newest answer
    refused_in_a_row: int = 0
    last_refused_at: datetime | None = None

    @property
    def champion(self) -> Candidate:
        return self.line[-1]

    @property
    def previous(self) -> Candidate | None:
        return self.line[-2] if len(self.line) > 1 else None

    def serving(self, as_of: datetime) -> Serving:
        return Serving(
            champion=self.champion,
            files=self.champion.files,
            trained_at=self.champion.trained_at,
            fresh_since=self.champion.fresh_since,
            previous=self.previous,
            promoted_at=self.promoted_at,
            watched=self.watched,
            guards=self.guards(as_of),
            blocked=self.blocked,
        )

    def guards(self, as_of: datetime) -> Guards:
        """As monitoring.guards reads them from a ledger."""
        looks, answers = self.looks[self.champion.version], self.answers[self.champion.version]
        return Guards(
            trained_at=self.champion.learned_at,
            last_retrain_at=self.paid[-1][0],
            last_look_at=looks[-1] if looks else None,
            last_answer_at=answers[-1] if answers else None,
            answers=len(answers),
            unsure=self.unsure and bool(answers),
            looks=self.measured[self.champion.version],
            spent=sum(price for at, price in self.paid if as_of - at <= MONTH),
            refused_in_a_row=self.refused_in_a_row,
            last_refused_at=self.last_refused_at,
        )

    def looked(self, at: datetime, measured: bool, alarmed: bool, unsure: bool) -> None:
        self.looks[self.champion.version].append(at)
        self.measured[self.champion.version] += measured
        if alarmed:
            self.answers[self.champion.version].append(at)
            self.unsure = unsure

    def trained(self, at: datetime, price: float) -> None:
        self.paid.append((at, price))

    def promote(self, version: Candidate, at: datetime) -> None:
        self.line.append(version)
        self.promoted_at, self.watched, self.refused_in_a_row = at, True, 0

    def refuse(self, at: datetime) -> None:
        self.refused_in_a_row, self.last_refused_at = self.refused_in_a_row + 1, at

    def roll_back(self) -> tuple[Candidate, Candidate]:
        """(version left, version that serves again). The version left is barred."""
        left = self.line.pop()
        self.barred.add(left.version)
        self.promoted_at = None
        return left, self.champion
