"""The nearest 256-bit hash within a radius, exactly: brute force for few, multi-index for many.

For the hashes of one case, built in memory and forgotten. The index of a known-hash list, which
lasts, is ``index.HammingIndex``; both search by ``index_kernel``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BYTES = 32  # of a hash
MAX_RADIUS = 31  # bits: what PDQ customarily calls similar
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
    from assay.lists import index_kernel as kernel  # numba: only where there is much to search

    chunks = words.view("<u2").reshape(-1, kernel.CHUNKS)
    order = np.empty((kernel.CHUNKS, len(words)), np.uint32)
    starts = np.empty((kernel.CHUNKS, kernel.VALUES + 1), np.uint32)
    for chunk in range(kernel.CHUNKS):
        kernel.sort_chunk(chunks, chunk, order[chunk], starts[chunk])
    alive = np.zeros(len(words) // 8 + 1, np.uint8)
    at, least = np.empty((2, len(wanted)), np.int64)
    above = np.ascontiguousarray(query_sizes, np.int64)
    measured = np.ascontiguousarray(sizes, np.int64)
    kernel.nearest(words, order, starts, alive, measured, wanted, above, radius, at, least)
    return at, least


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
