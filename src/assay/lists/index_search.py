"""Searching the parts of an index together: every segment by its tables, the tail one by one."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BYTES = 32  # of a hash
MAX_RADIUS = 63  # bits: three changed bits a chunk
DEFAULT_CAP = 1000  # matches a query
_ROOM = 1 << 24  # bytes of room for matches a thread
_BLOCK = 1024  # queries at once
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """N hashes; with ``order`` and ``starts`` (see ``index_kernel``) or, in a tail, without."""

    words: NDArray[np.uint64]  # N×4
    records: NDArray[np.unsignedinteger]  # N
    dead: NDArray[np.uint8]  # at least N bits: deleted hashes
    order: NDArray[np.uint32] | None = None
    starts: NDArray[np.uint32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """M matches, sorted by query, then distance, then record."""

    query: NDArray[np.int64]  # place among the queries
    record: NDArray[np.uint64]
    distance: NDArray[np.uint8]  # bits
    capped: NDArray[np.bool_]  # of each query: it has more matches; the nearest are given


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """The nearest hash of each query; of equally near ones the one that was added first."""

    found: NDArray[np.bool_]
    record: NDArray[np.uint64]  # 0 where none was found
    distance: NDArray[np.uint8]  # radius + 1 where none was found


def cores() -> int:
    """Return how many threads may run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def as_words(hashes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return N×32 bytes as N×4 words; raises ValueError for another shape or type."""
    if hashes.dtype != np.uint8 or hashes.ndim != 2 or hashes.shape[1] != BYTES:
        raise ValueError(f"hashes must be N×{BYTES} bytes, not {hashes.dtype} of {hashes.shape}")
    return np.ascontiguousarray(hashes).view("<u8").reshape(-1, 4)


def search(
    parts: tuple[Part, ...], queries: NDArray[np.uint8], radius: int, cap: int, threads: int
) -> Matches:
    """Return all hashes within ``radius`` (0-63) of each query (Q×32), at most ``cap`` a query."""
    _check(radius)
    if cap < 1:
        raise ValueError(f"a cap of {cap} matches is less than one")
    wanted = as_words(queries)
    size = max(1, min(_BLOCK, _ROOM // (10 * cap), -(-len(wanted) // (4 * threads))))
    blocks = [wanted[n : n + size] for n in range(0, len(wanted), size)] or [wanted]

    def one(block: NDArray[np.uint64]) -> Matches:
        return _search_block(parts, block, radius, cap)

    found = _each(one, blocks, threads)
    if len(found) == 1:
        return found[0]
    return Matches(
        np.concatenate([m.query + n * size for n, m in enumerate(found)]),
        np.concatenate([m.record for m in found]),
        np.concatenate([m.distance for m in found]),
        np.concatenate([m.capped for m in found]),
    )


def nearest(
    parts: tuple[Part, ...], queries: NDArray[np.uint8], radius: int, threads: int
) -> Nearest:
    """Return the nearest hash within ``radius`` (0-63) of each query (Q×32)."""
    _check(radius)
    wanted = as_words(queries)
    size = max(1, min(_BLOCK, -(-len(wanted) // (4 * threads))))
    blocks = [wanted[n : n + size] for n in range(0, len(wanted), size)] or [wanted]

    def one(block: NDArray[np.uint64]) -> Nearest:
        return _nearest_block(parts, block, radius)

    found = _each(one, blocks, threads)
    return Nearest(
        np.concatenate([m.found for m in found]),
        np.concatenate([m.record for m in found]),
        np.concatenate([m.distance for m in found]),
    )


def _each(
    one: Callable[[NDArray[np.uint64]], _Result], blocks: list[NDArray[np.uint64]], threads: int
) -> list[_Result]:
    """Apply ``one`` to all; the kernels release the interpreter, so threads use all cores."""
    if threads == 1 or len(blocks) == 1:
        return [one(block) for block in blocks]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, blocks))


def _search_block(
    parts: tuple[Part, ...], wanted: NDArray[np.uint64], radius: int, cap: int
) -> Matches:
    count = len(wanted)
    capped = np.zeros(count, np.bool_)
    queries: list[NDArray[np.int64]] = []
    records: list[NDArray[np.uint64]] = []
    distances: list[NDArray[np.uint8]] = []
    for part in parts:
        slots, bits, kept = _run(part, wanted, radius, cap, capped)
        hit = np.flatnonzero(kept)
        taken = np.arange(slots.shape[1]) < kept[hit, None]
        queries.append(np.repeat(hit, kept[hit]))
        records.append(part.records[slots[hit][taken]].astype(np.uint64))
        distances.append(bits[hit][taken])
    query = np.concatenate(queries)
    record = np.concatenate(records)
    distance = np.concatenate(distances)
    order = np.lexsort((record, distance, query))
    totals = np.bincount(query, minlength=count)
    if (totals > cap).any():  # in all parts together
        capped |= totals > cap
        place = np.arange(len(query)) - np.repeat(np.cumsum(totals) - totals, totals)
        order = order[place < cap]
    return Matches(query[order], record[order], distance[order], capped)


def _run(
    part: Part,
    wanted: NDArray[np.uint64],
    radius: int,
    cap: int,
    capped: NDArray[np.bool_],
) -> tuple[NDArray[np.uint32], NDArray[np.uint8], NDArray[np.int64]]:
    """Return places Q×2C, distances Q×2C and how many of each row count; marks capped queries."""
    from assay.lists import index_kernel as kernel

    slots = np.empty((len(wanted), 2 * cap), np.uint32)
    bits = np.empty((len(wanted), 2 * cap), np.uint8)
    kept = np.zeros(len(wanted), np.int64)
    out = (slots, bits, kept, capped)
    if part.order is None or not _pays(len(part.words), radius):
        kernel.scan(part.words, part.dead, wanted, radius, *out)
    else:
        kernel.search(part.words, part.order, part.starts, part.dead, wanted, radius, *out)
    return slots, bits, kept


def _nearest_block(parts: tuple[Part, ...], wanted: NDArray[np.uint64], radius: int) -> Nearest:
    from assay.lists import index_kernel as kernel

    record = np.zeros(len(wanted), np.uint64)
    least = np.full(len(wanted), radius + 1, np.int64)
    unsized = np.zeros(0, np.int64)
    for part in parts:
        if part.order is None or not _pays(len(part.words), radius):
            slots, bits, kept = _run(part, wanted, radius, 1, np.zeros(len(wanted), np.bool_))
            at = slots[:, 0].astype(np.int64)
            distance = np.where(kept > 0, bits[:, 0], radius + 1).astype(np.int64)
        else:
            at, distance = np.empty((2, len(wanted)), np.int64)
            kernel.nearest(
                *(part.words, part.order, part.starts, part.dead),
                *(unsized, wanted, unsized, radius, at, distance),
            )
        nearer = distance < least
        record[nearer] = part.records[at[nearer]]
        least[nearer] = distance[nearer]
    return Nearest(least <= radius, record, least.astype(np.uint8))


def _pays(count: int, radius: int) -> bool:
    """Return whether the tables are quicker than comparing all: costs in ns, as measured."""
    from assay.lists.index_kernel import CHUNKS, FLIPS, VALUES

    flips, full = radius // 16, radius % 16 + 1
    probes = full * FLIPS[flips] + ((CHUNKS - full) * FLIPS[flips - 1] if flips else 0)
    return 20 * probes * (2 + count / VALUES) < 1.4 * count


def _check(radius: int) -> None:
    if not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"a radius of {radius} bits is outside 0-{MAX_RADIUS}")
