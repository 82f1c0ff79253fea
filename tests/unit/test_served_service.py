"""Features that a version learned from against those that are served."""

from models.about import FEATURES, packed
from models.serve.service import difference, recorded

SERVED = {
    "service": "engagement",
    "version": "a1",
    "views": {"topic_momentum": {"key": "topic_key", "features": {"posts": "Float32", "mean": "Float32"}}},
}


def learned(**features: str) -> dict[str, object]:
    return {**SERVED, "version": "b2", "views": {"topic_momentum": {"key": "topic_key", "features": features}}}


def test_the_same_service_or_none_that_is_known_is_no_difference() -> None:
    assert difference(SERVED, SERVED) is None
    assert difference(None, SERVED) is None
    assert difference(SERVED, None) is None


def test_what_is_lacking_redefined_or_more_is_named() -> None:
    assert "lacks mood" in str(difference(learned(posts="Float32", mean="Float32", mood="Float32"), SERVED))
    assert "redefines mean" in str(difference(learned(posts="Float32", mean="Int64"), SERVED))
    assert "adds mean" in str(difference(learned(posts="Float32"), SERVED))
    assert "orders them otherwise" in str(difference(learned(mean="Float32", posts="Float32"), SERVED))


def test_a_bundle_says_which_service_it_learned_from_unless_it_is_of_before() -> None:
    assert recorded({FEATURES: packed({"service": SERVED, "read": {}})}) == SERVED
    assert recorded({}) is None
