"""One simulated day: the conditions that it was drawn under and what became known on it."""

from dataclasses import dataclass
from datetime import date

from pandas import DataFrame


@dataclass(frozen=True)
class Conditions:
    """The knobs of a day, for incidents to turn; the defaults are an ordinary day."""

    volume: float = 1.0  # factor on the number of posts
    hours: tuple[float, ...] = (1.0,) * 24  # factor on the number of posts, by hour of the day (UTC)
    level: float = 0.0  # added to the log of every expected count
    concept: float = 0.0  # 0 = the first concept of what earns engagement, 1 = the second, between = a blend
    flipped_share: float = 0.0  # sentiment words that say the opposite of what they said
    new_words_share: float = 0.0  # topic and sentiment words that gave way to words never seen before
    mood: float = 0.0  # added to the log odds of positive, taken from those of negative
    few_authors_share: float = 0.0  # posts that come from the five busiest authors
    label_share: float = 1.0  # factor on the share of posts that are labelled
    label_delay: float = 1.0  # factor on the hours until a label comes


@dataclass(frozen=True)
class Day:
    """What became known on one UTC day, and the truth about the posts that were published on it.

    posts: id, platform, topic, author, text, link_domain, has_image, has_video, has_link, published_at.
    snapshots: id, platform, measured_at, likes, shares, comments, views.
    labels: id, platform, label, labelled_at, labeller.
    truth: id, sentiment, concept and expected_log_<count> at the horizon; never written to files.
    """

    date: date
    posts: DataFrame
    snapshots: DataFrame
    labels: DataFrame
    truth: DataFrame
