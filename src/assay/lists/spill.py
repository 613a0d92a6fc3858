"""Sorting more 16-byte keys than memory holds: sorted runs on disk, merged by leading byte.

The merge takes from all runs the keys with one leading byte, or with a few; where one byte has too
many keys, it divides them by the next byte, and so on. Every such part is a slice of each run,
because the runs are sorted, so memory stays bounded whatever the keys are: the same key a million
times, too.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from assay.lists.sealed import give_back

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEY = 16  # bytes
ROW = KEY + 4  # key, record number (little-endian)
CHUNK = 1 << 18  # rows sorted at once: 5 MiB
_PART = 1 << 18  # rows merged at once at most


class Spill:
    """Collects rows of key and record number, and gives them back sorted by key, then number.

    Numbers must be added in rising order, or the same key's come back in the order added.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows = bytearray()
        self._file: BinaryIO | None = None
        self._runs: list[int] = []  # rows of each
        self.count = 0

    def add(self, key: bytes, number: int) -> None:
        """Add a row; ``key`` is cut to its first 16 bytes, which it must have."""
        self._rows += key[:KEY]
        self._rows += number.to_bytes(4, "little")
        self.count += 1
        if len(self._rows) >= CHUNK * ROW:
            self._write()

    def add_rows(self, rows: NDArray[np.uint8]) -> None:
        """Add N×20 rows that are laid out already."""
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            self._rows += part.tobytes()
            self.count += len(part)
            if len(self._rows) >= CHUNK * ROW:
                self._write()

    def sorted(self) -> Iterator[NDArray[np.uint8]]:
        """Yield N×20 arrays, ascending over all of them. Ends the collecting."""
        if self._file is None:
            if self._rows:
                yield _sort(np.frombuffer(bytes(self._rows), np.uint8).reshape(-1, ROW))
            return
        if self._rows:
            self._write()
        self._file.flush()
        mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        table = np.frombuffer(mapped, np.uint8).reshape(-1, ROW)
        ends = np.cumsum(self._runs)
        runs = [table[end - size : end] for end, size in zip(ends, self._runs, strict=True)]
        for rows in _merge(runs, 0):
            yield rows
            give_back(mapped, 0, table.size)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._rows = bytearray()

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by close
        rows = np.frombuffer(bytes(self._rows), np.uint8).reshape(-1, ROW)
        self._rows = bytearray()
        self._file.write(_sort(rows).tobytes())
        self._runs.append(len(rows))


def _sort(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return N×20 rows sorted by key; rows with the same key keep their order."""
    high = np.ascontiguousarray(rows[:, :8]).view(">u8")[:, 0].astype(np.uint64)
    order = np.argsort(high, kind="stable")
    first = high[order]
    if len(first) > 1 and (first[1:] == first[:-1]).any():  # ties: the lower half decides
        low = np.ascontiguousarray(rows[:, 8:16]).view(">u8")[:, 0].astype(np.uint64)
        order = np.lexsort((low, high))
    return rows[order]


def _merge(runs: list[NDArray[np.uint8]], depth: int) -> Iterator[NDArray[np.uint8]]:
    """Yield the rows of sorted runs that agree in their first ``depth`` bytes, sorted."""
    if sum(map(len, runs)) <= _PART:
        if runs:
            yield _sort(np.concatenate(runs))
        return
    if depth == KEY:  # one key: the runs stand in the order of their numbers
        for run in runs:
            for start in range(0, len(run), _PART):
                yield np.array(run[start : start + _PART])
        return
    edges = np.array([_edges(run, depth) for run in runs])  # runs × 257
    totals = np.diff(edges, axis=1).sum(axis=0)
    first = 0
    while first < 256:
        end, size = first + 1, int(totals[first])
        while end < 256 and size + totals[end] <= _PART:
            size += int(totals[end])
            end += 1
        parts = [
            run[edge[first] : edge[end]]
            for run, edge in zip(runs, edges, strict=True)
            if edge[end] > edge[first]
        ]
        yield from _merge(parts, depth + (end == first + 1))
        first = end


def _edges(run: NDArray[np.uint8], depth: int) -> NDArray[np.int64]:
    """Return where each value of the byte at ``depth`` begins, and the end: 257 places."""
    begins = np.searchsorted(run[:, depth], np.arange(256, dtype=np.uint8), side="left")
    return np.append(begins, len(run)).astype(np.int64)
