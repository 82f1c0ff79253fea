"""Exports as other people's tools write them: what `trimtab init` must make sense of without being told."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

START = datetime(2023, 3, 1, 6, tzinfo=UTC)
SAYINGS = (
    "The new tram line opens on Sunday, who is coming along?",
    "I have been waiting for this album for three years",
    "Nobody asked, but here is my recipe for lentil soup",
    "Is it only me or has the search become worse again?",
    "Photos of the flood in the old town, please stay safe",
)


def moment(number: int) -> datetime:
    """Five posts a day or so, at odd times."""
    return START + timedelta(hours=5 * number, minutes=(number * 37) % 60, seconds=(number * 11) % 60)


def saying(number: int) -> str:
    return f"{SAYINGS[number % len(SAYINGS)]} ({number})"


def attention(number: int, scale: int = 1) -> int:
    """A count with a long tail."""
    return scale * (number % 7 + (number * number % 400 if number % 13 == 0 else 0))


def twitter(rows: int = 120) -> list[dict[str, Any]]:
    """A flattened export of the old API."""
    return [
        {
            "created_at": f"{moment(n):%a %b %d %H:%M:%S +0000 %Y}", "id": 1630000000000000000 + 7919 * n,
            "id_str": str(1630000000000000000 + 7919 * n), "full_text": saying(n), "source": "Twitter for iPhone",
            "in_reply_to_status_id": "", "user.id": 900 + n % 11, "user.screen_name": f"screen_{n % 11}",
            "user.followers_count": 100 * (n % 11), "user.statuses_count": 4000 + n, "user.created_at": "2011-01-01",
            "retweet_count": attention(n), "favorite_count": attention(n, 3), "lang": "en" if n % 4 else "de",
        }
        for n in range(rows)
    ]  # fmt: skip


def reddit(rows: int = 120) -> list[dict[str, Any]]:
    """Submissions of a dump, fetched a day or two after they were posted."""
    return [
        {
            "id": f"11f{n:03x}", "name": f"t3_11f{n:03x}", "author": f"redditor{n % 17}", "author_flair_text": None,
            "title": saying(n), "selftext": f"{saying(n + 1)} And more of it." if n % 3 else "",
            "score": attention(n, 5), "ups": attention(n, 5), "num_comments": attention(n), "num_crossposts": n % 2,
            "over_18": n % 20 == 0,
            "subreddit": ("trams", "soup", "music")[n % 3], "subreddit_id": f"t5_{n % 3}",
            "subreddit_subscribers": 10_000 + n, "created_utc": int(moment(n).timestamp()),
            "retrieved_on": int((moment(n) + timedelta(hours=50 + n % 20)).timestamp()), "is_self": n % 3 > 0,
            "is_video": n % 10 == 0, "domain": "self.trams" if n % 3 else "example.org",
            "url": f"https://www.reddit.com/r/trams/comments/11f{n:03x}/", "media": {"type": "none"},
        }
        for n in range(rows)
    ]  # fmt: skip


def mastodon(rows: int = 120) -> list[dict[str, Any]]:
    """Statuses as the API gives them, one a line."""
    return [
        {
            "id": str(109_900_000_000_000_000 + n), "created_at": moment(n).isoformat().replace("+00:00", "Z"),
            "in_reply_to_id": None, "sensitive": False, "spoiler_text": "", "visibility": "public", "language": "en",
            "url": f"https://mastodon.social/@person{n % 5}/{n}", "replies_count": attention(n),
            "reblogs_count": attention(n, 2), "favourites_count": attention(n, 4), "content": f"<p>{saying(n)}</p>",
            "account": {"acct": f"person{n % 5}", "followers_count": 12}, "tags": [{"name": "tram"}],
        }
        for n in range(rows)
    ]  # fmt: skip


def youtube(rows: int = 120) -> list[dict[str, Any]]:
    """Comments under videos."""
    return [
        {
            "videoId": f"dQw4w9{n % 4}", "videoTitle": f"How trams work, part {n % 4}",
            "commentId": f"Ugx{n * 7919:06d}", "authorDisplayName": f"Viewer {n % 31}",
            "authorChannelId": f"UC{n % 31:04d}", "textDisplay": f"{saying(n)}<br>",
            "textOriginal": saying(n), "likeCount": attention(n), "totalReplyCount": n % 3,
            "publishedAt": moment(n).isoformat(), "updatedAt": (moment(n) + timedelta(days=1)).isoformat(),
        }
        for n in range(rows)
    ]  # fmt: skip


def spreadsheet(rows: int = 120) -> list[dict[str, Any]]:
    """What a German social-media team keeps by hand."""
    return [
        {
            "Post-Nr.": f"P-{n:04d}", "Veröffentlicht am": f"{moment(n):%d.%m.%Y %H:%M}",
            "Plattform": ("Instagram", "Facebook")[n % 2],
            "Kampagne": ("Frühling", "Straßenbahn", "Suppe")[n % 3], "Verfasser": ("Jörg Müller", "Änne Groß")[n % 2],
            "Text": f"{saying(n)}; mehr dazu", "Gefällt mir": attention(n), "Kommentare": attention(n, 2),
            "Geteilt": n % 5, "Reichweite": attention(n, 90) + 300, "Bemerkung": "",
        }
        for n in range(rows)
    ]  # fmt: skip


def airline(rows: int = 120) -> list[dict[str, Any]]:
    """Labelled tweets, the labels written in another way than ours."""
    words = ("Positive", "Neutral", "Negative", "Negative")
    return [
        {
            "tweet_id": 567_000_000_000_000_000 + n, "airline_sentiment": words[n % 4],
            "airline": ("United", "Delta")[n % 2],
            "name": f"flyer{n % 19}", "text": saying(n), "tweet_created": moment(n).isoformat(sep=" "),
        }
        for n in range(rows)
    ]  # fmt: skip


def feed(rows: int = 120) -> list[dict[str, Any]]:
    """A newsreader's: the dates of e-mail, and no counts."""
    return [
        {"guid": f"item-{n}", "pubDate": format_datetime(moment(n), usegmt=True), "headline": saying(n)}
        for n in range(rows)
    ]


def as_csv(posts: Sequence[dict[str, Any]], mark: str = ",", line: str = "\n") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(posts[0]), delimiter=mark, lineterminator=line)
    writer.writeheader()
    writer.writerows(posts)
    return text.getvalue()


def write(path: Path, posts: Sequence[dict[str, Any]], mark: str = ",", encoding: str = "utf-8") -> Path:
    """CSV, or JSON lines if the name ends so."""
    lines = path.suffix == ".jsonl"
    text = "".join(json.dumps(post) + "\n" for post in posts) if lines else as_csv(posts, mark)
    path.write_bytes(text.encode(encoding))
    return path
