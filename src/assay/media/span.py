"""A part of a blob from one beginning on, and where it ends: what the readers of extents share."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assay.core.blob import Blob

MAX_STEPS = 200_000  # segments, chunks or boxes of one file
_WINDOW = 1 << 20  # bytes read at a time


@dataclass(frozen=True, slots=True)
class Extent:
    end: int  # offset of the first byte behind it
    complete: bool  # False: the structure breaks off there


class Span:
    """A part of a blob from one beginning on; offsets count from there."""

    __slots__ = ("_blob", "_start", "size")

    def __init__(self, blob: Blob, start: int, end: int) -> None:
        self._blob = blob
        self._start = start
        self.size = max(0, end - start)

    def upto(self, end: int | None) -> Span:
        """Return the same part cut at an offset; None cuts nothing."""
        stop = self.size if end is None else min(end, self.size)
        return Span(self._blob, self._start, self._start + stop)

    def read(self, offset: int, length: int) -> bytes:
        length = min(length, self.size - offset)
        return self._blob.read(self._start + offset, length) if offset >= 0 and length > 0 else b""

    def number(self, offset: int, size: int, order: str = "big") -> int:
        data = self.read(offset, size)
        if len(data) < size:
            raise ValueError("the end of the bytes")
        return int.from_bytes(data, "big" if order == "big" else "little")

    def find(self, pattern: re.Pattern[bytes], start: int, overlap: int = 1) -> int | None:
        """Return the offset of the first match at or after ``start``."""
        while start < self.size:
            data = self.read(start, _WINDOW + overlap)
            hit = pattern.search(data)
            if hit is not None:
                return start + hit.start()
            if len(data) <= overlap:
                return None
            start += len(data) - overlap
        return None
