"""The settings of a simulated world."""

from dataclasses import dataclass
from datetime import date, timedelta

from trimtab.errors import SettingsError

LIMITS: dict[str, tuple[float, float]] = {
    "days": (1, 3650),
    "posts_per_day": (1.0, 1_000_000.0),
    "authors": (1, 1_000_000),
    "topics": (1, 1_000),
    "seed": (0, 2**32 - 1),
    "day_effect_sd": (0.0, 3.0),
    "volume_sd": (0.0, 3.0),
    "label_share": (0.0, 1.0),
    "label_noise": (0.0, 1.0),
}


@dataclass(frozen=True)
class World:
    """What is simulated. Two worlds that differ only in `days` agree on every day that both have."""

    start: date = date(2024, 1, 1)
    days: int = 60
    posts_per_day: float = 300  # mean over a quiet week
    authors: int = 500  # active at a time; people leave and new ones come
    topics: int = 20  # alive at a time; a third never ends, the others come and go
    platforms: tuple[str, ...] = ("agora", "chirper", "clips")
    seed: int = 0
    day_effect_sd: float = 0.1  # of log counts, shared by all posts of a day
    volume_sd: float = 0.1  # of the log of a day's number of posts
    label_share: float = 0.25  # of posts that are ever labelled
    label_noise: float = 0.05  # share of labels that say the neighbouring class

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            kinds = int if isinstance(low, int) else int | float
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
                number = "whole number" if kinds is int else "number"
                raise SettingsError(f"{name} is {value!r}; give a {number} from {low:,} to {high:,}.")
        if type(self.start) is not date:
            raise SettingsError(f"start is {self.start!r}; give a date without a time, such as 2024-03-01.")
        names = self.platforms
        if not names or len(set(names)) < len(names) or not all(name.isidentifier() for name in names):
            raise SettingsError(f"platforms is {names!r}; give different names of letters and digits.")

    @property
    def end(self) -> date:
        """The first day that is not simulated."""
        return self.start + timedelta(days=self.days)

    def date_of(self, day: int) -> date:
        return self.start + timedelta(days=day)
