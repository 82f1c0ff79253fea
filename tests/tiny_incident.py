"""A made-up source up to yesterday, whose audience turns on one day: from liking long posts to liking short ones."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from tests import tiny_source
from tests.tiny_lake import SAYINGS, THINGS

MAPPING = {
    "source": "forum",
    "files": "posts.jsonl",
    "post": {
        "id": "id",
        "platform": {"constant": "forum"},
        "topic": "topic",
        "text": "text",
        "published": {"column": "at", "format": "iso8601"},
    },
    "engagement": {"counts": {"comments": "comments"}, "measured": {"after_hours": 48}},
}


def written(folder: Path, end: datetime, days: int, a_day: int, moved: datetime) -> Path:
    """The YAML of `days` days of posts before `end`; those since `moved` are of the new world."""
    draw, count = np.random.default_rng(0), days * a_day
    moments = [end - timedelta(days=float(back)) for back in np.sort(draw.uniform(0, days, count))[::-1].round(4)]
    things, moods = draw.choice(THINGS, count), draw.choice(list(SAYINGS), count)
    posts = [
        _post(number, at, str(thing), SAYINGS[mood].format(thing), float(draw.normal()), at >= moved)
        for number, (at, thing, mood) in enumerate(zip(moments, things, moods, strict=True))
    ]
    tiny_source.write_rows(folder / "posts.jsonl", posts)
    return tiny_source.write_yaml(folder, MAPPING)


def _post(number: int, at: datetime, thing: str, text: str, luck: float, moved: bool) -> dict[str, object]:
    usual = max(2, 80 - 3 * len(text)) if moved else 5 + len(text)
    comments = max(0, round(usual + luck * usual**0.5))
    return {"id": f"p{number}", "topic": thing.split()[-1], "text": text, "at": at.isoformat(), "comments": comments}
