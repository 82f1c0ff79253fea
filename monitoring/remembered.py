"""Does the data of before a training still say what the version learned from? Its bundle has kept the figures.

The reference that windows are held against is read from the lake each time. Rows that were ingested, corrected or
converted anew since change it under the version, which then drifts from a world that it never saw.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models.about import BASELINE, TRAINING
from models.baseline import summary
from models.history import History
from models.record import origin_of
from monitoring.wording import names
from trimtab.windows import Window

TOLERANCE = 0.02  # of the posts, of the share of a value, or of the range that a number's quantiles span


def changed_since(about: Mapping[str, bytes], history: History) -> str:
    """In words how the reference differs from what it was at the training; empty where it does not, or nobody kept it.

    `about`: the files of models.about. `history`: as it is now, blocked windows included.
    """
    if not {BASELINE, TRAINING} <= set(about) or history.origin is None:
        return ""
    kept, origin = json.loads(about[BASELINE]), origin_of(json.loads(about[TRAINING]))
    start, end = (datetime.fromisoformat(kept["reference"][name]) for name in ("start", "end"))
    if origin is None or history.origin.period.start > max(start, origin.period.start):
        return ""  # made of rows of no lake, or too old to be read again
    then, past = kept["reference"]["posts"], Window(max(start, origin.period.start), end)
    posts = history.without(origin.blocked).scored_in(past)
    moved = [name for name, was in kept["features"].items() if name in posts and _moved(was, summary(posts[name]))]
    count = [f"{len(posts):,} in place of {then:,}"] if abs(len(posts) - then) > TOLERANCE * then else []
    what = [*count, *([f"with other values of {names(moved)}"] if moved else [])]
    return f"the posts of {past} are not those of its training any more: {', '.join(what)}" if what else ""


def _moved(then: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Between two summaries of models.baseline."""
    if set(then) != set(now):
        return True
    gaps = [(then["nulls"] or 0.0) - (now["nulls"] or 0.0)]
    for kind in set(then) - {"nulls"}:
        spread = 1.0 if kind == "shares" else max(then[kind].values()) - min(then[kind].values()) or 1.0
        gaps += [(then[kind][name] - now[kind][name]) / spread for name in set(then[kind]) & set(now[kind])]
    return max(map(abs, gaps)) > TOLERANCE
