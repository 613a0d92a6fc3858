"""Building a Hamming index of many hashes in one go, in little memory and without a compiler.

The same bytes as ``index_segment.SegmentBuilder`` writes. Its compiled kernel sorts two to three
times as fast, but the compiler alone takes 120 MiB, more than everything else of an import.
"""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.lists import index_state, index_tail
from assay.lists.index_files import IndexLock, write_all, writing
from assay.lists.index_search import as_words
from assay.lists.index_segment import BYTES, SegmentBuilder
from assay.lists.index_state import Deleted, Manifest, Named
from assay.lists.sealed import give_back

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CHUNKS = 16  # of 16 bits
_VALUES = 1 << 16
_HEAD = 4096  # bytes before the hashes
_STEP = 1 << 18  # hashes sorted at once


class PlainBuilder(SegmentBuilder):
    """Sorts with numpy, one chunk after the other: 4 bytes a hash and a few megabytes."""

    def _sort(self, offset: int, threads: int) -> tuple[NDArray[np.uint32], list[int]]:
        count = self.count
        starts = np.zeros((_CHUNKS, _VALUES + 1), "<u4")
        crcs = [0] * _CHUNKS
        if not count:
            return starts, crcs
        mapped = mmap.mmap(self._fd, _HEAD + count * BYTES, access=mmap.ACCESS_READ)
        chunks = np.frombuffer(mapped, "<u2", count * _CHUNKS, _HEAD).reshape(count, _CHUNKS)
        order = np.empty(count, "<u4")
        for chunk in range(_CHUNKS):
            for start in range(0, count, _STEP):
                values = chunks[start : start + _STEP, chunk]
                starts[chunk, 1:] += np.bincount(values, minlength=_VALUES).astype(np.uint32)
                give_back(mapped, *_span(start))
            np.cumsum(starts[chunk], out=starts[chunk])
            _fill(order, chunks[:, chunk], starts[chunk], mapped)
            write_all(self._fd, order.data.cast("B"), offset + chunk * count * 4)
            crcs[chunk] = zlib.crc32(order.data)
        return starts, crcs


def _fill(
    order: NDArray[np.uint32],
    chunk: NDArray[np.uint16],
    starts: NDArray[np.uint32],
    mapped: mmap.mmap,
) -> None:
    """Put into ``order`` the places of N values, sorted by value, equal ones as they came."""
    free = starts[:-1].astype(np.int64)  # where the next hash of each value goes
    for start in range(0, len(chunk), _STEP):
        values = np.ascontiguousarray(chunk[start : start + _STEP])
        by_value = np.argsort(values, kind="stable")
        ordered = values[by_value]
        counts = np.bincount(values, minlength=_VALUES)
        begins = np.cumsum(counts) - counts
        rank = np.arange(len(values)) - begins[ordered]
        order[free[ordered] + rank] = by_value + start
        free += counts
        give_back(mapped, *_span(start))


def _span(start: int) -> tuple[int, int]:
    return _HEAD + start * BYTES, _HEAD + (start + _STEP) * BYTES


def build(folder: Path, given: Iterable[tuple[NDArray[np.uint8], NDArray[np.uint64]]]) -> int:
    """Make an index in a folder where there is none: N×32 hashes and their record numbers, in
    blocks. Return how many hashes it has. It counts with its manifest, which is written last.

    Raises HammingIndexError where the disk refuses or another writer is at work.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = IndexLock(folder)
    try:
        generation = index_state.last_generation(folder) + 1
        path = folder / f"segment-{generation}"
        named: tuple[Named, ...] = ()
        with PlainBuilder(path) as builder:
            for hashes, records in given:
                builder.append(as_words(hashes), records)
            if builder.count:
                named = (Named(path.name, builder.count, builder.finish()),)
        manifest = Manifest(generation, named)
        index_tail.create(folder / manifest.tail, generation)
        index_state.write_deleted(folder, manifest, Deleted(0, np.zeros(0, np.uint8)))
        index_state.write_manifest(folder, manifest)
        for left in index_state.leftovers(folder, manifest):
            left.unlink(missing_ok=True)
        return sum(segment.count for segment in named)
    finally:
        lock.release()
