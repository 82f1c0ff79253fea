"""Whether the features that posts are served with are those that a version learned from."""

import json
from collections.abc import Mapping
from typing import Any

from models.about import FEATURES

Definition = Mapping[str, Any]  # as models.feature_store.definition_of gives it


def recorded(about: Mapping[str, bytes]) -> Definition | None:
    """The feature service that a bundle says it learned from; None for a version of before it did."""
    return json.loads(about[FEATURES])["service"] if FEATURES in about else None


def difference(learned: Definition | None, applied: Definition | None) -> str | None:
    """What the online store has otherwise, as one sentence; None where nothing, or where one of them is not known."""
    if learned is None or applied is None or learned["version"] == applied["version"]:
        return None
    before, now = _columns(learned), _columns(applied)
    gone = sorted(before.keys() - now.keys())
    other = sorted(name for name in before.keys() & now.keys() if before[name] != now[name])
    more = sorted(now.keys() - before.keys())
    told = [f"{what} {', '.join(names)}" for what, names in (("lacks", gone), ("redefines", other)) if names]
    told += [f"adds {', '.join(more)}"] if more and not told else []
    return (
        f"It learned from feature service {learned['service']} {learned['version']}; the online store has "
        f"{applied['version']}, which {' and '.join(told) or 'orders them otherwise'}. Retrain it on these features, "
        "or serve with the release of trimtab that it was trained with."
    )


def _columns(service: Definition) -> dict[str, tuple[str, str, str]]:
    """Feature -> view, key and type."""
    views = service["views"].items()
    return {name: (view, of["key"], kind) for view, of in views for name, kind in of["features"].items()}
