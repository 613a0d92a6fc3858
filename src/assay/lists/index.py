"""The exact index of the 256-bit hashes of a known-hash list: everything within a radius, no miss.

An index is a folder: immutable mapped segments, a tail that grows, a bitmap of deletions, and a
manifest that names them. Any number of processes read it while one writes
(``index_writer.IndexWriter``). A hash stands for a record number; the same hash may stand for
several, and one record may have several hashes. Which record that is only its list knows.

    with IndexWriter(folder) as writer:
        writer.add(hashes, records)
    index = HammingIndex(folder)
    matches = index.search(queries, radius=31)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.lists import index_search, index_segment, index_state, index_tail
from assay.lists.index_files import IndexDamagedError
from assay.lists.index_search import DEFAULT_CAP, Matches, Nearest, Part
from assay.lists.index_segment import Segment
from assay.lists.index_state import Deleted, Manifest
from assay.lists.index_tail import Tail

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEFAULT_RADIUS = 31  # bits: what PDQ customarily calls similar
_TRIES = 50  # a writer would have to fold as often while one reader opens


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """An index at one moment. Arrays of an older one stay readable when files are replaced."""

    manifest: Manifest
    segments: tuple[Segment, ...]
    tail: Tail
    deleted: Deleted
    parts: tuple[Part, ...]  # the segments, then the tail

    @property
    def count(self) -> int:
        """Hashes that are not deleted."""
        return sum(len(p.words) - int(np.bitwise_count(p.dead).sum()) for p in self.parts)


class HammingIndex:
    """A reader. Every search first looks for what a writer has added, in microseconds.

    Opening reads and checks every byte (``check=False``: only headers, tables of places, tail and
    bitmap); so does a segment that appears later. Raises IndexMissingError, or IndexDamagedError
    naming file and section.
    """

    def __init__(self, folder: Path, *, check: bool = True) -> None:
        self._folder = folder
        self._check = check
        self._state = load(folder, None, check=check)

    @property
    def count(self) -> int:
        """Hashes that are not deleted."""
        return self._state.count

    @property
    def generation(self) -> int:
        """Grows when segments are built; numbers files."""
        return self._state.manifest.generation

    @property
    def unfinished(self) -> int:
        """Bytes behind the last whole addition: one that was cut off, or is being written."""
        return self._state.tail.rest

    def refresh(self) -> bool:
        """Take in what was written since; return whether there was anything."""
        before = self._state
        self._state = load(self._folder, before, check=self._check)
        return self._state is not before

    def search(
        self,
        queries: NDArray[np.uint8],
        radius: int = DEFAULT_RADIUS,
        *,
        cap: int = DEFAULT_CAP,
        threads: int = 1,
    ) -> Matches:
        """Return every hash at most ``radius`` bits (0-63) from each of Q×32 queries.

        Of more than ``cap`` matches a query gets the nearest, and its ``capped`` is set. With
        ``threads`` above 1 queries are shared out among so many (``index_search.cores()``); the
        answer is the same. At 32-47 bits a query costs about 8 times as much as at 31, at 48-63
        as much as comparing it with every hash. Raises ValueError for another radius or shape.
        """
        self.refresh()
        return index_search.search(self._state.parts, queries, radius, cap, threads)

    def nearest(
        self, queries: NDArray[np.uint8], radius: int = DEFAULT_RADIUS, *, threads: int = 1
    ) -> Nearest:
        """Return the nearest hash within ``radius`` bits (0-63) of each query, if there is one."""
        self.refresh()
        return index_search.nearest(self._state.parts, queries, radius, threads)

    def verify(self) -> None:
        """Read everything again from disk; raises IndexDamagedError."""
        load(self._folder, None, check=True)

    def contents(self) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
        """Yield all hashes (N×4 words) with their records, in blocks, in the order of addition."""
        for part in self._state.parts:
            yield from index_segment.blocks(part.words, part.records, part.dead)


def load(folder: Path, before: State | None, *, check: bool) -> State:
    """Return the state on disk: ``before`` itself if nothing has changed.

    Files are looked for in the order manifest, bitmap, tail: who sees a deletion also sees what was
    added before it. One that a writer removes meanwhile means that there is a newer manifest.
    """
    path = folder / index_state.MANIFEST
    for _ in range(_TRIES):
        data = index_state.manifest_bytes(folder)
        manifest = index_state.parse_manifest(path, data)
        try:
            return _load(folder, manifest, before, check=check)
        except FileNotFoundError as error:
            missing = Path(error.filename)
        if index_state.manifest_bytes(folder) == data:
            raise IndexDamagedError(missing, "file", "is missing")
    raise IndexDamagedError(path, "manifest", f"names no lasting files in {_TRIES} tries")


def _load(folder: Path, manifest: Manifest, before: State | None, *, check: bool) -> State:
    if before is not None and before.manifest == manifest:
        deleted = index_state.read_deleted(folder, manifest, before.deleted)
        tail = index_tail.read(folder / manifest.tail, manifest.generation, before.tail)
        if deleted is before.deleted and tail is before.tail:
            return before
        return assemble(manifest, before.segments, tail, deleted)
    deleted = index_state.read_deleted(folder, manifest)
    tail = index_tail.read(folder / manifest.tail, manifest.generation)
    segments = _segments(folder, manifest, before, check)
    return assemble(manifest, segments, tail, deleted)


def assemble(
    manifest: Manifest, segments: tuple[Segment, ...], tail: Tail, deleted: Deleted
) -> State:
    """Put together what a search needs."""
    bases = manifest.bases()
    counts = [*(s.count for s in segments), tail.count]
    bits = np.zeros(bases[-1] // 8 + (tail.count + 7) // 8, np.uint8)
    known = min(len(bits), len(deleted.bits))
    bits[:known] = deleted.bits[:known]
    dead = [bits[b // 8 : b // 8 + (n + 7) // 8] for b, n in zip(bases, counts, strict=True)]
    parts = [
        Part(s.words, s.records, d, s.order, s.starts) for s, d in zip(segments, dead, strict=False)
    ]
    parts.append(Part(tail.words, tail.records, dead[-1]))
    return State(manifest, segments, tail, deleted, tuple(parts))


def _segments(
    folder: Path, manifest: Manifest, before: State | None, check: bool
) -> tuple[Segment, ...]:
    known = {(s.path.name, s.header): s for s in before.segments} if before else {}
    found = []
    for named in manifest.segments:
        segment = known.get((named.file, named.header))
        if segment is None:
            segment = Segment.open(folder / named.file)
            if (segment.count, segment.header) != (named.count, named.header):
                raise IndexDamagedError(segment.path, "header", "is not the one of the manifest")
            if check:
                segment.verify(index_search.cores())
        found.append(segment)
    return tuple(found)
