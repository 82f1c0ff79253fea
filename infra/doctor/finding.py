"""What a check says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from trimtab.settings import Settings

Level = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True)
class Finding:
    """One sentence of one check; `do` says what to do, and is empty where nothing is to be done."""

    check: str
    level: Level
    sentence: str
    do: str = ""

    def __str__(self) -> str:
        advice = f" {self.do}" if self.do else ""
        return f"{self.level:<8} {self.check:<14} {self.sentence}{advice}"


@dataclass(frozen=True)
class Case:
    """What the checks look at. `trouble` is what is wrong with the settings, which are then the defaults."""

    settings: Settings
    now: datetime
    environ: Mapping[str, str]
    trouble: str | None = None


def ok(check: str, sentence: str) -> Finding:
    return Finding(check, "ok", sentence)


def warning(check: str, sentence: str, do: str) -> Finding:
    return Finding(check, "warning", sentence, do)


def wrong(check: str, sentence: str, do: str) -> Finding:
    return Finding(check, "wrong", sentence, do)
