"""What the characters of a text are, looked up in a table rather than matched.

A pattern with Unicode's classes is compiled anew at each call, which costs a single post more than all else does. The
table is filled by the same patterns, once a process.
"""

from collections.abc import Mapping
from functools import cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

WORD, WRITTEN = r"[\pL\pN_]", r"\S"
ASCII, UNICODE = 0x80, 0x110000
SURROGATES = range(0xD800, 0xE000)  # in no UTF-8
MOST = 4_000_000  # characters at a time, or one post: bounds memory


def count_classes(text: pa.Array, chars: np.ndarray, classes: Mapping[str, str]) -> dict[str, np.ndarray]:
    """How many characters of each class a text without nulls has; besides, its words, hashtags and mentions.

    `chars`: length of each text. `classes`: by name a pattern that matches single characters.
    """
    block = np.cumsum(chars) // MOST
    bounds = [0, *(np.flatnonzero(np.diff(block)) + 1), len(text)]
    parts = [_Part(text[begin:end], chars[begin:end]).counts(classes) for begin, end in pairwise(bounds)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class _Part:
    """Some texts as one array of code points."""

    def __init__(self, text: pa.Array, chars: np.ndarray) -> None:
        self.codes = np.frombuffer("".join(text.to_pylist()).encode("utf-32-le"), np.uint32)
        self.ends = np.cumsum(chars)
        self.starts = self.ends - chars
        self.size = ASCII if self.codes.max(initial=0) < ASCII else UNICODE
        self.first = np.zeros(len(self.codes) + 1, bool)
        self.first[self.starts] = True  # of each text; where the last is empty, one beyond

    def counts(self, classes: Mapping[str, str]) -> dict[str, np.ndarray]:
        word, written = self._of(WORD), self._of(WRITTEN)
        begins = written & ~self._before(written)
        return {
            **{name: self._sums(self._of(pattern)) for name, pattern in classes.items()},
            "words": self._sums(begins),
            "hashtags": self._sums(self._named(ord("#"), word)),
            "mentions": self._sums(self._mentions(word)),
        }

    def _of(self, pattern: str) -> np.ndarray:
        return table(pattern, self.size)[self.codes]

    def _sums(self, marked: np.ndarray) -> np.ndarray:
        """How many are marked in each text."""
        running = np.concatenate([[0], np.cumsum(marked)])
        return running[self.ends] - running[self.starts]

    def _before(self, marked: np.ndarray) -> np.ndarray:
        """Whether the character before each is marked, in the same text."""
        return np.concatenate([[False], marked[:-1]])[: len(marked)] & ~self.first[:-1]

    def _named(self, sign: int, word: np.ndarray) -> np.ndarray:
        """Where a sign stands before a character of a word, in the same text."""
        found = self.codes == sign
        if found.any():
            found[:-1] &= word[1:] & ~self.first[1:-1]
            found[-1:] = False
        return found

    def _mentions(self, word: np.ndarray) -> np.ndarray:
        """Where @ begins a name: first of a text, after what is neither of a word nor a dot, or right after a name."""
        found = self._named(ord("@"), word) | self._named(ord("＠"), word)
        if not found.any():
            return found
        inside = self._before(word | (self.codes == ord(".")))
        for at in np.flatnonzero(found & inside):
            begin = at - 1
            while begin >= 0 and word[begin] and not self.first[begin]:
                begin -= 1
            found[at] = begin < at - 1 and found[begin] and not word[begin]
        return found


@cache
def table(pattern: str, size: int) -> np.ndarray:
    """For each code point below `size` whether it is of a class; shape (size,)."""
    points, letters = _letters(size)
    found = np.zeros(size, bool)
    found[points] = pc.match_substring_regex(letters, pattern).to_numpy(zero_copy_only=False)
    return found


@cache
def _letters(size: int) -> tuple[np.ndarray, pa.Array]:
    """Code points below `size` that UTF-8 can hold, and each as a text."""
    points = np.arange(size, dtype=np.uint32)
    points = points[(points < SURROGATES.start) | (points >= SURROGATES.stop)]
    lengths = 1 + sum((points >= more).astype(np.int32) for more in (0x80, 0x800, 0x10000))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    text = points.tobytes().decode("utf-32-le").encode()
    return points, pa.StringArray.from_buffers(len(points), pa.py_buffer(offsets), pa.py_buffer(text))
