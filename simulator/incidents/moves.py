"""Incidents where the world moves: for good, or for a day that means nothing."""

import math
from dataclasses import dataclass, replace
from datetime import date

from simulator.day import Conditions
from simulator.incidents.base import Incident

FLIPPED_SHARE = 0.4  # of the sentiment words, at full strength


@dataclass(frozen=True)
class ConceptDrift(Incident, kind="concept_drift"):
    """What earns engagement changes, and some sentiment words turn; a second one turns it back."""

    strength: float = 1.0
    ramp_days: float = 0.0  # days until it is at full strength; 0 is at once

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("strength", 0 < self.strength <= 1, "a number above 0 and up to 1")
        self.require("ramp_days", self.ramp_days >= 0, "0 or more")

    def conditions(self, now: Conditions, day: date) -> Conditions:
        move = self.strength * min(1.0, ((day - self.at).days + 1) / max(self.ramp_days, 1))
        concept = now.concept + move * (1 - 2 * now.concept)
        return replace(now, concept=concept, flipped_share=FLIPPED_SHARE * concept)


@dataclass(frozen=True)
class VocabularyChange(Incident, kind="vocabulary_change"):
    """Words for topics and for feelings give way to words never seen before; nothing else changes."""

    share: float = 0.6

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("share", 0 < self.share <= 1, "a number above 0 and up to 1")

    def conditions(self, now: Conditions, day: date) -> Conditions:
        return replace(now, new_words_share=max(now.new_words_share, self.share))


@dataclass(frozen=True)
class ViralDay(Incident, kind="viral_day"):
    """A burst of traffic and of counts that means nothing."""

    days: float = 1.0
    volume: float = 4.0
    counts: float = 5.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require("volume", 0 < self.volume <= 1000, "a factor above 0 and up to 1000")
        self.require("counts", 0 < self.counts <= 1000, "a factor above 0 and up to 1000")

    def conditions(self, now: Conditions, day: date) -> Conditions:
        return replace(now, volume=now.volume * self.volume, level=now.level + math.log(self.counts))
