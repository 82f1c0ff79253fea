"""A proposed source YAML: one choice for each of its keys, with how sure it is and what else could stand there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from trimtab.mapping import Format
from trimtab.proposing.choose import Sure


@dataclass(frozen=True)
class About:
    """What is known of the file apart from its rows."""

    name: str  # of the source
    files: str  # as the YAML says it
    format: Format | None = None  # where the extension does not say it
    encoding: str | None = None
    encoding_why: str = ""  # where the encoding is a guess
    horizon_hours: float = 48


@dataclass(frozen=True)
class Asked:
    """What a person said already. `columns` maps a meaning to columns; none at all means: leave it out."""

    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    platform: str | None = None
    timezone: str | None = None


@dataclass(frozen=True)
class Choice:
    """`value` stands under the dotted `key`; `instead` are values that might be meant, for a comment."""

    key: str
    value: Any
    sure: Sure
    why: str = ""
    instead: tuple[Any, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the file that the value names."""
        if isinstance(self.value, dict):
            return (self.value["column"],) if "column" in self.value else ()
        return tuple(self.value) if isinstance(self.value, list) else (self.value,)

    @property
    def meaning(self) -> str:
        return self.key.rpartition(".")[2]


@dataclass(frozen=True)
class Proposal:
    """Choices in the order of the YAML; `left` says of every other column why nothing was made of it."""

    about: About
    choices: tuple[Choice, ...]
    left: Mapping[str, str]
    questions: tuple[str, ...] = ()  # what only a person can answer, one sentence each

    def mapping(self) -> dict[str, Any]:
        """What the YAML says, as trimtab.mapping.Mapping reads it."""
        found: dict[str, Any] = {"source": self.about.name, "files": self.about.files}
        found |= {"format": self.about.format} if self.about.format else {}
        found |= {"encoding": self.about.encoding} if self.about.encoding else {}
        for choice in self.choices:
            *parents, last = choice.key.split(".")
            place = found
            for name in parents:
                place = place.setdefault(name, {})
            place[last] = choice.value
        return found

    def of(self, meaning: str) -> Choice | None:
        return next((choice for choice in self.choices if choice.meaning == meaning), None)

    def meanings(self) -> Iterator[tuple[str, Choice]]:
        """(column, choice) for every column that is used."""
        for choice in self.choices:
            for column in choice.columns:
                yield column, choice
