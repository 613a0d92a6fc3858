"""Exact lookup of digests: sorted rows of fixed width on disk, at most 20 bytes a digest.

A row is the first 16 bytes of a digest and the number of the record that states it; the whole
digest stands in that record, which confirms every answer. The leading one or two bytes are not
stored: a table says where each of their values begins, so a row has 19 or 18 bytes (18 from
140,000 rows on, table included at most 20 a digest from 1,028 rows on). Within one value of the
table, binary search: 11 steps among 74 million.

Layout, little-endian: 16 bytes of header (magic, rows as u64), table of u32, rows of the rest of
the key and the number as u32. The file is a ``sealed`` one.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assay.lists.sealed import ListDamagedError, SealedFile, SealedWriter
from assay.lists.spill import KEY, ROW

if TYPE_CHECKING:
    from numpy.typing import NDArray

MANY = 140_000  # rows from which two leading bytes are in the table
MOST = (1 << 32) - 1  # rows and record numbers
_HEADER = struct.Struct("<6sHQ")  # magic, leading bytes in the table, rows
_MAGIC = b"ALDIG1"
_STEP = 1 << 16  # rows read at once when a file is read through


def write_digests(path: Path, most: int, parts: Iterable[NDArray[np.uint8]]) -> tuple[str, int]:
    """Write rows, given sorted as N×20 arrays; return the file's seal and how many they were.

    Raises ValueError where they are more than ``most`` or not sorted.
    """
    lead = 2 if most >= MANY else 1
    values = 256**lead
    writer = SealedWriter(path)
    try:
        body = path.with_suffix(".rows")
        table = np.zeros(values + 1, np.int64)
        written = 0
        last = b""
        with body.open("w+b") as rows:  # the table stands first and is known last
            for part in parts:
                if not len(part):
                    continue
                if part[0, :KEY].tobytes() < last:
                    raise ValueError("the rows are not sorted")
                last = part[-1, :KEY].tobytes()
                leads = part[:, 0].astype(np.int64)
                if lead == 2:
                    leads = leads << 8 | part[:, 1]
                table[1:] += np.bincount(leads, minlength=values)
                rows.write(np.ascontiguousarray(part[:, lead:]).data)
                written += len(part)
            if written > min(most, MOST):
                raise ValueError(f"{written} rows instead of at most {most}")
            writer.write(_HEADER.pack(_MAGIC, lead, written))
            writer.write(np.cumsum(table).astype("<u4").tobytes())
            rows.seek(0)
            while block := rows.read(1 << 20):
                writer.write(block)
        return writer.close(), written
    except BaseException:
        writer.abandon()
        raise
    finally:
        body.unlink(missing_ok=True)


class DigestFile:
    """One sorted file, mapped: nothing of it is loaded but what a lookup touches."""

    def __init__(self, path: Path, seal: str = "") -> None:
        self._sealed = SealedFile(path, seal)
        if self._sealed.size < _HEADER.size:
            raise ListDamagedError(path, "no header")
        header: tuple[bytes, int, int] = _HEADER.unpack(self._sealed.read(0, _HEADER.size))
        magic, self._lead, self.count = header
        begin = _HEADER.size
        self._rows = begin + 4 * (256**self._lead + 1)
        self._width = ROW - self._lead
        self._key = KEY - self._lead
        if (
            magic != _MAGIC
            or self._lead > 2
            or self._sealed.size != self._rows + self.count * self._width
        ):
            raise ListDamagedError(path, "its size is not what its header says")
        self._table = self._sealed.read(begin, self._rows).cast("I")

    @property
    def size(self) -> int:
        """Bytes on disk without the checksums."""
        return self._sealed.size

    def find(self, digest: bytes) -> list[int]:
        """Return the numbers of the records whose digest begins with the same 16 bytes."""
        at = self._place(digest)
        found = []
        end = self._table[int.from_bytes(digest[: self._lead], "big") + 1]
        wanted = digest[self._lead : KEY]
        while at < end:
            begin = self._rows + at * self._width
            row = self._sealed.read(begin, begin + self._width)
            if row[: self._key] != wanted:
                break
            found.append(int.from_bytes(row[self._key :], "little"))
            at += 1
        return found

    def rows(self, first: bytes = b"", last: bytes = b"") -> Iterator[NDArray[np.uint8]]:
        """Yield rows as sorted N×20 arrays, in bounded memory.

        All of them, or those whose keys lie from ``first`` to ``last``, and perhaps a few more.
        """
        table = np.frombuffer(self._table, "<u4").astype(np.int64)
        begin = self._place(first) if first else 0
        final = table[int.from_bytes(last[: self._lead], "big") + 1] if last else self.count
        for start in range(begin, int(final), _STEP):
            end = min(start + _STEP, int(final))
            span = self._rows + start * self._width, self._rows + end * self._width
            stored = self._sealed.read(*span)
            rows = np.empty((end - start, ROW), np.uint8)
            leads = np.searchsorted(table, np.arange(start, end), side="right") - 1
            if self._lead == 2:
                rows[:, 0] = leads >> 8
            rows[:, self._lead - 1] = leads & 0xFF
            rows[:, self._lead :] = np.frombuffer(stored, np.uint8).reshape(-1, self._width)
            self._sealed.forget(*span)
            yield rows

    def _place(self, digest: bytes) -> int:
        """Return the first row whose key is not less."""
        value = int.from_bytes(digest[: self._lead], "big")
        first, end = self._table[value], self._table[value + 1]
        width, size = self._width, self._key
        rows = self._sealed.read(self._rows + first * width, self._rows + end * width)

        def key(row: int) -> bytes:
            return bytes(rows[row * width : row * width + size])

        return int(first) + bisect_left(range(end - first), digest[self._lead : KEY], key=key)

    def check(self) -> None:
        """Check every byte; raises ListDamagedError."""
        self._sealed.check(0, self._sealed.size)


def numbers(rows: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the record numbers of N×20 rows."""
    return np.ascontiguousarray(rows[:, KEY:]).view("<u4")[:, 0]
