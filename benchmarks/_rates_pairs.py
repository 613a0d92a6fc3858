"""Distances between all pictures of a set, and how sure a share of so many is.

Two PDQ hashes have 128 bits set each wherever the median tells them apart, so the distance between
two pictures is even: "at most 31" is "at most 30" but for flat pictures.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assay.lists.index import DEFAULT_RADIUS as RADIUS

JUDGED = Path(__file__).with_name("lists_rates_pairs.csv")
_ROWS = 64  # pictures compared with all others at once
DIFFERENT = "different"  # the relation of a pair in which a person saw two pictures
_LETTERS = 16  # hex digits of a SHA-256 in ``JUDGED``


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """Every picture asked for among all the others."""

    histogram: NDArray[np.int64]  # 257: how many (query, other) have a distance of so many bits
    near: dict[tuple[int, int], int]  # (query, other) within RADIUS: distance

    @property
    def asked(self) -> int:
        """(query, other) compared."""
        return int(self.histogram.sum())

    @property
    def pictures(self) -> set[int]:
        """Queries with anything near."""
        return {query for query, _ in self.near}


def distances(
    queries: NDArray[np.uint8], hashes: NDArray[np.uint8], good: NDArray[np.bool_]
) -> Distances:
    """Compare each of N×K×32 queries with each of N×32 hashes but its own picture's.

    Of a picture's K queries the nearest counts. Only pictures that are ``good`` (N) take part, as
    query and as record.
    """
    numbers = np.flatnonzero(good)
    words = np.ascontiguousarray(hashes[numbers]).view(np.uint64)
    asked = np.ascontiguousarray(queries[numbers]).view(np.uint64)
    histogram = np.zeros(257, np.int64)
    near: dict[tuple[int, int], int] = {}
    for start in range(0, len(numbers), _ROWS):
        block = asked[start : start + _ROWS]
        least = np.full((len(block), len(words)), 256, np.int64)
        for look in range(asked.shape[1]):
            found = np.zeros_like(least)
            for word in range(4):
                found += np.bitwise_count(block[:, look, word, None] ^ words[None, :, word])
            np.minimum(least, found, out=least)
        own = np.arange(len(block))
        least[own, start + own] = -1
        histogram += np.bincount(least[least >= 0], minlength=257)
        for row, column in np.argwhere((least >= 0) & (least <= RADIUS)).tolist():
            near[int(numbers[start + row]), int(numbers[column])] = int(least[row, column])
    return Distances(histogram, near)


def upper_bound(found: int, of: int, confidence: float = 0.95) -> float:
    """Return the one-sided upper bound of a share (Clopper and Pearson, 1934)."""
    if found >= of:
        return 1.0
    ways = np.array([_choose(of, n) for n in range(found + 1)])
    hits = np.arange(found + 1)
    low, high = found / of, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        chances = ways + hits * math.log(middle) + (of - hits) * math.log1p(-middle)
        if float(np.exp(chances).sum()) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def interval(found: int, of: int) -> tuple[float, float]:
    """Return the exact two-sided 95 % interval of a share."""
    if not of:
        return 0.0, 1.0
    upper = upper_bound(found, of, 0.975)
    return 1 - upper_bound(of - found, of, 0.975), upper


def judged() -> dict[frozenset[str], tuple[str, str]]:
    """Return what a person saw in pairs of the set: how they are related, and what they show."""
    with JUDGED.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {frozenset((r["one"], r["other"])): (r["relation"], r["seen"]) for r in rows}


def kin(digests: Sequence[str]) -> dict[int, set[int]]:
    """Return for each of N pictures (SHA-256) the others that a person found to show the same."""
    every = judged()
    found: dict[int, set[int]] = {number: set() for number in range(len(digests))}
    place = {digest[:_LETTERS]: number for number, digest in enumerate(digests)}
    for pair, (relation, _) in every.items():
        numbers = [place[digest] for digest in pair if digest in place]
        if relation != DIFFERENT and len(numbers) == 2:
            found[numbers[0]].add(numbers[1])
            found[numbers[1]].add(numbers[0])
    return found


def key(one: str, other: str) -> frozenset[str]:
    """Return the key of a pair of SHA-256 in ``judged``."""
    return frozenset((one[:_LETTERS], other[:_LETTERS]))


def _choose(of: int, n: int) -> float:
    """Return the logarithm of the number of ways to choose n."""
    return math.lgamma(of + 1) - math.lgamma(n + 1) - math.lgamma(of - n + 1)
