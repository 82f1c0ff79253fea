"""Time: UTC instants and half-open windows [start, end)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trimtab.errors import SettingsError

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@dataclass(frozen=True, order=True)
class Window:
    """The half-open UTC interval [start, end)."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise SettingsError(f"Window {self.start} to {self.end} has no time zone; give both ends in UTC.")
        if self.end <= self.start:
            raise SettingsError(f"The period {self} does not end after it starts; swap them or choose a later end.")

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}"

    def contains(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


def utc(text: str) -> datetime:
    """`2012-04-01` or a full ISO 8601 moment, as an aware UTC datetime; no zone means UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"'{text}' is not a date; write it as 2012-04-01 or 2012-04-01T06:00.") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def duration(text: str) -> timedelta:
    """`12h`, `7d` or `2w` as a timedelta."""
    number, unit = text[:-1], text[-1:]
    if unit not in UNITS or not number.isdigit() or int(number) == 0:
        raise SettingsError(f"'{text}' is not a duration; write a whole number and h, d or w, such as 7d.")
    return int(number) * UNITS[unit]


def steps(start: datetime, end: datetime, step: timedelta) -> Iterator[Window]:
    """Consecutive whole windows of one step; a last part shorter than a step is left out."""
    while start + step <= end:
        yield Window(start, start + step)
        start += step
