"""Small copies find their original by hash; one without is the only trace."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.lists import hamming


def brute(hashes: np.ndarray, sizes: np.ndarray, query: np.ndarray, size: int) -> tuple[int, int]:
    best = (32, -1)
    for n, row in enumerate(hashes):
        distance = int(np.unpackbits(row ^ query).sum())
        if sizes[n] > size and distance < best[0]:
            best = (distance, n)
    return best[1], best[0]


@given(st.integers(0, 1 << 30), st.integers(1, 200), st.integers(0, 40))
@settings(max_examples=30, deadline=None)
def test_both_ways_find_what_looking_at_all_finds(seed: int, count: int, flips: int) -> None:
    random = np.random.default_rng(seed)
    hashes = random.integers(0, 256, (count, 32), np.uint8)
    sizes = random.integers(0, 4, count)
    queries = hashes[random.integers(0, count, 8)].copy()
    for row in queries:
        for bit in random.integers(0, 256, flips):
            row[bit // 8] ^= 1 << (bit % 8)
    query_sizes = random.integers(0, 4, 8)
    wanted = [brute(hashes, sizes, q, int(s)) for q, s in zip(queries, query_sizes, strict=True)]
    for few in (hamming._FEW, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(hamming, "_FEW", few)
            at, distance = hamming.nearest(hashes, sizes, queries, query_sizes)
        assert at.tolist() == [n for n, _ in wanted]
        assert [d for n, d in zip(at, distance, strict=True) if n >= 0] == [
            d for n, d in wanted if n >= 0
        ]


def test_nothing_to_search_finds_nothing() -> None:
    none = np.zeros((0, 32), np.uint8)
    at, _ = hamming.nearest(none, np.zeros(0, np.int64), np.zeros((2, 32), np.uint8), np.zeros(2))
    assert at.tolist() == [-1, -1]
    with pytest.raises(ValueError, match="radius"):
        hamming.nearest(none, np.zeros(0, np.int64), none, np.zeros(0, np.int64), 32)
