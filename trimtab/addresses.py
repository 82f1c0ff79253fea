"""Where the parts that run can be looked at: what the settings say, else what `trimtab up` wrote down."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from trimtab.settings import Links

FILE = "up.json"


@dataclass(frozen=True)
class Addresses:
    """URL of each part, without a slash at the end; None for one that is not known to run."""

    prefect: str | None = None
    mlflow: str | None = None
    evidently: str | None = None
    page: str | None = None
    score: str | None = None


def read(home: Path, links: Links) -> Addresses:
    """Addresses by part; a file that cannot be read counts as none, since nothing depends on it but links."""
    kept = started(home)
    there = asdict(kept[1]) if kept else {}
    said = {name: getattr(links, f"{name}_url") or there.get(name) for name in Addresses.__dataclass_fields__}
    return Addresses(**{name: url.rstrip("/") if url else None for name, url in said.items()})


def started(home: Path) -> tuple[int, Addresses] | None:
    """Process and addresses of the `trimtab up` that runs on `home`; None where none does, or was killed."""
    try:
        kept = json.loads((home / FILE).read_text(encoding="utf-8"))
        there = Addresses(**{name: kept["addresses"].get(name) for name in Addresses.__dataclass_fields__})
        pid = int(kept["pid"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:  # somebody else's, and alive
        pass
    return pid, there


def write(home: Path, addresses: Addresses, pid: int) -> None:
    """Kept for the other processes, with the process that started the parts; whole or not at all."""
    draft = home / f".{FILE}.part"
    draft.write_text(json.dumps({"pid": pid, "addresses": asdict(addresses)}, indent=2), encoding="utf-8")
    draft.replace(home / FILE)


def forget(home: Path) -> None:
    """Nothing runs there any more."""
    (home / FILE).unlink(missing_ok=True)
