"""The list of gates, in the order that they are asked."""

from models.gates.better import better
from models.gates.gate import GatesReport
from models.gates.trial import Trial
from models.scores import Comparison


def try_gates(trial: Trial) -> tuple[GatesReport, Comparison | None]:
    """What every gate says of the challenger, and the comparison with the champion where there could be one."""
    if trial.champion is None:
        return GatesReport(()), None
    gate, comparison = better(trial)
    return GatesReport((gate,)), comparison
