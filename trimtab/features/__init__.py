"""From posts and outcomes to features: pure functions, one view each, every value a function of known time."""

from trimtab.features.build import KEYS, MOMENTUM, VIEWS, build, schema, topic_key

__all__ = ["KEYS", "MOMENTUM", "VIEWS", "build", "schema", "topic_key"]
