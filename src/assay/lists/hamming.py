"""The nearest 256-bit hash within a radius, exactly: brute force for few, multi-index for many.

Multi-index hashing over 16 chunks of 16 bits (Norouzi, Punjani, Fleet: "Fast Exact Search in
Hamming Space with Multi-Index Hashing", 2014): two hashes at most 31 bits apart differ by at most
one bit in some chunk, so looking up each chunk and its 16 one-bit neighbours misses nothing.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BYTES = 32  # of a hash
MAX_RADIUS = 31  # bits: what one changed bit a chunk covers
_CHUNKS = 16
_VALUES = 1 << 16
_FEW = 30_000_000  # comparisons below which brute force is quicker than building an index
_BLOCK = 256  # queries compared at once


def nearest(
    hashes: NDArray[np.uint8],
    sizes: NDArray[np.int64],
    queries: NDArray[np.uint8],
    query_sizes: NDArray[np.int64],
    radius: int = MAX_RADIUS,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for each query the index of the nearest hash of a larger picture, and its distance.

    ``hashes`` N×32 and ``queries`` M×32 bytes, the sizes in pixels. Where none lies within
    ``radius`` (0-31 bits) the index is -1. Of equally near ones the first counts.
    """
    if not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"a radius of {radius} bits is outside 0-{MAX_RADIUS}")
    words = np.ascontiguousarray(hashes).reshape(-1, BYTES).view("<u8")
    wanted = np.ascontiguousarray(queries).reshape(-1, BYTES).view("<u8")
    if len(words) * len(wanted) <= _FEW:
        return _by_force(words, sizes, wanted, query_sizes, radius)
    order, starts = _index(np.ascontiguousarray(hashes).reshape(-1, BYTES))
    at, distance = _kernel()(words, sizes, order, starts, wanted, query_sizes, radius)
    return at, distance


def _by_force(
    words: NDArray[np.uint64],
    sizes: NDArray[np.int64],
    wanted: NDArray[np.uint64],
    query_sizes: NDArray[np.int64],
    radius: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    at = np.full(len(wanted), -1, np.int64)
    least = np.full(len(wanted), radius + 1, np.int64)
    if not len(words):
        return at, least
    for start in range(0, len(wanted), _BLOCK):
        block = slice(start, start + _BLOCK)
        distances = np.zeros((len(wanted[block]), len(words)), np.int64)
        for word in range(4):
            distances += np.bitwise_count(wanted[block, word, None] ^ words[None, :, word])
        distances[query_sizes[block, None] >= sizes[None, :]] = radius + 1
        best = distances.argmin(axis=1)
        found = np.take_along_axis(distances, best[:, None], axis=1)[:, 0]
        at[block] = np.where(found <= radius, best, -1)
        least[block] = found
    return at, least


def _index(hashes: NDArray[np.uint8]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return for each chunk the hashes sorted by its value, and where each value begins."""
    chunks = hashes.view("<u2")
    order = np.empty((_CHUNKS, len(hashes)), np.int32)
    starts = np.zeros((_CHUNKS, _VALUES + 1), np.int32)
    for chunk in range(_CHUNKS):
        order[chunk] = np.argsort(chunks[:, chunk], kind="stable")
        counts = np.bincount(chunks[:, chunk], minlength=_VALUES)
        np.cumsum(counts, out=starts[chunk, 1:])
    return order, starts


@cache
def _kernel() -> Any:
    """Compile the search; kept on disk by numba, imported only where there is much to search."""
    import numba

    @numba.njit(cache=True, nogil=True)
    def search(words, sizes, order, starts, wanted, query_sizes, radius):  # type: ignore[no-untyped-def]
        at = np.full(len(wanted), -1, np.int64)
        least = np.full(len(wanted), radius + 1, np.int64)
        for q in range(len(wanted)):
            for chunk in range(16):
                value = (wanted[q, chunk // 4] >> np.uint64(16 * (chunk % 4))) & np.uint64(0xFFFF)
                for flip in range(17):
                    probe = value if flip == 16 else value ^ (np.uint64(1) << np.uint64(flip))
                    for place in range(starts[chunk, probe], starts[chunk, probe + 1]):
                        n = order[chunk, place]
                        if sizes[n] <= query_sizes[q]:
                            continue
                        distance = 0
                        for word in range(4):
                            x = wanted[q, word] ^ words[n, word]
                            x -= (x >> np.uint64(1)) & np.uint64(0x5555555555555555)
                            x = (x & np.uint64(0x3333333333333333)) + (
                                (x >> np.uint64(2)) & np.uint64(0x3333333333333333)
                            )
                            x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
                            x = (x * np.uint64(0x0101010101010101)) >> np.uint64(56)
                            distance += int(x)
                        if distance < least[q] or (distance == least[q] and n < at[q]):
                            least[q], at[q] = distance, n
        return at, least

    return search
