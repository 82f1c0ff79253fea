"""Loads in a clean process and scores there, within a budget of size and time."""

import numpy as np

from models.gates.alone import Attempt
from models.gates.gate import Gate
from trimtab.settings import Gates

NAME = "loads"


def loads(version: str, attempt: Attempt, limits: Gates) -> Gate:
    """Of what a clean process made of the bundle."""
    wanted = (
        f"at most {limits.size_limit_mb:g} MB, {limits.load_limit_seconds:g} s to load, "
        f"{limits.post_limit_ms:g} ms a post"
    )
    if attempt.failure:
        why = f"Version {version} does not load in a clean process: {attempt.failure}."
        return Gate(NAME, False, "does not load", wanted, why)
    figures = {
        "size_mb": attempt.size_mb,
        "load_seconds": attempt.load_seconds,
        "import_seconds": attempt.import_seconds,
    }
    value = f"{attempt.size_mb:.1f} MB, {attempt.load_seconds:.2f} s"
    if attempt.post_ms is not None:
        figures["post_ms"], value = attempt.post_ms, f"{value}, {attempt.post_ms:.1f} ms"
    wrong = [*_over(attempt, limits), *filter(None, [unscored(attempt)])]
    verdict = ", but ".join([f"Version {version} loads in a clean process", *wrong])
    return Gate(NAME, not wrong, value, wanted, f"{verdict} ({value} a post).", figures=figures)


def _over(attempt: Attempt, limits: Gates) -> list[str]:
    """Each budget that is not kept, and by how much."""
    spent = {
        "MB": (attempt.size_mb, limits.size_limit_mb, "is {:.1f} MB where {:g} MB are allowed"),
        "s": (attempt.load_seconds, limits.load_limit_seconds, "takes {:.1f} s to load where {:g} s are allowed"),
        "ms": (attempt.post_ms or 0.0, limits.post_limit_ms, "takes {:.1f} ms a post where {:g} ms are allowed"),
    }
    return [text.format(found, limit) for found, limit, text in spent.values() if found > limit]


def unscored(attempt: Attempt) -> str:
    """Why its scores cannot be judged; nothing where all are numbers."""
    numbers = [answer.select_dtypes("number").to_numpy(float) for answer in attempt.answers]
    bad = sum(int((~np.isfinite(found)).any(axis=1).sum()) for found in numbers)
    return attempt.failure or (
        f"gives {bad:,} of {sum(map(len, numbers)):,} posts a score that is no number" * (bad > 0)
    )
