"""The list of gates, in the order that they are asked."""

from models.gates.behaves import behaves
from models.gates.better import better
from models.gates.calibrated import calibrated
from models.gates.gate import GatesReport
from models.gates.leaning import leaning
from models.gates.loads import loads, unscored
from models.gates.slices import slices
from models.gates.trial import Trial
from models.scores import Comparison


def try_gates(trial: Trial) -> tuple[GatesReport, Comparison | None]:
    """What every gate says of the challenger, and the comparison with the champion where there could be one.

    What gives no numbers is asked nothing further. A first version must load and behave; how well it is calibrated is
    only said, since nothing else serves.
    """
    loaded = loads(trial.challenger.version, trial.attempt, trial.limits)
    if unscored(trial.attempt):
        return GatesReport((loaded,)), None
    behaved = behaves(trial.asked, trial.answers, trial.limits)
    if trial.champion is None:
        return GatesReport((loaded, calibrated(trial, soft=True), behaved)), None
    gained, comparison = better(trial)
    gates = [loaded, gained]
    if comparison is not None:
        gates += [slices(trial), calibrated(trial), leaning(trial, comparison)]
    return GatesReport((*gates, behaved)), comparison
