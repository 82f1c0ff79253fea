"""Incidents in a world of columns where the world moves: for good, for a while, or for a day that means nothing."""

from dataclasses import dataclass

import numpy as np

from simulator.columns import Columns, Law
from simulator.columns_draw import ColumnIncident, draw_day
from simulator.columns_plan import Plan
from simulator.columns_turn import turn_for
from simulator.draws import generator
from trimtab.errors import SettingsError


@dataclass(frozen=True)
class ViralDay(ColumnIncident):
    """A burst of posts, of every count among the columns, and of what the posts earn."""

    days: float = 1
    volume: float = 4.0
    counts: float = 5.0

    def conditions(self, plan: Plan) -> None:
        on = self.on(plan)
        plan.rate[on] *= self.volume
        plan.level[on, : len(plan.world.counts)] += np.log(self.counts)
        plan.offset[on] += np.log(self.counts) - _carried(plan.world, plan.law, np.log(self.counts))


def _carried(world: Columns, law: Law, shift: float) -> float:
    """What a shift of all counts already does to a target by its law."""
    return float(law.weights[-1, : len(world.counts)].sum() * shift / world.sigma)


@dataclass(frozen=True)
class Holiday(ColumnIncident):
    """Fewer posts, by other people in other places, and quieter."""

    days: float = 2
    volume: float = 0.6
    mix: float = 0.7  # sd of the change of the log of the share of each topic and platform
    level: float = -0.3  # of every column, in the log of counts

    def conditions(self, plan: Plan) -> None:
        on, rng = self.on(plan), generator(plan.world.seed, self.at, "holiday")
        plan.rate[on] *= self.volume
        plan.level[on, :-2] += self.level
        plan.topics[on] += self.mix * rng.standard_normal(plan.topics.shape[1])
        plan.platforms[on] += self.mix * rng.standard_normal(plan.platforms.shape[1])


@dataclass(frozen=True)
class ConceptDrift(ColumnIncident):
    """The weights of the numeric columns turn, over `ramp_days`, until what was learned before loses `rise` more."""

    rise: float = 0.12  # of the mean loss of a champion trained before, relative
    ramp_days: int = 1

    def conditions(self, plan: Plan) -> None:
        on = self.on(plan)
        whole = turn_for(plan.world, plan.law, self.rise)
        part = np.minimum((np.arange(on.start, on.stop) - self.at + 1) / self.ramp_days, 1)
        angle = whole * part[:, None, None]
        plan.weights[on] = np.cos(angle) * plan.law.weights + np.sin(angle) * plan.law.other


@dataclass(frozen=True)
class LabelShift(ColumnIncident):
    """The share of negative labels is multiplied; what posts of each label are like stays (label worlds alone)."""

    factor: float = 2.0

    def conditions(self, plan: Plan) -> None:
        if plan.world.target != "label":
            raise SettingsError("LabelShift needs labels; give a world with target='label'.")
        week = [draw_day(plan, day).target for day in range(max(self.at - 7, 0), self.at)]
        share = float(np.mean(np.concatenate(week) == 0))
        if self.factor * share >= 0.9:
            raise SettingsError(f"{share:.0%} of labels are negative; {self.factor} times as many is too much.")
        plan.odds[self.on(plan), 0] = self.factor * (1 - share) / (1 - self.factor * share)


@dataclass(frozen=True)
class VocabularyReplaced(ColumnIncident):
    """Most posts use words never seen before: each tells something, and it has to be learned what."""

    share: float = 0.7

    def conditions(self, plan: Plan) -> None:
        plan.new_words[self.on(plan)] = self.share


@dataclass(frozen=True)
class LevelShift(ColumnIncident):
    """Every post earns more by the same factor: the order of posts is what it was, the level is not."""

    log: float = 0.3

    def conditions(self, plan: Plan) -> None:
        plan.offset[self.on(plan)] += self.log


@dataclass(frozen=True)
class CountFactor(ColumnIncident):
    """The counts of one column really multiply: the world moves, the target moves with it, and the law stays."""

    factor: float = 2.0
    column: str = ""  # the important one unless named

    def conditions(self, plan: Plan) -> None:
        place = plan.world.counts.index(self.column or plan.world.important)
        plan.level[self.on(plan), place] += np.log(self.factor)


@dataclass(frozen=True)
class Noisier(ColumnIncident):
    """What cannot be predicted grows: the loss of the best predictor of a count is multiplied."""

    factor: float = 2.0

    def conditions(self, plan: Plan) -> None:
        plan.noise[self.on(plan)] *= self.factor


@dataclass(frozen=True)
class Flood(ColumnIncident):
    """Five authors copy themselves, on top of what all others write, until a share of the posts is theirs."""

    days: float = 3
    share: float = 0.6

    def conditions(self, plan: Plan) -> None:
        on = self.on(plan)
        plan.rate[on] /= 1 - self.share
        plan.flood[on] = self.share
