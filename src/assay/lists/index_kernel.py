"""Multi-index hashing compiled by numba: serial kernels, compiled at import, cached on disk.

A 256-bit hash is four 64-bit words, or sixteen 16-bit chunks. If two hashes differ by at most
``16 a + b`` bits (``b`` < 16), then one of the first ``b + 1`` chunks differs by at most ``a``
bits or one of the others by at most ``a - 1`` (else they would differ by more in all): looking up
each chunk with so many bits flipped misses nothing (Norouzi, Punjani, Fleet: "Fast Exact Search
in Hamming Space with Multi-Index Hashing", 2014). Kernels release the interpreter, so callers use
threads; none is ``parallel=True``, whose thread pools survive no fork and no second caller.

Arrays: ``words`` N×4 and ``wanted`` Q×4 uint64; ``order`` 16×N uint32, for each chunk the hashes
sorted by its value; ``starts`` 16×65537 uint32, where in it each value begins; ``dead`` one bit a
hash. Positions are checked against N: a damaged file gives wrong answers at worst.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numba
import numpy as np
from numba import types

CHUNKS = 16
VALUES = 1 << 16  # of a chunk
FLIPS = (1, 17, 137, 697)  # masks of at most 0, 1, 2, 3 bits
_TILE = 1024  # hashes compared with every query before the next ones: 32 KiB, the first cache

MASKS = np.array(
    [
        sum(1 << bit for bit in bits)
        for flips in range(4)
        for bits in combinations(range(16), flips)
    ],
    np.uint64,
)

_U64 = types.Array(types.uint64, 2, "C", readonly=True)
_U32 = types.Array(types.uint32, 2, "C", readonly=True)
_BITS = types.Array(types.uint8, 1, "C", readonly=True)
_I64 = types.Array(types.int64, 1, "C", readonly=True)
_OUT = (
    types.Array(types.uint32, 2, "C"),
    types.Array(types.uint8, 2, "C"),
    types.Array(types.int64, 1, "C"),
    types.Array(types.boolean, 1, "C"),
)


def _compile(signature: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile for exactly these types, and keep the result where there is a folder for it."""

    def compiled(function: Callable[..., Any]) -> Any:
        try:
            return numba.njit(signature, cache=True, nogil=True)(function)
        except RuntimeError:  # no folder to cache in: a read-only installation without a home
            return numba.njit(signature, nogil=True)(function)

    return compiled


