"""Where JPEG files lie inside other bytes: from their first marker to their last, by structure.

It follows markers and lengths (ITU-T T.81 annex B) and decodes nothing. What it needs is bounded
by one account of steps per search, whatever the bytes claim.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Span = tuple[int, int]  # first byte, and the byte behind the last

_START = b"\xff\xd8\xff"
_SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # a stuffed or restart FF is no marker
_FRAMES = {0xC0 + n for n in range(16)} - {0xC4, 0xC8, 0xCC}
_DECODED = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # lossless ones (C3) are sensor data in raw photos
_TABLES = {0xC4, 0xCC, 0xDB, 0xDC, 0xDD, 0xFE, *range(0xE0, 0xF0)}
_STEPS = 50_000  # markers looked at in one search, and one more for each 256 bytes searched


@dataclass(frozen=True, slots=True)
class Jpeg:
    start: int
    end: int  # behind its end marker; where it breaks off, behind its last coded byte
    complete: bool
    decoded: bool  # False: a coding (lossless, arithmetic) that no viewer shows
    width: int  # pixels as stored
    height: int


@dataclass(slots=True)
class JpegSearch:
    """One search of ``data[start:end]``; after it ``complete`` says whether all was looked at."""

    data: bytes
    start: int
    end: int
    complete: bool = True
    _left: int = field(init=False)

    def __post_init__(self) -> None:
        self.end = min(self.end, len(self.data))
        self._left = _STEPS + max(0, self.end - self.start) // 256

    def found(self, taken: Iterable[Span] = ()) -> Iterator[Jpeg]:
        """Yield the JPEGs in order, none inside another and none that begins in ``taken``.

        ``taken`` are ranges in order that do not overlap.
        """
        spans = list(taken)
        at = self.data.find(_START, self.start, self.end)
        while at >= 0:
            index = bisect_right(spans, (at, len(self.data))) - 1
            if index >= 0 and at < spans[index][1]:
                at = self.data.find(_START, spans[index][1], self.end)
                continue
            if self._left <= 0:
                self.complete = False
                return
            jpeg = self.measure(at)
            if jpeg is not None:
                yield jpeg
            at = self.data.find(_START, at + 1 if jpeg is None else jpeg.end, self.end)

    def measure(self, start: int) -> Jpeg | None:
        """Return the JPEG that begins at ``start``; None where its structure is none."""
        data, pos = self.data, start + 2
        if data[start : start + 2] != b"\xff\xd8":
            return None
        frame: tuple[int, int, int] | None = None
        scanned = False
        while pos + 2 <= self.end:
            self._left -= 1
            marker = data[pos + 1]
            if self._left < 0 or data[pos] != 0xFF:
                break
            if marker == 0xFF:  # fill
                pos += 1
                continue
            if marker == 0xD9:
                return _jpeg(start, pos + 2, frame, complete=True) if scanned else None
            length = int.from_bytes(data[pos + 2 : pos + 4], "big")
            known = marker in _TABLES or marker in _FRAMES or marker == 0xDA
            if not known or length < 2:
                break
            if marker in _FRAMES and length >= 8 and frame is None:
                sizes = data[pos + 5 : pos + 9]
                frame = marker, int.from_bytes(sizes[2:], "big"), int.from_bytes(sizes[:2], "big")
            pos += 2 + length
            if marker == 0xDA:
                scanned = frame is not None
                found = _SCAN_END.search(data, pos, self.end)
                pos = found.start() if found is not None else self.end
        return _jpeg(start, min(pos, self.end), frame, complete=False) if scanned else None


def _jpeg(start: int, end: int, frame: tuple[int, int, int] | None, *, complete: bool) -> Jpeg:
    marker, width, height = frame or (0, 0, 0)
    return Jpeg(start, end, complete, marker in _DECODED, width, height)


def measure(data: bytes, start: int, end: int | None = None) -> Jpeg | None:
    """Return the JPEG at ``start`` that ends at or before ``end``; None where there is none."""
    return JpegSearch(data, start, len(data) if end is None else end).measure(start)
