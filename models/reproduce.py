"""A version made again from the data, request and settings that it recorded, and held against itself byte by byte.

The work is done in a scratch folder below home; registry, aliases and features are only read.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from filelock import Timeout

from models.about import ENVIRONMENT, TRAINING
from models.artifact import model_file
from models.differences import difference
from models.explanations import explanations
from models.history import load_history
from models.manifest import MANIFEST, Fault, check, faults, sealed
from models.record import Record, base_of, origin_of, record_of, request_of, settings_of
from models.reproduction import Reproduction
from models.spec import Model
from models.stores import Stores
from models.train import make, told
from trimtab.errors import RegistryError

SCORED, TOLD = "artifacts/bundle", "artifacts/about"
REQUESTED = f"{TOLD}/{TRAINING}"
Files = Mapping[str, bytes]


def reproduce(stores: Stores, model: Model, version: str, *, at: datetime, actor: str) -> Reproduction:
    """Make the version again, compare, and write what came of it into the ledger.

    Raises RegistryError where the version does not say what it was made from, or what it says was changed since;
    LakeError where that data is gone.
    """
    folder, wrong = _examined(stores, model.name, version)
    then, digests = _kept(folder, model), sealed(folder)
    record = _record(model.name, version, then)
    with _scratch(stores, model.name, version, record) as scratch:
        now = _again(stores, scratch, model, record)
    found = _compared(model, version, record, then, now, _damaged(wrong, now, digests))
    reason, evidence = str(found), found.plain()
    stores.ledger.append(
        "reproduced", at=at, model=model.name, version=version, actor=actor, reason=reason, evidence=evidence
    )
    return found


def _examined(stores: Stores, name: str, version: str) -> tuple[Path, list[Fault]]:
    """The files of the version and what is wrong with them; what it was made from must not be."""
    folder, seal = stores.registry.folder(name, version, checked=False), stores.registry.info(name, version).seal
    wrong = faults(folder, seal)
    _as_trained(stores, name, version, seal)
    if any(fault.file in (MANIFEST, REQUESTED) for fault in wrong):
        check(folder, seal, f"{name} {version}")
    return folder, wrong


def _as_trained(stores: Stores, name: str, version: str, seal: str | None) -> None:
    """The ledger, which nobody changes unnoticed, noted the seal when the version was made."""
    noted = [entry.evidence.get("seal") for entry in stores.ledger.entries(name, "trained") if entry.version == version]
    if noted and noted[0] not in (None, seal):
        raise RegistryError(
            f"{name} {version} is not what was registered: its seal is {str(seal)[:12]}..., the ledger noted "
            f"{noted[0][:12]}... when it was made. Restore the registry from a backup, or retrain."
        )


def _kept(folder: Path, model: Model) -> dict[str, bytes]:
    """What was registered: the code, and the files of the bundle; those of MLflow hold its own ids."""
    places = [folder / f"{model.name}.py", *(path for part in (SCORED, TOLD) for path in (folder / part).glob("*"))]
    return {place.relative_to(folder).as_posix(): place.read_bytes() for place in sorted(places) if place.is_file()}


def _record(name: str, version: str, then: Files) -> Record:
    if REQUESTED not in then:
        raise RegistryError(
            f"{name} {version} does not say what it was made from: it was registered before versions did. It cannot be "
            "made again; a retrain gives one that can."
        )
    record = record_of(then[REQUESTED])
    if record["data"] is None:
        raise RegistryError(
            f"{name} {version} was made from rows that are not in the lake, as a drill or a test makes them; it cannot "
            "be made again. A retrain gives a version that can."
        )
    return record


@contextmanager
def _scratch(stores: Stores, name: str, version: str, record: Record) -> Iterator[Stores]:
    """Stores of a home of their own with the settings of then; one at a time, and gone afterwards."""
    home = stores.settings.home / "reproductions" / f"{name}-{version}"
    try:
        flight = stores.single_flight(f"reproduce-{name}-{version}").acquire()
    except Timeout as error:
        raise RegistryError(f"{name} {version} is being made again already; wait until that has ended.") from error
    with flight:
        shutil.rmtree(home, ignore_errors=True)
        try:
            yield Stores(settings_of(record, stores.settings.model_copy(update={"home": home})))
        finally:
            shutil.rmtree(home, ignore_errors=True)


def _again(stores: Stores, scratch: Stores, model: Model, record: Record) -> dict[str, bytes]:
    """The files that the same request makes now, from the data of then."""
    origin, base = origin_of(record), base_of(record)
    assert origin is not None
    scratch.lake = stores.lake.at(origin.features_lake or origin.lake)
    scratch.refresh_features(origin.features_as_of)
    scratch.lake = stores.lake.at(origin.lake)
    history = load_history(scratch, model, origin.period, origin.as_of).without(origin.blocked)
    request = request_of(record, stores.registry.files(model.name, base) if base else {})
    made = make(model, history, request, scratch.settings.training, scratch.fit_settings)
    *_, about = told(scratch, model, made)
    files = {f"{SCORED}/{name}": content for name, content in made.fitted.files.items()}
    files |= {f"{TOLD}/{name}": content for name, content in about.items()}
    return files | {f"{model.name}.py": model_file(model.scoring).encode()}


def _compared(model: Model, version: str, record: Record, then: Files, now: Files, damaged: list[str]) -> Reproduction:
    """The environment is no part of what must be the same: it may explain what is not."""
    aside = f"{TOLD}/{ENVIRONMENT}"
    names = [name for name in dict.fromkeys([*then, *now]) if name != aside]
    found = (difference(name, then.get(name), now.get(name)) for name in names)
    code = f"{model.name}.py"
    other = [f"The code that it scores with is not that of now ({model.scoring})."] * (then.get(code) != now[code])
    return Reproduction(
        model=model.name,
        version=version,
        data=_data(record),
        files={name: len(then.get(name, b"")) for name in names},
        differences=tuple(each for each in found if each is not None),
        notes=(*damaged, *other, *explanations(record, record_of(now[REQUESTED]), then.get(aside), now[aside])),
    )


def _damaged(wrong: list[Fault], now: Files, digests: Mapping[str, str]) -> list[str]:
    """Files that changed after they were registered, and whether the one made now is the one that was registered."""
    said = []
    for fault in wrong:
        again = fault.file in now and sha256(now[fault.file]).hexdigest() == digests.get(fault.file)
        mended = "; made again, it is as it was registered" if again else ""
        said.append(f"In the registry, {fault}{mended}.")
    return said


def _data(record: Record) -> str:
    versions = ", ".join(f"{table} {version}" for table, version in record["data"]["lake"].items())
    base = f" and the booster of version {base_of(record)}" if base_of(record) else ""
    return f"{versions}{base} as of {datetime.fromisoformat(record['as_of']):%Y-%m-%d %H:%M}"
