"""The manifest of a model folder: the sha256 of every file, by which a changed byte is found before it serves."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from shutil import rmtree

from trimtab.errors import RegistryError

MANIFEST = "manifest.json"
LEFT_BY_OTHERS = ("registered_model_meta",)  # MLflow notes there where a copy came from
CACHES = "__pycache__"


@dataclass(frozen=True)
class Fault:
    """A file that is not as it was registered, and what is wrong with it."""

    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.file} {self.what}"


def seal(folder: Path) -> str:
    """Write the manifest of all files below `folder`; returns its own sha256."""
    files = {name: {"bytes": path.stat().st_size, "sha256": _sha256(path)} for name, path in _files(folder).items()}
    text = json.dumps({"files": files}, indent=1).encode()
    (folder / MANIFEST).write_bytes(text)
    return sha256(text).hexdigest()


def sealed(folder: Path) -> dict[str, str]:
    """sha256 by file, as the manifest has it; {} for a version of before there were manifests."""
    place = folder / MANIFEST
    if not place.exists():
        return {}
    try:
        return {name: kept["sha256"] for name, kept in json.loads(place.read_bytes())["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def faults(folder: Path, seal_of: str | None) -> list[Fault]:
    """What is not as it was sealed. `seal_of` is what `seal` returned; without it the manifest is believed as it is."""
    place = folder / MANIFEST
    if seal_of is None and not place.exists():
        return []  # registered before there were manifests
    if not place.exists():
        return [Fault(MANIFEST, "is missing")]
    if seal_of not in (None, _sha256(place)):
        return [Fault(MANIFEST, "is not the one that was registered")]
    kept, found = sealed(folder), _files(folder)
    if not kept:
        return [Fault(MANIFEST, "cannot be read")]
    return [*_changed(kept, found), *(Fault(name, "was not there then") for name in sorted(found.keys() - kept))]


def check(folder: Path, seal_of: str | None, what: str) -> None:
    """Raise RegistryError where a file of `what`, 'tiny 3', is not as it was registered.

    Bytecode that somebody's Python left there is removed: no digest stands for it.
    """
    for cache in list(folder.rglob(CACHES)):
        rmtree(cache, ignore_errors=True)
    wrong = faults(folder, seal_of)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise RegistryError(
            f"{what} is not what was registered: {wrong[0]}{more}, in {folder}. It was not loaded; restore the file "
            "from a backup, or retrain after a rollback to another version."
        )


def _changed(kept: Mapping[str, str], found: Mapping[str, Path]) -> list[Fault]:
    wrong = []
    for name, digest in kept.items():
        if name not in found:
            wrong.append(Fault(name, "is missing"))
        elif (now := _sha256(found[name])) != digest:
            wrong.append(Fault(name, f"has sha256 {now[:12]}..., {digest[:12]}... was registered"))
    return wrong


def _files(folder: Path) -> dict[str, Path]:
    """Every file below `folder` by its relative name, but for the manifest and what others leave there."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and CACHES not in path.parts)
    named = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: path for name, path in named.items() if name not in (MANIFEST, *LEFT_BY_OTHERS)}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
