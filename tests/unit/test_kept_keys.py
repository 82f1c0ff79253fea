"""Keys that were read once are kept, and each request has its own in its order."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.kept_keys import KeptKeys

ASKED = st.lists(st.lists(st.text("abcdef", max_size=2), max_size=9), max_size=9)


def served(keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """A row a key that no other key has; only keys with an `a` are known."""
    return np.array([[hash(key) % 10_007, len(key)] for key in keys], np.float32), np.array(
        ["a" in key for key in keys]
    )


@given(requests=ASKED, most=st.integers(1, 12))
def test_whatever_is_asked_in_whatever_order_each_key_has_its_own_row(requests: list[list[str]], most: int) -> None:
    kept = KeptKeys(["one", "two"], most)
    for keys in requests:
        found, (numbers, known) = kept.rows(keys, served), served(keys)
        assert np.array_equal(found.numbers, numbers.reshape(len(keys), 2))
        assert np.array_equal(found.known, known.astype(bool))


def test_a_key_is_read_once_until_there_are_too_many() -> None:
    asked: list[str] = []

    def read(keys: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        asked.extend(keys)
        return served(keys)

    kept = KeptKeys(["one", "two"], most=3)
    for keys in (["a", "b", "a"], ["b", "c"], ["a", "d"]):
        kept.rows(keys, read)
    assert asked == ["a", "b", "c", "a", "d"]
