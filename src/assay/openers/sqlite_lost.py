"""Tells whether a lost row can be believed: only its own header speaks for it."""

from __future__ import annotations

import struct

from assay.openers.sqlite_pages import Cell, columns, read_cell, varint

DAMAGE = (IndexError, ValueError, struct.error)  # what reading bytes that are no row may raise


class Held:
    """Bytes in memory as a blob that may say it is longer than they are."""

    __slots__ = ("_data", "size")

    def __init__(self, data: bytes, size: int | None = None) -> None:
        self._data = data
        self.size = len(data) if size is None else size

    def read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


def fitting(
    data: bytes, at: int, kind: int, usable: int, *, before: int | None = None
) -> tuple[Cell | None, int]:
    """Return the cell at an offset if its record's header adds up to its size, and the work done.

    ``before`` is where one of its values must begin, so that its header ends there at the latest.
    The work is the number of values looked at.
    """
    work = 1
    try:
        cell = read_cell(data, at, kind, usable)
        if before is not None and not 1 < varint(data, cell.start)[0] <= before - cell.start:
            return None, work
        last = None
        for column in columns(Held(data[cell.start : cell.start + cell.local], cell.size)):
            work += 1
            last = column
            if column.at + column.size > cell.size:
                return None, work
    except DAMAGE:
        return None, work
    fits = last is not None and last.at + last.size == cell.size
    return (cell if fits else None), work
