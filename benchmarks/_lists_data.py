"""Hashes and queries of ``benchmarks/lists.py``: uniform ones and families of near-duplicates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

QUERIES = 1000
CHECKED = 60  # queries whose matches numpy looks for, one hash after the other
RADIUS = 31
_FAMILY = 20  # hashes; one hash in ten belongs to one
_REACH = 41  # bits that members and planted queries are away, at most, plus one


def make(folder: Path, count: int, seed: int = 5) -> Path:
    """Write ``hashes.npy`` (N×32), ``queries.npy`` (Q×32) and ``truth.npz``; return their folder.

    Every tenth hash lies 0-40 bits from the head of its family. Of the queries six in ten lie 0-40
    bits from a hash, the others are uniform. The truth is numpy's, of ``CHECKED`` queries.
    """
    place = folder / f"hashes-{count}"
    if (place / "truth.npz").exists():
        return place
    place.mkdir(parents=True, exist_ok=True)
    random = np.random.Generator(np.random.PCG64(seed))
    hashes = np.frombuffer(random.bytes(32 * count), np.uint8).reshape(-1, 32).copy()
    members = np.arange(0, count, 10)
    heads = members // (10 * _FAMILY) * (10 * _FAMILY)
    for start in range(0, len(members), 1 << 16):
        part = slice(start, start + (1 << 16))
        hashes[members[part]] = _flip(random, hashes[heads[part]])
    planted = QUERIES * 6 // 10
    queries = np.frombuffer(random.bytes(32 * QUERIES), np.uint8).reshape(-1, 32).copy()
    queries[:planted] = _flip(random, hashes[random.integers(0, count, planted)])
    queries = queries[random.permutation(QUERIES)]
    np.save(place / "hashes.npy", hashes)
    np.save(place / "queries.npy", queries)
    rows, which = [], []
    for number in range(CHECKED):
        distances = np.zeros(count, np.uint8)
        for word in range(4):
            distances += np.bitwise_count(
                hashes.view(np.uint64)[:, word] ^ queries[number].view(np.uint64)[word]
            )  # up to 256 wraps to 0: only an inverted hash, of which there is none here
        found = np.flatnonzero(distances <= RADIUS)
        rows.append(found)
        which.append(np.full(len(found), number))
    np.savez(place / "truth.npz", query=np.concatenate(which), record=np.concatenate(rows))
    return place


def _flip(random: np.random.Generator, rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return each row with a number of bits flipped that is uniform over 0 to ``_REACH`` - 1."""
    order = np.argsort(random.random((len(rows), 256), np.float32), axis=1)
    bits = random.integers(0, _REACH, (len(rows), 1))
    return rows ^ np.packbits(order < bits, axis=1)
