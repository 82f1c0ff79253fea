"""The post contract: what every row must satisfy, and what a batch is measured by."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from trimtab.posts import COUNTS, SENTIMENTS
from trimtab.settings import Ingest
from trimtab.source import Feed

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # before it there was nothing to post to; epoch ms read as s land far off
LEAST_JUDGED_ROWS = 20  # a share of fewer rows says nothing


@dataclass(frozen=True)
class Check:
    """One expectation about a column; `reason` is what a row or batch that breaks it is told."""

    column: str
    rule: Literal["not_null", "null", "between", "in_set"]
    reason: str
    low: float | datetime | None = None
    high: float | datetime | None = None
    allowed: tuple[str, ...] = ()
    above: str = ""  # the reason of a value above `high`, where that is another mistake than one below `low`


def row_checks(feed: Feed, settings: Ingest, as_of: datetime) -> tuple[Check, ...]:
    """The contract for the mapped rows of a feed, the most telling reason first."""
    latest = as_of + timedelta(hours=settings.future_tolerance_hours)
    checks = [Check("unread", "null", "{value}"), Check("post_id", "not_null", "the id or the platform is missing")]
    if feed.post is not None:
        checks += [
            Check("published_at", "not_null", "the publication time is missing"),
            _time("published_at", "published", latest),
            Check("text", "not_null", "the text is missing"),
            Check("text_chars", "between", f"the text is longer than {settings.text_limit_chars:,} characters",
                  high=settings.text_limit_chars),
            Check("body_chars", "between", "the length of the body is negative or above 2,147,483,647", 0, 2**31 - 1),
            _time("known_at", "known", latest),
        ]  # fmt: skip
    if feed.engagement is not None:
        checks += [Check(count, "between", f"{count} is negative", low=0) for count in feed.engagement.counts.mapped]
        checks += _due("measured_at", "measured", feed.engagement.measured.column, latest)
    if feed.labels is not None:
        known = ", ".join(SENTIMENTS)
        checks += [Check("label", "in_set", "the label '{value}' is none of " + known, allowed=SENTIMENTS)]
        checks += [Check("label", "not_null", "the label is missing")] if feed.post is None else []
        checks += [Check("labeller", "not_null", "the labeller is missing")]
        checks += _due("labelled_at", "labelled", feed.labels.labelled.column, latest)
    return tuple(checks)


def batch_checks(names: list[str], settings: Ingest) -> tuple[Check, ...]:
    """Bounds on the measures of a batch (monitoring.history.measure); a measure that is NaN is not judged."""
    bounds = {
        "bad_share": (None, settings.bad_share),
        "rows_ratio": (1 / settings.volume_factor, settings.volume_factor),
        "unit_ratio": (1 / settings.unit_factor, settings.unit_factor),
        "null_rise": (None, settings.null_share),
    }
    return tuple(Check(name, "between", "", *bounds[name.partition(":")[0]]) for name in names)


def nullable(feed: Feed) -> tuple[str, ...]:
    """Mapped columns that may be null, so that only their share can tell that they broke."""
    found: list[str] = []
    if feed.post is not None:
        found += [name for name in ("topic", "author", "link_domain", "body_chars") if getattr(feed.post, name)]
        found += [name for name in ("has_image", "has_video", "has_link") if getattr(feed.post, name)]
    if feed.engagement is not None:
        found += [count for count in COUNTS if count in feed.engagement.counts.mapped]
    if feed.labels is not None and feed.post is not None:
        found.append("label")
    return tuple(found)


def _time(column: str, word: str, latest: datetime) -> Check:
    early = f"{word} at {{value}}, before 1990; correct the time, or say in the YAML how it is written"
    late = (
        f"{word} at {{value}}, in the future of this run: {latest:%Y-%m-%d %H:%M} at the latest is wanted; correct "
        "the time or its timezone, or replay the row once that time has come"
    )
    return Check(column, "between", early, EARLIEST, latest, above=late)


def _due(column: str, word: str, mapped: str | None, latest: datetime) -> list[Check]:
    """A time that a file states must be there and past; one that is an age of the post needs no check."""
    if mapped is None:
        return []
    return [
        Check(column, "not_null", f"the time {word} is missing"),
        _time(column, word, latest),
        Check(f"{column}_age", "between", f"{word} before it was published", low=0),
    ]
