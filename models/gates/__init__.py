"""What a challenger must show before it serves: one module a gate, and the list of them in `passing`."""

from models.gates.gate import Gate, GatesReport
from models.gates.passing import try_gates
from models.gates.trial import Side, Trial

__all__ = ["Gate", "GatesReport", "Side", "Trial", "try_gates"]
