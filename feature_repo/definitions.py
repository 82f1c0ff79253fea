"""What Feast applies: entities, sources, views and services. Columns come from trimtab.features."""

from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
from feast.types import Float32, String

from trimtab.features.build import AUTHOR, DOMAIN, TOPIC
from trimtab.features.content import NUMBERS, STRINGS

ALWAYS = timedelta(0)  # a step holds until the next one: nothing expires


def source(view: str) -> FileSource:
    return FileSource(name=f"{view}_source", path=f"data/{view}.parquet", timestamp_field="event_timestamp")


def numbers(names: tuple[str, ...]) -> list[Field]:
    return [Field(name=name, dtype=Float32) for name in names]


# The post itself, `platform:id`.
# Tells entity rows of the same author, topic and moment apart, which Feast would otherwise fold into one.
post = Entity(name="post_id", join_keys=["post_id"], value_type=ValueType.STRING)

# Who wrote it, as a keyed hash.
# Reach belongs to the author, so past engagement is looked up by this.
author = Entity(name="author", join_keys=["author"], value_type=ValueType.STRING)

# The topic on its platform, `platform/topic`.
# The same name elsewhere is another audience.
topic = Entity(name="topic_key", join_keys=["topic_key"], value_type=ValueType.STRING)

# Where the post links to.
# Audiences follow outlets as they follow authors.
domain = Entity(name="link_domain", join_keys=["link_domain"], value_type=ValueType.STRING)

# What can be read off the post alone.
# One row a version of the post, so that a later edit is not seen by an earlier score.
post_content = FeatureView(
    name="post_content",
    entities=[post],
    ttl=ALWAYS,
    schema=[*(Field(name=name, dtype=String) for name in STRINGS), *numbers(NUMBERS)],
    source=source("post_content"),
)

# How the author's posts did of late.
# Only mature outcomes count: a young post's small count says nothing of its author.
author_activity = FeatureView(
    name="author_activity",
    entities=[author],
    ttl=ALWAYS,
    schema=numbers(AUTHOR.columns),
    source=source("author_activity"),
)

# How the topic does on its platform, over a week, a month and a quarter.
# The level that drifts most; knowing it is worth more than any property of the post.
topic_momentum = FeatureView(
    name="topic_momentum",
    entities=[topic],
    ttl=ALWAYS,
    schema=numbers(TOPIC.columns),
    source=source("topic_momentum"),
)

# How links to the same place did of late.
# Separates a picture host from a newspaper without a list of either.
domain_momentum = FeatureView(
    name="domain_momentum",
    entities=[domain],
    ttl=ALWAYS,
    schema=numbers(DOMAIN.columns),
    source=source("domain_momentum"),
)

# All that is known when a post is scored.
# Engagement depends on the audience as much as on the post.
engagement = FeatureService(
    name="engagement", features=[post_content, author_activity, topic_momentum, domain_momentum]
)

# The post alone.
# Sentiment is in the words; past engagement would only let popularity leak into tone.
sentiment = FeatureService(name="sentiment", features=[post_content])