@_compile(types.int64(types.uint64))
def _ones(x: Any) -> Any:
    """Count bits; the compiler knows this sequence and makes it one instruction."""
    x -= (x >> np.uint64(1)) & np.uint64(0x5555555555555555)
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@_compile(types.int64(_U64, types.int64, types.uint64, types.uint64, types.uint64, types.uint64))
def _distance(words: Any, n: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    return (
        _ones(words[n, 0] ^ a)
        + _ones(words[n, 1] ^ b)
        + _ones(words[n, 2] ^ c)
        + _ones(words[n, 3] ^ d)
    )


@_compile(types.uint64(_U64, types.int64, types.int64))
def _chunk(words: Any, n: Any, chunk: Any) -> Any:
    return (words[n, chunk >> 2] >> np.uint64(16 * (chunk & 3))) & np.uint64(0xFFFF)


@_compile(types.int64(_OUT[0], _OUT[1], types.int64, types.int64, types.int64))
def _trim(slots: Any, distances: Any, q: Any, kept: Any, cap: Any) -> Any:
    """Keep the nearest ``cap`` of a query's matches; return what a further one must undercut."""
    counts = np.zeros(257, np.int64)
    for i in range(kept):
        counts[distances[q, i]] += 1
    farthest = 0
    below = 0  # matches nearer than the farthest that is kept
    while below + counts[farthest] < cap:
        below += counts[farthest]
        farthest += 1
    equal = cap - below
    to = 0
    for i in range(kept):
        distance = distances[q, i]
        if distance > farthest:
            continue
        if distance == farthest:
            if equal == 0:
                continue
            equal -= 1
        slots[q, to] = slots[q, i]
        distances[q, to] = distance
        to += 1
    return farthest


@_compile(types.void(_U64, _U32, _U32, _BITS, _U64, types.int64, *_OUT))
def search(
    words: Any,
    order: Any,
    starts: Any,
    dead: Any,
    wanted: Any,
    radius: Any,
    slots: Any,
    distances: Any,
    counts: Any,
    capped: Any,
) -> None:
    """Find every hash within ``radius`` (0-63) of each query.

    ``slots`` and ``distances`` are Q×2C: of more than C matches the nearest are kept, the first
    of equally near ones, and ``capped`` is set. ``counts``: how many were kept.
    """
    total = words.shape[0]
    room = slots.shape[1]
    cap = room // 2
    flips = radius // 16
    full = radius % 16 + 1  # chunks that must be looked up with so many flips
    for q in range(wanted.shape[0]):
        a, b, c, d = wanted[q, 0], wanted[q, 1], wanted[q, 2], wanted[q, 3]
        kept = 0
        limit = radius
        for chunk in range(CHUNKS):
            mine = flips if chunk < full else flips - 1
            if mine < 0:
                break
            value = _chunk(wanted, q, chunk)
            for mask in range(FLIPS[mine]):
                probe = np.int64(value ^ MASKS[mask])
                for place in range(starts[chunk, probe], starts[chunk, probe + 1]):
                    n = np.int64(order[chunk, place])
                    if n >= total:
                        continue
                    distance = _distance(words, n, a, b, c, d)
                    if distance > limit or dead[n >> 3] >> (n & 7) & 1:
                        continue
                    seen = False  # in an earlier chunk
                    for earlier in range(chunk):
                        allowed = flips if earlier < full else flips - 1
                        if _ones(_chunk(words, n, earlier) ^ _chunk(wanted, q, earlier)) <= allowed:
                            seen = True
                            break
                    if seen:
                        continue
                    if kept == room:
                        limit = _trim(slots, distances, q, kept, cap) - 1
                        kept = cap
                        capped[q] = True
                        if distance > limit:
                            continue
                    slots[q, kept] = n
                    distances[q, kept] = distance
                    kept += 1
        if kept > cap:
            _trim(slots, distances, q, kept, cap)
            kept = cap
            capped[q] = True
        counts[q] = kept


@_compile(types.void(_U64, _BITS, _U64, types.int64, *_OUT))
def scan(
    words: Any,
    dead: Any,
    wanted: Any,
    radius: Any,
    slots: Any,
    distances: Any,
    counts: Any,
    capped: Any,
) -> None:
    """Find the same as ``search`` by comparing all with all."""
    room = slots.shape[1]
    cap = room // 2
    limits = np.full(wanted.shape[0], radius, np.int64)
    for tile in range(0, words.shape[0], _TILE):
        end = min(tile + _TILE, words.shape[0])
        for q in range(wanted.shape[0]):
            a, b, c, d = wanted[q, 0], wanted[q, 1], wanted[q, 2], wanted[q, 3]
            kept = counts[q]
            limit = limits[q]
            for n in range(tile, end):
                distance = _distance(words, n, a, b, c, d)
                if distance > limit or dead[n >> 3] >> (n & 7) & 1:
                    continue
                if kept == room:
                    limit = _trim(slots, distances, q, kept, cap) - 1
                    kept = cap
                    capped[q] = True
                    if distance > limit:
                        continue
                slots[q, kept] = n
                distances[q, kept] = distance
                kept += 1
            counts[q] = kept
            limits[q] = limit
    for q in range(wanted.shape[0]):
        if counts[q] > cap:
            _trim(slots, distances, q, counts[q], cap)
            counts[q] = cap
            capped[q] = True


@_compile(
    types.void(_U64, _U32, _U32, _BITS, _I64, _U64, _I64, types.int64, *(types.int64[::1],) * 2)
)
def nearest(
    words: Any,
    order: Any,
    starts: Any,
    dead: Any,
    sizes: Any,
    wanted: Any,
    above: Any,
    radius: Any,
    at: Any,
    least: Any,
) -> None:
    """Find for each query the nearest hash within ``radius`` (0-63), the first of equally near.

    Where ``sizes`` is not empty, only hashes count whose size is greater than ``above`` of the
    query. ``at`` is -1 and ``least`` is ``radius`` + 1 where none is found. More bits are flipped
    only while something nearer than the best so far could still be missed.
    """
    total = words.shape[0]
    last = radius // 16
    sized = sizes.shape[0] > 0
    for q in range(wanted.shape[0]):
        a, b, c, d = wanted[q, 0], wanted[q, 1], wanted[q, 2], wanted[q, 3]
        best: Any = radius + 1
        where: Any = np.int64(-1)
        for flips in range(last + 1):
            first = 0 if flips == 0 else FLIPS[flips - 1]
            chunks = CHUNKS if flips < last else radius % 16 + 1
            for chunk in range(chunks):
                value = _chunk(wanted, q, chunk)
                for mask in range(first, FLIPS[flips]):
                    probe = np.int64(value ^ MASKS[mask])
                    for place in range(starts[chunk, probe], starts[chunk, probe + 1]):
                        n = np.int64(order[chunk, place])
                        if n >= total:
                            continue
                        distance = _distance(words, n, a, b, c, d)
                        if distance > best or (distance == best and (where < 0 or n >= where)):
                            continue
                        if dead[n >> 3] >> (n & 7) & 1 or (sized and sizes[n] <= above[q]):
                            continue
                        best, where = distance, n
            if best <= 16 * flips + 15:
                break
        at[q] = where
        least[q] = best


@_compile(
    types.void(
        types.Array(types.uint16, 2, "C", readonly=True),
        types.int64,
        types.uint32[::1],
        types.uint32[::1],
    )
)
def sort_chunk(chunks: Any, chunk: Any, order: Any, starts: Any) -> None:
    """Sort the hashes (N×16 chunks) by the value of one chunk: its row of ``order`` and ``starts``.

    Hashes of equal value stay in the order in which they came.
    """
    starts[:] = 0
    for n in range(chunks.shape[0]):
        starts[np.int64(chunks[n, chunk]) + 1] += np.uint32(1)
    for begin in range(VALUES):
        starts[begin + 1] += starts[begin]
    place = starts.copy()
    for n in range(chunks.shape[0]):
        value = np.int64(chunks[n, chunk])
        order[place[value]] = n
        place[value] += np.uint32(1)
