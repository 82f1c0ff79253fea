"""Randomness with an address: what is drawn depends on the seed, a purpose and a key, never on what was drawn before.

That is what makes day 30 the same day whether 30 or 300 days are asked for, with or without incidents elsewhere.
"""

from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def generator(seed: int, day: int, purpose: str) -> np.random.Generator:
    """The generator of one purpose on one day."""
    return np.random.default_rng(np.random.SeedSequence([seed, day, crc32(purpose.encode())]))


def uniform(seed: int, purpose: str, *keys: ArrayLike) -> Floats:
    """One number in (0, 1) per key, the same whenever it is asked for; keys broadcast."""
    hashed = _mix(np.atleast_1d(np.uint64(seed)) ^ np.uint64(crc32(purpose.encode())))
    for key in keys:
        hashed = _mix(hashed ^ _mix(np.atleast_1d(np.asarray(key, dtype=np.int64)).astype(np.uint64)))
    return ((hashed >> np.uint64(11)).astype(float) + 0.5) / 2.0**53


def normal(seed: int, purpose: str, *keys: ArrayLike) -> Floats:
    """A standard normal per key (Box and Muller, 1958)."""
    radius = np.sqrt(-2 * np.log(uniform(seed, purpose + " radius", *keys)))
    return radius * np.cos(2 * np.pi * uniform(seed, purpose + " angle", *keys))


def wander(seed: int, purpose: str, key: ArrayLike, day: int, every_days: float) -> Floats:
    """A smooth random walk per key that keeps about unit spread: normals every so many days, blended between."""
    position = day / every_days + uniform(seed, purpose + " phase", key)
    knot = np.floor(position)
    blend = np.pi / 2 * (position - knot)
    return np.cos(blend) * normal(seed, purpose, key, knot) + np.sin(blend) * normal(seed, purpose, key, knot + 1)


def choose(rng: np.random.Generator, weights: NDArray[np.floating[Any]], size: int) -> Ints:
    """Indexes drawn in proportion to their weights."""
    edges = np.cumsum(weights)
    return np.minimum(np.searchsorted(edges, rng.random(size) * edges[-1], side="right"), len(edges) - 1)


def _mix(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64's finaliser (Steele, Lea and Flood, 2014)."""
    value = value + np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
