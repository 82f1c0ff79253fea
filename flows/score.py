"""score: posts of a window -> predictions of the champion, and of those in its shadow, in the lake."""

from datetime import datetime
from typing import Any

from flows import steps
from flows.running import flow_of
from models.stores import Stores
from monitoring.due import HOUR, floored
from trimtab.windows import Window


@flow_of("score", "model", "end")
def score(
    model: str,
    start: datetime | None = None,
    end: datetime | None = None,
    home: str | None = None,
    as_of: datetime | None = None,
) -> dict[str, Any]:
    """Score posts by the champion, on the features known at each post's own moment.

    Without a start, those are scored that no champion has scored yet: what came in since the last run, and what came
    late. A challenger that waits, and the version before while a watch runs, score the same posts under roles of
    their own.

    Args:
        model: Name of the model.
        start: Score posts that became known from here on (UTC). Empty: all that were not scored yet.
        end: And before here (UTC). Empty: the last full hour.
        home: Folder of every store. Empty: TRIMTAB_HOME.
        as_of: See only what was known by then (UTC). Empty: the end.
    """
    stores = steps.open_stores(home)
    until = steps.moment(end) if end else floored(steps.moment(None), HOUR)
    seen = steps.moment(as_of) if as_of else until
    if start is not None:
        return _score(stores, model, Window(steps.moment(start), until), seen)
    found = steps.find_unscored(stores, stores.model(model).name, until)
    if found is None:
        sentence = f"No post of before {until:%Y-%m-%d %H:%M} is left for {model} to score."
        return {"version": None, "posts": 0, "written": 0, "sentence": sentence}
    return _score(stores, model, found.window, seen, found)


def _score(stores: Stores, model: str, window: Window, as_of: datetime, only: Any = None) -> dict[str, Any]:
    spec = stores.model(model)
    steps.refresh_features(stores, as_of)
    posts, champion = steps.find_posts(stores, spec, window, as_of)
    posts = only.of(posts) if only is not None else posts
    written = steps.write_scores(stores, spec, champion, "champion", posts, as_of)
    others = steps.score_beside(stores, spec, posts, as_of)
    scored = f"{spec.name} {champion.version} scored {written:,} of {len(posts):,} posts of {window}"
    sentence = f"{'; '.join([scored, *others]).rstrip('.')}."
    return {"version": champion.version, "posts": len(posts), "written": written, "sentence": sentence}
