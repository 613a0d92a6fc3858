"""Hashes near each other, and what comparing all with all finds among them."""

from __future__ import annotations

import numpy as np

Model = list[tuple[bytes, int]]  # hash and record number, in the order of addition


def flipped(random: np.random.Generator, row: np.ndarray, bits: int) -> np.ndarray:
    """Return a hash exactly ``bits`` away from ``row``."""
    mask = np.zeros(256, np.uint8)
    mask[random.choice(256, bits, replace=False)] = 1
    return row ^ np.packbits(mask)


def uniform(random: np.random.Generator, count: int) -> np.ndarray:
    return random.integers(0, 256, (count, 32), np.uint8)


def clustered(random: np.random.Generator, count: int) -> np.ndarray:
    """Return hashes 0-70 bits from a few centres, one all zeros; some are the same."""
    centres = np.concatenate([uniform(random, 2), np.zeros((1, 32), np.uint8)])
    which, bits = random.integers(0, 3, count), random.integers(0, 71, count)
    rows = [flipped(random, centres[c], int(b)) for c, b in zip(which, bits, strict=True)]
    found = np.array(rows, np.uint8).reshape(-1, 32)
    found[count // 2 : count // 2 + count // 8] = found[: count // 8]
    return found


def near(random: np.random.Generator, hashes: np.ndarray, count: int) -> np.ndarray:
    """Return queries 0-70 bits from some of the hashes."""
    rows = hashes[random.integers(0, len(hashes), count)]
    return np.array([flipped(random, r, int(random.integers(0, 71))) for r in rows])


def brute(model: Model, queries: np.ndarray, radius: int) -> list[tuple[int, int, int]]:
    """Return (query, distance, record) of every hash within ``radius``, sorted."""
    if not model:
        return []
    hashes = np.frombuffer(b"".join(value for value, _ in model), np.uint8).reshape(-1, 32)
    found = []
    for q, query in enumerate(queries):
        distances = np.bitwise_count(hashes ^ query).sum(axis=1)
        for n in np.flatnonzero(distances <= radius):
            found.append((q, int(distances[n]), model[n][1]))
    return sorted(found)
