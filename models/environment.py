"""What a version was made with: libraries, machine, and a digest of each of our modules that had a part in it.

The bundle's bytes follow from rows, request and settings only as long as these are the same: where a version cannot be
made again byte for byte, a difference here may say why.
"""

import ast
import platform
import zlib
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from models.spec import Model

LIBRARIES = (
    *("deltalake", "duckdb", "feast", "ibis-framework", "lightgbm", "mlflow", "numpy", "pandas", "pyarrow"),
    *("scikit-learn", "scipy", "threadpoolctl", "trimtab", "vaderSentiment"),
)
OURS = ("trimtab", "models", "feature_repo")
ROOTS = ("models.train", "models.about", "models.feature_store", "trimtab.features")
# They keep, show and judge what was made, and have no part in making it.
KEEPERS = ("models.registry", "models.stores", "models.story", "models.card", "models.plots", "trimtab.ledger")


def environment(model: Model) -> dict[str, Any]:
    """libraries, machine, code: name -> version or digest."""
    machine = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
        "blas": ", ".join(_blas()),
    }
    return {"libraries": {name: _version(name) for name in LIBRARIES}, "machine": machine, "code": code(model)}


def code(model: Model) -> dict[str, str]:
    """Digest of the text of each of our modules that the training imports, the model's own among them."""
    own = (model.fit.__module__, model.scoring)
    waiting, found = [*ROOTS, *own], dict[str, str]()
    ours = (*OURS, *(name.split(".")[0] for name in own))
    while waiting:
        name = waiting.pop()
        text = None if name in found or name in KEEPERS or name.split(".")[0] not in ours else _text(name)
        if text is not None:
            found[name] = sha256(text.encode()).hexdigest()[:16]
            waiting += _imports(text)
    return dict(sorted(found.items()))


def _imports(text: str) -> Iterator[str]:
    """Every name that may be a module: of `from models import bundle` both are."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _text(name: str) -> str | None:
    """The source of a module, None for what is none."""
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    origin = spec.origin if spec else None
    return Path(origin).read_text("utf-8") if origin and origin.endswith(".py") else None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _blas() -> list[str]:
    """The kernels that were picked for this processor: others may round otherwise."""
    from threadpoolctl import threadpool_info

    pools = (pool for pool in threadpool_info() if pool.get("user_api") == "blas")
    parts = ([pool.get(part) for part in ("internal_api", "version", "architecture")] for pool in pools)
    return sorted({" ".join(str(part) for part in told if part) for told in parts})
