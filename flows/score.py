"""score: posts of a window -> predictions of the champion, and of those in its shadow, in the lake."""

from datetime import datetime
from typing import Any

from prefect import flow

from flows import steps
from trimtab.windows import Window


@flow(name="score", flow_run_name="score {model} to {end:%Y-%m-%d}")
def score(
    model: str, start: datetime, end: datetime, home: str | None = None, as_of: datetime | None = None
) -> dict[str, Any]:
    """Score the posts that became known in [start, end), on the features known at each post's own moment.

    A challenger that waits, and the version before while a watch runs, score the same posts under roles of their own.
    """
    stores, window = steps.open_stores(home), Window(start, end)
    spec, as_of = stores.model(model), as_of or end
    steps.refresh_features(stores, as_of)
    posts, champion = steps.find_posts(stores, spec, window, as_of)
    written = steps.write_scores(stores, spec, champion, "champion", posts, as_of)
    others = steps.score_beside(stores, spec, posts, as_of)
    scored = f"{spec.name} {champion.version} scored {written:,} of {len(posts):,} posts of {window}"
    sentence = f"{'; '.join([scored, *others]).rstrip('.')}."
    return {"version": champion.version, "posts": len(posts), "written": written, "sentence": sentence}
