"""A bundle scored by a process that knows nothing of ours: isolated, elsewhere, and without what it did not ask for."""

import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pandas import DataFrame

from models.artifact import ADAPTER, OURS, imports

SCRIPT = Path(__file__).with_name("clean_process.py")
# LightGBM imports these where they are installed, for seconds, and does without them where they are not.
DISPENSABLE = {"sklearn", "dask", "matplotlib"}


@dataclass(frozen=True)
class Attempt:
    """What a clean process made of a bundle; `failure` is why it made nothing of it, in a few words."""

    size_mb: float
    import_seconds: float = 0.0
    load_seconds: float = 0.0
    post_ms: float | None = None
    answers: tuple[DataFrame, ...] = field(default=(), repr=False)
    failure: str = ""


def score_alone(folder: Path, frames: Sequence[DataFrame], limit_seconds: float) -> Attempt:
    """Score each frame with the model folder of a version, as MLflow keeps it, in a clean process."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20
    code = sorted(folder.glob("*.py"))
    if len(code) != 1:
        return Attempt(size, failure=f"its folder holds {len(code)} files of code, one was wanted")
    with TemporaryDirectory() as place:
        request, answer = Path(place, "request"), Path(place, "answer")
        request.write_bytes(pickle.dumps(_request(folder, code[0], frames)))
        # Neither PYTHONPATH nor the script's folder; what pip installed for the user alone must still be found.
        command = [sys.executable, "-E", "-P", str(SCRIPT), str(request), str(answer)]
        try:
            done = subprocess.run(command, cwd=place, capture_output=True, timeout=limit_seconds)
        except subprocess.TimeoutExpired:
            return Attempt(size, failure=f"it was not done after {limit_seconds:g} s")
        if done.returncode or not answer.exists():
            return Attempt(size, failure=_last_words(done))
        found = pickle.loads(answer.read_bytes())  # written by our own child, from code that we would serve
    return Attempt(size, **found | {"answers": tuple(found["answers"])})


def _request(folder: Path, code: Path, frames: Sequence[DataFrame]) -> dict[str, Any]:
    own = code.read_text("utf-8").removesuffix(ADAPTER)
    needed = imports(own)
    parts = folder / "artifacts"
    return {
        "code": str(code),
        "artifacts": {path.name: str(path) for path in parts.iterdir()} if parts.is_dir() else {},
        "blocked": sorted(OURS | (DISPENSABLE - needed)),
        "stand_in": "mlflow" not in needed,
        "frames": list(frames),
    }


def _last_words(done: subprocess.CompletedProcess) -> str:
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return said[-1][:300] if said else f"it ended with code {done.returncode}"
