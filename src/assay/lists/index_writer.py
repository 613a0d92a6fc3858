"""The one writer of a Hamming index: adds, deletes, compacts, and builds it anew from records.

Every call leaves the old state or the new one, whenever the process is killed: an addition counts
with its last record in the tail, a deletion with its new bitmap, and everything that builds a
segment with its new manifest, written when all that it names is on disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from assay.lists import index_state, index_tail
from assay.lists.index import assemble, load
from assay.lists.index_files import IndexDamagedError, IndexLock, IndexMissingError, writing
from assay.lists.index_search import Part, as_words, cores
from assay.lists.index_segment import SegmentBuilder, blocks
from assay.lists.index_state import Deleted, Manifest, Named

if TYPE_CHECKING:
    from numpy.typing import NDArray

TAIL_LIMIT = 1 << 16  # hashes that are compared one by one, 0.1 ms a query, before they are folded
_RATIO = 4  # a segment smaller than so many times what follows it is folded with it
_DENSE = 16  # record numbers up to so many times the hashes are looked up in a table
_BLOCK = 1 << 20  # records looked at together

Block = tuple["NDArray[np.uint8]", "NDArray[np.uint64]"]  # N×32 hashes, N record numbers


class IndexWriter:
    """Opens the index in ``folder``, or begins one. A context manager: closing lets the lock go.

    Raises IndexBusyError where another writer is at work, IndexDamagedError where files are not
    what was written (segments are read as a whole only when they are folded), HammingIndexError
    where the disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = IndexLock(folder)
        try:
            _begin(folder)
            self._state = load(folder, None, check=False)
            _clean(folder, self._state.manifest)
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> IndexWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._lock.release()

    @property
    def count(self) -> int:
        """Hashes that are not deleted."""
        return self._state.count

    @property
    def deleted(self) -> int:
        """Deleted hashes that still take up space: what ``compact`` would remove."""
        return sum(len(part.words) for part in self._state.parts) - self.count

    @property
    def segments(self) -> int:
        return len(self._state.segments)

    def add(self, hashes: NDArray[np.uint8], records: NDArray[np.uint64]) -> None:
        """Add N×32 hashes that stand for N record numbers (0 to 2⁶⁴-1): all of them or none.

        Up to ``TAIL_LIMIT`` at a time are there for every reader as soon as they are on disk, even
        if a segment is built afterwards; more of them are built into a segment first, so give many
        in large blocks, or to ``rebuild``.
        """
        words = as_words(hashes)
        numbers = _numbers(records)
        if numbers.shape != (len(words),):
            raise ValueError(f"{len(words)} hashes, but record numbers of shape {numbers.shape}")
        if len(words) > TAIL_LIMIT:
            self._fold(self._unfolded(len(words)), [(words, numbers)])
            return
        if len(words):
            state = self._state
            tail = index_tail.append(state.tail, words, numbers)
            self._state = assemble(state.manifest, state.segments, tail, state.deleted)
        if self._state.tail.count > TAIL_LIMIT:
            self._fold(self._unfolded(0))

    def delete(self, records: NDArray[np.uint64]) -> int:
        """Delete all hashes of these record numbers, at once; return how many there were.

        Numbers that stand for nothing are left out of account. A number may be used again.
        """
        wanted = np.sort(_numbers(records))
        state = self._state
        bases = state.manifest.bases()
        bits = np.zeros(bases[-1] // 8 + (state.tail.count + 7) // 8, np.uint8)
        found = 0
        for base, part in zip(bases, state.parts, strict=True):
            hit = _are_in(part.records, wanted)
            mine = np.packbits(hit, bitorder="little") & ~part.dead
            found += int(np.bitwise_count(mine).sum())
            bits[base // 8 : base // 8 + len(mine)] = mine | part.dead
        if found:
            deleted = Deleted(state.deleted.edition + 1, bits)
            index_state.write_deleted(self._folder, state.manifest, deleted)
            self._state = assemble(state.manifest, state.segments, state.tail, deleted)
        return found

    def compact(self) -> None:
        """Build one segment of all that is not deleted."""
        self._fold(0)

    @staticmethod
    def rebuild(folder: Path, given: Iterable[Block]) -> int:
        """Put an index of exactly these blocks in place of whatever lies in ``folder``, however
        damaged; return how many hashes it has. The old one serves until the new one is whole.
        """
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        lock = IndexLock(folder)
        try:
            with suppress(IndexDamagedError):
                _begin(folder)
            generation = index_state.last_generation(folder) + 1
            named = _build(folder, generation, ((as_words(h), _numbers(r)) for h, r in given))
            manifest = Manifest(generation, named)
            _publish(folder, manifest, np.zeros(0, np.uint8))
            _clean(folder, manifest)
            return sum(segment.count for segment in named)
        finally:
            lock.release()

    def _unfolded(self, adding: int) -> int:
        """Return how many segments stay when the tail and ``adding`` hashes become one.

        Each that stays is at least ``_RATIO`` times as large as what follows it, so they are few
        and a hash is not copied often.
        """
        live = [len(p.words) - int(np.bitwise_count(p.dead).sum()) for p in self._state.parts]
        following = live.pop() + adding
        while live and live[-1] < _RATIO * following:
            following += live.pop()
        return len(live)

    def _fold(
        self, keep: int, extra: Iterable[tuple[NDArray[np.uint64], NDArray[np.uint64]]] = ()
    ) -> None:
        """Build one segment of all but the first ``keep``, the tail and ``extra``."""
        state = self._state
        for segment in state.segments[keep:]:
            segment.verify(cores())  # damage must not get a checksum of its own
        generation = state.manifest.generation + 1
        try:
            new = _build(self._folder, generation, _live(state.parts[keep:], extra))
            manifest = Manifest(generation, state.manifest.segments[:keep] + new)
            kept = manifest.bases()[keep] // 8
            bits = np.zeros(kept, np.uint8)
            known = min(kept, len(state.deleted.bits))
            bits[:known] = state.deleted.bits[:known]
            _publish(self._folder, manifest, bits)
        except Exception:
            _clean(self._folder, state.manifest)
            raise
        self._state = load(self._folder, state, check=False)
        _clean(self._folder, manifest)


def _begin(folder: Path) -> None:
    """Make an empty index where there is none."""
    try:
        index_state.manifest_bytes(folder)
    except IndexMissingError:
        _publish(folder, Manifest(0, ()), np.zeros(0, np.uint8))


def _live(
    parts: Iterable[Part], extra: Iterable[tuple[NDArray[np.uint64], NDArray[np.uint64]]]
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
    for part in parts:
        yield from blocks(part.words, part.records, part.dead)
    yield from extra


def _build(
    folder: Path,
    generation: int,
    given: Iterable[tuple[NDArray[np.uint64], NDArray[np.uint64]]],
) -> tuple[Named, ...]:
    """Build a segment; none if there are no hashes."""
    path = folder / f"segment-{generation}"
    with SegmentBuilder(path) as builder:
        for words, records in given:
            if records.shape != (len(words),):
                raise ValueError(f"{len(words)} hashes, but {len(records)} record numbers")
            builder.append(words, records)
        if not builder.count:
            return ()
        header = builder.finish(cores())
    return (Named(path.name, builder.count, header),)


def _publish(folder: Path, manifest: Manifest, deleted: NDArray[np.uint8]) -> None:
    """Put an empty tail and the bitmap beside the segments, then make them the index."""
    index_tail.create(folder / manifest.tail, manifest.generation)
    index_state.write_deleted(folder, manifest, Deleted(0, deleted))
    index_state.write_manifest(folder, manifest)


def _clean(folder: Path, manifest: Manifest) -> None:
    """Remove what a killed writer left and what is no longer named; who has it mapped keeps it."""
    for path in index_state.leftovers(folder, manifest):
        path.unlink(missing_ok=True)


def _are_in(records: NDArray[np.unsignedinteger], wanted: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Say of each record whether it is among ``wanted``, which is sorted."""
    hit = np.zeros(len(records), np.bool_)
    if not len(wanted):
        return hit
    top = int(wanted[-1])
    table = None
    if top < _DENSE * (len(records) + len(wanted)):
        table = np.zeros(top + 2, np.bool_)
        table[wanted] = True
    for start in range(0, len(records), _BLOCK):
        block = records[start : start + _BLOCK].astype(np.uint64)
        if table is not None:
            hit[start : start + _BLOCK] = table[np.minimum(block, np.uint64(top + 1))]
        else:
            place = np.minimum(np.searchsorted(wanted, block), len(wanted) - 1)
            hit[start : start + _BLOCK] = wanted[place] == block
    return hit


def _numbers(records: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Raises ValueError for anything but whole numbers that are not negative."""
    given = np.asarray(records)
    if given.size == 0:
        return np.zeros(given.shape, np.uint64)
    if given.dtype.kind not in "ui" or (given.dtype.kind == "i" and int(given.min()) < 0):
        raise ValueError("record numbers must be whole and not negative")
    return given.astype(np.uint64)
