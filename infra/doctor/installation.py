"""Python, the packages and the settings."""

import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from infra.doctor.finding import Case, Finding, ok, warning, wrong
from trimtab.errors import TrimtabError
from trimtab.source import load

LOCK = Path(__file__).parents[2] / "requirements.lock"  # beside the code, in a clone
AGAIN = "Install anew from the lock: make clean && make test, or pip install --require-hashes -r requirements.lock."
SHOWN = 3
PIN = re.compile(r"^([A-Za-z0-9][^\\\n]*==[^\\\n]*)", re.MULTILINE)


def python(case: Case) -> Iterator[Finding]:
    """Is this Python one that trimtab runs on?"""
    found = ".".join(map(str, sys.version_info[:3]))
    wanted = metadata.metadata("trimtab")["Requires-Python"] or ">=3.11"
    if SpecifierSet(wanted).contains(found):
        yield ok("python", f"Python {found} at {sys.executable}.")
    else:
        yield wrong("python", f"Python {found} was found and {wanted} is wanted.", "Use a newer Python.")


def packages(case: Case) -> Iterator[Finding]:
    """Is every package there, in a version that pyproject.toml wants?"""
    wanted = [Requirement(text) for text in metadata.requires("trimtab") or []]
    wanted = [each for each in wanted if _applies(each)]
    bad = [trouble for each in wanted if (trouble := _trouble(each))]
    if bad:
        yield wrong("packages", f"{_some(bad)}.", AGAIN)
    else:
        yield ok("packages", f"All {len(wanted)} packages that trimtab names are there in versions that it wants.")


def lock(case: Case) -> Iterator[Finding]:
    """Are the packages those of the lock, by which everything was tested?"""
    if not LOCK.exists():
        yield ok("lock", "No requirements.lock lies beside the code, so versions are held against its limits alone.")
        return
    pinned = [each for line in PIN.findall(LOCK.read_text("utf-8")) if _applies(each := Requirement(line))]
    found = [(each, version) for each in pinned if (version := _version(each.name))]
    other = [
        f"{each.name} is {version}, locked {each.specifier}" for each, version in found if version not in each.specifier
    ]
    if other:
        yield warning("lock", f"{_some(other)}.", AGAIN)
    else:
        yield ok("lock", f"All {len(found)} packages that are locked and installed have the locked version.")


def settings(case: Case) -> Iterator[Finding]:
    """Can TRIMTAB_* be used, and can every source that they name?"""
    if case.trouble:
        yield wrong("settings", case.trouble, "Until then the checks below go by the defaults.")
        return
    given = sorted(name for name in case.environ if name.startswith("TRIMTAB_"))
    yield ok("settings", f"{', '.join(given)} can be used." if given else "Every setting is at its default.")
    for path in case.settings.sources:
        yield _source(path)


def _source(path: Path) -> Finding:
    try:
        source = load(path)
    except (TrimtabError, OSError) as error:
        return wrong("sources", str(error), "Correct the YAML, or take it out of TRIMTAB_SOURCES.")
    return ok("sources", f"Source {source.name} by {path}.")


def _trouble(wanted: Requirement) -> str | None:
    found = _version(wanted.name)
    if found is None:
        return f"{wanted.name} is not installed"
    if not wanted.specifier.contains(found, prereleases=True):
        return f"{wanted.name} {found} was found and {wanted.specifier} is wanted"
    return None


def _applies(wanted: Requirement) -> bool:
    """Whether it is wanted on this Python and system, without extras."""
    return wanted.marker is None or wanted.marker.evaluate({"extra": ""})


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _some(troubles: list[str]) -> str:
    more = f"; {len(troubles) - SHOWN} more" if len(troubles) > SHOWN else ""
    return "; ".join(troubles[:SHOWN]) + more
