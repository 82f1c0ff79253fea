"""The versions that score the same posts beside the champion: what they said is kept, and serves nobody."""

from datetime import datetime

from pandas import DataFrame

from models.score import write_predictions
from models.spec import Model
from models.stores import Stores
from models.watch import running
from trimtab.errors import TrimtabError


def beside(stores: Stores, name: str) -> dict[str, str]:
    """Version by role: `challenger` while it waits, `previous` while the watch over the champion runs."""
    aliases = stores.registry.aliases(name)
    roles = ["challenger", *(["previous"] if running(stores.ledger, name) else [])]
    return {role: aliases[role] for role in roles if role in aliases and aliases[role] != aliases.get("champion")}


def score_beside(stores: Stores, model: Model, posts: DataFrame, scored_at: datetime) -> list[str]:
    """Score the posts with each of them; in words, which did. One that cannot holds nobody up."""
    found = beside(stores, model.name).items()
    return [_scored(stores, model, role, version, posts, scored_at) for role, version in found]


def _scored(stores: Stores, model: Model, role: str, version: str, posts: DataFrame, scored_at: datetime) -> str:
    try:
        write_predictions(stores, model, stores.registry.load(model.name, version), role, posts, scored_at)
    except TrimtabError as error:
        return f"{role} {version} did not: {error}"
    return f"{role} {version} scored them too"
