"""Perceptual hashes as they stand in a list: rows of a value and its record's number, on disk.

What every search is built from, and what a search without an index reads. Layout, little-endian:
16 bytes of header, then rows of the value and a u32, in the order of the records; a sealed file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.lists.sealed import ListDamagedError, SealedFile, SealedWriter

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Bytes of the values that are compared; others are kept in their record alone.
WIDTHS = {"pdq": 32, "photodna": 144}
_HEADER = struct.Struct("<6sHQ")  # magic, bytes of a value, unused
_MAGIC = b"ALHSH1"
_STEP = 1 << 16


class ColumnWriter:
    """Writes the hashes of one algorithm, record by record."""

    def __init__(self, path: Path, width: int) -> None:
        self.count = 0
        self.path = path
        self._writer = SealedWriter(path)
        self._writer.write(_HEADER.pack(_MAGIC, width, 0))

    def add(self, value: bytes, number: int) -> None:
        self._writer.write(value + number.to_bytes(4, "little"))
        self.count += 1

    def add_rows(self, rows: NDArray[np.uint8]) -> None:
        self._writer.write(np.ascontiguousarray(rows).tobytes())
        self.count += len(rows)

    def close(self) -> str:
        return self._writer.close()

    def abandon(self) -> None:
        self._writer.abandon()


class ColumnFile:
    """Such a file, mapped."""

    def __init__(self, path: Path, width: int, seal: str = "") -> None:
        self.width = width
        self._sealed = SealedFile(path, seal)
        size = self._sealed.size - _HEADER.size
        if size < 0 or size % (width + 4):
            raise ListDamagedError(path, "its size is not what was written")
        magic, stored, _ = _HEADER.unpack(self._sealed.read(0, _HEADER.size))
        if magic != _MAGIC or stored != width:
            raise ListDamagedError(path, "its header is not what was written")
        self.count = size // (width + 4)

    def rows(self, step: int = _STEP, *, forget: bool = False) -> Iterator[NDArray[np.uint8]]:
        """Yield N×(width+4) arrays in the order of the records; no copies.

        With ``forget`` what was passed no longer counts as this process's memory.
        """
        row = self.width + 4
        for first in range(0, self.count, step):
            last = min(first + step, self.count)
            start, end = _HEADER.size + first * row, _HEADER.size + last * row
            yield np.frombuffer(self._sealed.read(start, end), np.uint8).reshape(-1, row)
            if forget:
                self._sealed.forget(start, end)

    def check(self) -> None:
        self._sealed.check(0, self._sealed.size)


def values(rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the values of rows, N×width, contiguous."""
    return np.ascontiguousarray(rows[:, :-4])


def numbers(rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the record numbers of rows."""
    return np.ascontiguousarray(rows[:, -4:]).view("<u4")[:, 0]


def opaque(rows: NDArray[np.uint8]) -> NDArray[np.void]:
    """Return N×width bytes as N whole values, which can be sorted and looked up."""
    whole = np.ascontiguousarray(rows)
    return whole.view(f"V{whole.shape[1]}")[:, 0]


def among(found: NDArray[np.uint8], wanted: frozenset[bytes]) -> NDArray[np.bool_]:
    """Tell of N×width values which are among ``wanted``."""
    if not wanted:
        return np.zeros(len(found), np.bool_)
    known = np.frombuffer(b"".join(sorted(wanted)), np.uint8).reshape(-1, found.shape[1])
    return np.isin(opaque(found), opaque(known))
