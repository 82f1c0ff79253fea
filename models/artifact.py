"""The file that MLflow runs for a version: the scoring module's own text, and a few lines that call it.

Models-from-code instead of pickles or `code_paths`: MLflow executes the file under a name of its own for each load, so
two versions with different code and equal class names live side by side in one process.
"""

import ast
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from trimtab.errors import RegistryError

OURS = {"trimtab", "models", "monitoring", "flows", "feature_repo", "simulator", "tests"}
DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "pyyaml"}
ADAPTER = """

# Written by trimtab: MLflow finds the Scorer above through this class.
import mlflow
import pandas


class Bundle(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.scorer = Scorer.load(context.artifacts["bundle"])
        self.score = getattr(self.scorer, "score", None)

    def predict(self, context, model_input: pandas.DataFrame, params=None):
        return self.scorer.predict(model_input)

    def explain(self, model_input):
        return self.scorer.explain(model_input)


mlflow.models.set_model(Bundle())
"""


def model_file(scoring: str) -> str:
    """The whole text of the models-from-code file of a scoring module."""
    return scoring_source(scoring).rstrip() + "\n" + ADAPTER


def scoring_source(scoring: str) -> str:
    """The text of the module, read without importing it."""
    spec = find_spec(scoring)
    if spec is None or spec.origin is None:
        raise RegistryError(f"Scoring module '{scoring}' is not found; name a module of one file.")
    return Path(spec.origin).read_text(encoding="utf-8")


def requirements(scoring: str) -> list[str]:
    """What the file imports, pinned to what is installed; a module that would not travel with it is refused."""
    needed = imports(scoring_source(scoring)) | {"mlflow", "pandas"}
    stuck = sorted(needed & OURS)
    if stuck:
        raise RegistryError(
            f"Scoring module '{scoring}' imports {', '.join(stuck)}, which is not there where a version is served; "
            "copy what it needs into the module."
        )
    return [_pinned(scoring, name) for name in sorted(needed)]


def imports(source: str) -> set[str]:
    """Top-level names that a text imports, but for the standard library's."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add("models" if node.level else str(node.module).split(".")[0])
    return names - sys.stdlib_module_names


def _pinned(scoring: str, name: str) -> str:
    distribution = DISTRIBUTIONS.get(name, name)
    try:
        return f"{distribution}=={version(distribution)}"
    except PackageNotFoundError as error:
        raise RegistryError(
            f"Scoring module '{scoring}' imports '{name}', which no installed package provides under that name; "
            "install it, or do without it."
        ) from error
