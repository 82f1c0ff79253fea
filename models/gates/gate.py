"""What a gate says of a challenger, and what all of them say together. Prints as one sentence."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Gate:
    """One demand on a challenger: what was found, what was wanted, and that in a sentence.

    `judged` is False where there was too little to judge by. `soft`: a failure is said and does not refuse.
    `figures` are the numbers behind the sentence.
    """

    name: str
    passed: bool
    value: str
    wanted: str
    sentence: str
    judged: bool = True
    soft: bool = False
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def refuses(self) -> bool:
        return not (self.passed or self.soft)

    @property
    def verdict(self) -> str:
        if self.refuses:
            return "refused"
        if not self.judged:
            return "not judged"
        return "passed" if self.passed else "failed, only said"

    @classmethod
    def unjudged(cls, name: str, wanted: str, why: str, *, passed: bool = True) -> "Gate":
        """A gate without enough to judge by: it lets pass, unless it is one that must have been judged."""
        return cls(name, passed, why.rstrip("."), wanted, f"Not judged: {why}", judged=False)


@dataclass(frozen=True)
class GatesReport:
    """What every gate said, in the order they were asked."""

    gates: tuple[Gate, ...]

    @property
    def passed(self) -> bool:
        return not self.refusing

    @property
    def refusing(self) -> tuple[Gate, ...]:
        return tuple(gate for gate in self.gates if gate.refuses)

    @property
    def waits(self) -> bool:
        """Whether it is refused for want of data alone, so that it may be judged again later."""
        return bool(self.refusing) and not any(gate.judged for gate in self.refusing)

    def __str__(self) -> str:
        if self.refusing:
            names = _listed(gate.name for gate in self.refusing)
            said = "; ".join(gate.sentence.rstrip(".") for gate in self.refusing)
            return f"Refused by the gate{'s' if len(self.refusing) > 1 else ''} {names}: {said}."
        judged = [gate for gate in self.gates if gate.judged and gate.passed]
        left = [f"{gate.name} {gate.verdict}" for gate in self.gates if gate not in judged]
        names = _listed(gate.name for gate in judged) or "none"
        return f"Gates passed: {names}{'; ' if left else ''}{', '.join(left)}."

    def evidence(self) -> list[dict[str, Any]]:
        """Plain values, for the ledger and for JSON."""
        return [asdict(gate) for gate in self.gates]

    @classmethod
    def from_evidence(cls, kept: Iterable[Mapping[str, Any]]) -> "GatesReport":
        """The report that `evidence` wrote down."""
        return cls(tuple(Gate(**gate) for gate in kept))


def _listed(names: Iterable[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    *most, last = [*names] or [""]
    return f"{', '.join(most)} and {last}" if most else last
