"""The list's Hamming index kept in step with its records, and what is searched without one.

The index stands for records by their numbers and lies in a folder that the list's manifest names.
It may hold more than the manifest counts (a writer was killed, or is at work): numbers the manifest
does not know are passed over, and the next writer builds it anew in another folder. Hashes of
records that are no longer current stay in it until they are many, and are passed over too.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.lists import columns, index, index_search, near_build
from assay.lists.columns import WIDTHS, ColumnFile
from assay.lists.hashers import Hasher
from assay.lists.held import read_held
from assay.lists.held import values as held_values
from assay.lists.index_files import HammingIndexError, IndexDamagedError
from assay.lists.index_writer import TAIL_LIMIT, IndexWriter
from assay.lists.manifest import Manifest
from assay.lists.marks import Marks

if TYPE_CHECKING:
    from numpy.typing import NDArray

CAP = 1000  # hashes of current records given for a query, at least, where there are so many
_DEAD = 4096  # dead records that an index may keep; beyond that, as many as a quarter of it
_BLOCK = 1 << 16  # hashes given to the index at once
_QUICK = 1 << 21  # hashes up to which an index is built anew in two seconds
_FOLDER = "pdq.index-"


class NearIndex:
    """The index as it was when the list was opened: later additions do not show."""

    def __init__(self, folder: Path, found: Manifest, marks: Marks) -> None:
        self._marks = marks
        self._parts: tuple[index_search.Part, ...] = ()
        if found.index:
            state = index.load(folder / found.index, None, check=True)
            if state.count < found.indexed:
                what = f"has {state.count} hashes instead of {found.indexed}"
                raise IndexDamagedError(folder / found.index, "tail", what)
            self._parts = state.parts

    def search(
        self, queries: NDArray[np.uint8], radius: int, threads: int = 1
    ) -> list[tuple[int, int, int]]:
        """Return (query, record number, bits) within ``radius`` of Q×32 queries.

        By query, nearest first; of more than ``CAP`` a query, the nearest, ``CAP`` or more.
        """
        rows: list[tuple[int, int, int]] = []
        if not self._parts:
            return rows
        asked = np.arange(len(queries))
        cap = 2 * CAP
        while len(asked):
            found = index_search.search(self._parts, queries[asked], radius, cap, threads)
            current = found.record < self._marks.count
            current[current] = ~self._marks.are_dead(found.record[current].astype(np.uint32))
            enough = np.bincount(found.query[current], minlength=len(asked)) >= CAP
            again = found.capped & ~enough  # the dead ones took the place of others
            kept = current & ~again[found.query]
            rows += zip(
                asked[found.query[kept]].tolist(),
                found.record[kept].tolist(),
                found.distance[kept].tolist(),
                strict=True,
            )
            asked = asked[again]
            cap *= 8
        return sorted(rows, key=lambda row: (row[0], row[2], row[1]))


def follow(folder: Path, before: Manifest, after: Manifest, marks: Marks) -> Manifest:
    """Bring the index to ``after``, which is not committed yet, and return it with its counts.

    ``marks`` are those of ``after``. What is held is not in the index: a thousand records that
    share a hash would else take the place of others.
    """
    held = _held(folder, after)
    if held != _held(folder, before):
        return rebuild(folder, after, marks)
    parts = after.hashes.get("pdq", ())
    adding = sum(part.count for part in parts if part not in before.hashes.get("pdq", ()))
    dead = marks.dead_count() - before.index_dead
    if dead > max(_DEAD, before.indexed // 4):
        return rebuild(folder, after, marks)
    if not adding:
        return after
    # Folding many into an index needs the compiled kernel, and with it 120 MiB.
    if not before.index or (adding > TAIL_LIMIT and before.indexed < max(4 * adding, _QUICK)):
        return rebuild(folder, after, marks)
    try:
        with IndexWriter(folder / before.index) as writer:
            if writer.count == before.indexed:
                for hashes, numbers in _blocks(folder, after, before.count, marks, held):
                    writer.add(hashes, numbers)
                return replace(after, indexed=writer.count)
    except HammingIndexError:
        pass  # damaged: it is only a copy of the columns
    return rebuild(folder, after, marks)


def rebuild(folder: Path, found: Manifest, marks: Marks) -> Manifest:
    """Build the index from the list's columns in a new folder; return the manifest with it."""
    parts = found.hashes.get("pdq", ())
    if not parts:
        return replace(found, index="", indexed=0, index_dead=0)
    path = folder / f"{_FOLDER}{found.generation + 1:08d}"
    blocks = _blocks(folder, found, 0, marks, _held(folder, found))
    if sum(part.count for part in parts) > TAIL_LIMIT:
        count = near_build.build(path, blocks)
    else:  # a tail alone: no segment with its tables of megabytes
        with IndexWriter(path) as writer:
            for hashes, numbers in blocks:
                writer.add(hashes, numbers)
            count = writer.count
    return replace(found, index=path.name, indexed=count, index_dead=marks.dead_count())


def remove_strays(folder: Path, found: Manifest) -> None:
    """Remove indexes that the manifest does not name."""
    for path in folder.glob(f"{_FOLDER}*"):
        if path.name != found.index:
            shutil.rmtree(path, ignore_errors=True)


def scan(
    files: list[ColumnFile],
    queries: NDArray[np.uint8],
    threshold: int,
    hasher: Hasher | None = None,
    held: frozenset[bytes] = frozenset(),
) -> Iterator[tuple[int, int, int]]:
    """Compare Q×width queries with every value that is not held, one by one.

    Yield (query, record number, distance). Without a ``hasher`` the distance is the Euclidean one,
    rounded down: for hashes that need a licence, which Assay stores and compares and never makes.
    """
    for file in files:
        for rows in file.rows(1 << 14):
            values = columns.values(rows)
            numbers = columns.numbers(rows)
            if held:
                free = ~columns.among(values, held)
                values, numbers = values[free], numbers[free]
            for at, query in enumerate(queries):
                distances = (
                    hasher.distances(query.tobytes(), values)
                    if hasher is not None
                    else euclidean(query, values)
                )
                for hit in np.flatnonzero(distances <= threshold):
                    yield at, int(numbers[hit]), int(distances[hit])


def euclidean(query: NDArray[np.uint8], values: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the distances of N×width values from a query, rounded down."""
    apart = values.astype(np.int32) - query.astype(np.int32)
    squares: NDArray[np.int64] = (apart**2).sum(axis=1, dtype=np.int64)
    return np.sqrt(squares).astype(np.int64)


def _held(folder: Path, found: Manifest) -> frozenset[bytes]:
    return held_values(read_held(folder, found.held), "pdq")


def _blocks(
    folder: Path, found: Manifest, first: int, marks: Marks, held: frozenset[bytes]
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint64]]]:
    """Yield the hashes of current records from number ``first`` on, in blocks, without the held."""
    for part in found.hashes["pdq"]:
        file = ColumnFile(folder / part.file, WIDTHS["pdq"], part.seal)
        for rows in file.rows(_BLOCK, forget=True):
            numbers = columns.numbers(rows)
            wanted = (numbers >= first) & ~marks.are_dead(numbers)
            hashes, numbers = columns.values(rows[wanted]), numbers[wanted]
            if held:
                free = ~columns.among(hashes, held)
                hashes, numbers = hashes[free], numbers[free]
            if len(numbers):
                yield hashes, numbers.astype(np.uint64)
