"""Finds lines by how they begin, over a blob of any size, in one pass and bounded memory.

Mail is lines: a boundary and an mbox separator are known by their first characters. Lines end with
LF, CR LF or, in old Macintosh mail, CR alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.core.blob import Blob
from assay.openers.streams import Slice

_WINDOW = 1 << 20  # bytes read at once


_BOM = b"\xef\xbb\xbf"


def without_mark(blob: Blob) -> tuple[Blob, int]:
    """Return a text without the byte-order mark of UTF-8, and how many bytes that left out."""
    if blob.read(0, len(_BOM)) != _BOM:
        return blob, 0
    return Slice(blob, len(_BOM), blob.size), len(_BOM)


class Reader:
    """Small reads near each other, served from one window of the blob."""

    __slots__ = ("_blob", "_data", "_start")

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._data = b""
        self._start = 0

    def read(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes (at most one window) from ``offset``."""
        at = offset - self._start
        if at < 0 or at + length > len(self._data):
            self._start, at = offset, 0
            self._data = self._blob.read(offset, max(_WINDOW, length))
        return self._data[at : at + length]

    def line(self, offset: int, longest: int) -> bytes:
        """Return the line at ``offset`` without its end; cut after ``longest`` bytes."""
        data = self.read(offset, longest)
        ends = [end for end in (data.find(b"\n"), data.find(b"\r")) if end >= 0]
        return data[: min(ends)] if ends else data


def line_starts(blob: Blob, needle: bytes) -> Iterator[int]:
    """Yield in order the offset of every line that begins with ``needle``."""
    if blob.read(0, len(needle)) == needle:
        yield 0
    length = len(needle) + 1
    for start in range(0, blob.size, _WINDOW):
        data = blob.read(start, _WINDOW + length - 1)
        found = [*positions(data, b"\n" + needle), *positions(data, b"\r" + needle)]
        for at in sorted(found):
            yield start + at + 1


def positions(data: bytes, needle: bytes) -> Iterator[int]:
    """Yield in order where ``needle`` occurs in ``data``."""
    at = data.find(needle)
    while at >= 0:
        yield at
        at = data.find(needle, at + 1)


def before_line(reader: Reader, start: int) -> int:
    """Return where the line end that stands before ``start`` begins; ``start`` if none does."""
    before = reader.read(start - 2, 2) if start >= 2 else reader.read(0, start)
    if before == b"\r\n":
        return start - 2
    return start - 1 if before[-1:] in (b"\n", b"\r") else start
