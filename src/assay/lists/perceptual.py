"""The list's Hamming index kept in step with its records, and what is searched without one.

The index stands for records by their numbers and lives in a folder of its own, named by the layout
of those numbers. It may hold more than the manifest counts (a writer was killed, or is at work):
numbers the manifest does not know are passed over, and the next writer builds it anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.lists import columns, index, index_search
from assay.lists.columns import WIDTHS, ColumnFile
from assay.lists.hashers import Hasher
from assay.lists.index_files import HammingIndexError
from assay.lists.index_writer import TAIL_LIMIT, IndexWriter
from assay.lists.manifest import Manifest

if TYPE_CHECKING:
    from numpy.typing import NDArray

CAP = 1000  # hashes of current records given for a query
_DEAD = 512  # dead records whose hashes may stay in the index, so that few updates rewrite it
_BLOCK = 1 << 18  # hashes given to the index at once
_FOLDER = "pdq.index-"


class NearIndex:
    """The index as it was when the list was opened: later additions do not show."""

    def __init__(self, folder: Path, found: Manifest) -> None:
        self._count = found.count
        self._parts: tuple[index_search.Part, ...] = ()
        if found.indexed:
            path = index_folder(folder, found)
            self._parts = index.load(path, None, check=True).parts

    def search(
        self, queries: NDArray[np.uint8], radius: int, threads: int = 1
    ) -> Iterator[tuple[int, int, int]]:
        """Yield (query, record number, bits) within ``radius`` of Q×32 queries, nearest first.

        Of more than some 2,000 a query, the nearest. Records may be dead.
        """
        if not self._parts or not len(queries):
            return
        cap = CAP + 2 * _DEAD
        found = index_search.search(self._parts, queries, radius, cap, threads)
        rows = zip(
            found.query.tolist(), found.record.tolist(), found.distance.tolist(), strict=True
        )
        yield from (row for row in rows if row[1] < self._count)


def index_folder(folder: Path, found: Manifest) -> Path:
    return folder / f"{_FOLDER}{found.layout:08d}"


def follow(
    folder: Path, before: Manifest, after: Manifest, dead: NDArray[np.uint64], dead_before: int
) -> Manifest:
    """Bring the index to ``after``, which is not committed yet, and return it with its counts.

    ``dead`` are the records dead in ``before``, of which ``before.index_dead`` are gone already.
    """
    parts = after.hashes.get("pdq", ())
    if not parts:
        return after
    path = index_folder(folder, after)
    new = [part for part in parts if part not in before.hashes.get("pdq", ())]
    if not new and before.layout == after.layout:
        return after
    adding = sum(part.count for part in new)
    gone = before.index_dead
    if before.layout == after.layout and (adding <= TAIL_LIMIT or 4 * adding < before.indexed):
        try:
            with IndexWriter(path) as writer:
                if writer.count == before.indexed:
                    if dead_before - gone >= _DEAD:
                        writer.delete(dead)
                        gone = dead_before
                    for hashes, numbers in _blocks(folder, after, before.count):
                        writer.add(hashes, numbers)
                    return replace(after, indexed=writer.count, index_dead=gone)
        except HammingIndexError:
            pass  # damaged: it is only a copy of the columns
    return rebuild(folder, after)


def rebuild(folder: Path, found: Manifest) -> Manifest:
    """Build the index from the list's columns and return the manifest with its counts."""
    if not found.hashes.get("pdq"):
        return replace(found, indexed=0, index_dead=0)
    path = index_folder(folder, found)
    if sum(part.count for part in found.hashes["pdq"]) > TAIL_LIMIT:
        IndexWriter.rebuild(path, _blocks(folder, found, 0))
    else:  # a tail alone: no segment with its tables of megabytes
        IndexWriter.rebuild(path, ())
    with IndexWriter(path) as writer:
        if not writer.count:
            for hashes, numbers in _blocks(folder, found, 0):
                writer.add(hashes, numbers)
        return replace(found, indexed=writer.count, index_dead=0)


def remove_strays(folder: Path, found: Manifest) -> None:
    """Remove indexes of other layouts."""
    for path in folder.glob(f"{_FOLDER}*"):
        if path != index_folder(folder, found):
            shutil.rmtree(path, ignore_errors=True)


def scan(
    files: list[ColumnFile],
    queries: NDArray[np.uint8],
    threshold: int,
    hasher: Hasher | None = None,
) -> Iterator[tuple[int, int, int]]:
    """Compare Q×width queries with every value, one by one.

    Yield (query, record number, distance). Without a ``hasher`` the distance is the Euclidean one,
    rounded down: for hashes that need a licence, which Assay stores and compares and never makes.
    """
    for file in files:
        for rows in file.rows(1 << 14):
            values = columns.values(rows)
            numbers = columns.numbers(rows)
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


def _blocks(
    folder: Path, found: Manifest, first: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint64]]]:
    """Yield the hashes of records from number ``first`` on, in blocks."""
    for part in found.hashes["pdq"]:
        file = ColumnFile(folder / part.file, WIDTHS["pdq"], part.seal)
        for rows in file.rows(_BLOCK):
            numbers = columns.numbers(rows)
            wanted = numbers >= first
            if wanted.any():
                yield columns.values(rows[wanted]), numbers[wanted].astype(np.uint64)
