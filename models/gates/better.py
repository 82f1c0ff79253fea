"""Better than the champion on the same fresh mature rows."""

from models.evaluate import Unscorable, compare
from models.gates.gate import Gate
from models.gates.trial import Trial
from models.scores import Comparison
from trimtab.errors import NotEnoughData

NAME = "better"


def better(trial: Trial) -> tuple[Gate, Comparison | None]:
    """The gate, and the comparison that it rests on; None where the rows allow none."""
    assert trial.champion is not None
    wanted = f"less loss, the {trial.release.confidence * 100:g} % interval below 0"
    try:
        found = compare(
            trial.model,
            trial.champion.version,
            trial.challenger.version,
            trial.rows,
            trial.champion.predictions,
            trial.challenger.predictions,
            seed=trial.seed,
            resamples=trial.release.resamples,
            confidence=trial.release.confidence,
        )
    except NotEnoughData as error:
        return Gate.unjudged(NAME, wanted, str(error), passed=False), None
    except Unscorable as error:
        return Gate(NAME, False, "no numbers", wanted, str(error)), None
    return Gate(NAME, found.better, str(found.delta), wanted, str(found)), found
