"""Scores posts with a registered bundle where nothing of ours is to be found: run by a process of its own.

    python -E -P clean_process.py REQUEST ANSWER

REQUEST and ANSWER are pickles of plain values and frames. `mlflow` takes seconds to import and the bundle's file calls
it only to hand its object over, so that a stand-in takes the object. This file is run and never imported.
"""

import importlib
import pickle
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

ALONE_POSTS, TIMES = 5, 3  # posts scored one by one, and how often each: the quickest time is the least disturbed


def main(request: Path, answer: Path) -> None:
    asked = pickle.loads(request.read_bytes())  # written a moment ago by our own parent
    sys.dont_write_bytecode = True
    for name in asked["blocked"]:
        sys.modules[name] = None  # type: ignore[assignment] # importing it fails
    started = time.process_time()  # of this process alone: how busy the machine is says nothing of the bundle
    bundle = defined(Path(asked["code"]), asked["stand_in"])
    imported = time.process_time()
    bundle.load_context(SimpleNamespace(artifacts=asked["artifacts"]))
    loaded = time.process_time()
    answers = [bundle.predict(None, frame) for frame in asked["frames"]]
    found = {
        "import_seconds": imported - started,
        "load_seconds": loaded - imported,
        "post_ms": post_ms(bundle, asked["frames"]),
        "answers": answers,
    }
    answer.write_bytes(pickle.dumps(found))


def defined(code: Path, stand_in: bool) -> Any:
    """The object that the bundle's file hands over to MLflow."""
    handed: list[Any] = []
    if stand_in:
        mlflow: Any = ModuleType("mlflow")
        mlflow.pyfunc = SimpleNamespace(PythonModel=object)
        mlflow.models = SimpleNamespace(set_model=handed.append)
        sys.modules["mlflow"] = mlflow
    else:
        importlib.import_module("mlflow").models.set_model = handed.append
    served = ModuleType("served")
    served.__file__ = str(code)
    sys.modules["served"] = served  # dataclasses look their module up
    exec(compile(code.read_text("utf-8"), str(code), "exec"), served.__dict__)  # the registered code
    return handed[-1]


def post_ms(bundle: Any, frames: list[Any]) -> float | None:
    """Milliseconds for one post scored alone, by the median post; None without posts."""
    rows = next((frame for frame in frames if len(frame)), None)
    if rows is None:
        return None
    posts = [rows.iloc[[at]] for at in range(min(len(rows), ALONE_POSTS))]
    spent = sorted(min(seconds(bundle, post) for _ in range(TIMES)) for post in posts)
    return 1000 * spent[len(spent) // 2]


def seconds(bundle: Any, post: Any) -> float:
    started = time.process_time()
    bundle.predict(None, post)
    return time.process_time() - started


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
