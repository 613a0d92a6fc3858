"""Reads Canon's CIFF block in a JPEG: what its cameras wrote before (and beside) EXIF.

Layout: Canon, "CIFF Specification on Image Data File", version 1.0 revision 4 (1997): heaps of
records, each heap with its table of 10-byte entries at its end. Record numbers as listed at
https://exiftool.org/TagNames/CanonRaw.html. The block is hostile: every offset is checked, each
heap is read once, and depth and entries are bounded.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

_MARK = b"HEAPJPGM"
_DEPTH = 8
_MAX_ENTRIES = 2048  # in all heaps together
_MAX_TEXT = 120  # characters
_HEAPS = (0x2800, 0x3000)  # data types whose records are heaps themselves
_TYPE = 0x3FFF  # of an entry: data type and number, without where it is stored
_OLDEST, _NEWEST = 788918400, 4102444800  # 1995-2100, seconds since 1970

_MAKE_MODEL, _FIRMWARE, _OWNER = 0x080A, 0x080B, 0x0810
_SERIAL, _TAKEN, _IMAGE, _EXPOSURE = 0x180B, 0x180E, 0x1810, 0x1818


@dataclass(frozen=True, slots=True)
class CiffBlock:
    """What a CIFF block states; None where it says nothing."""

    make: str | None = None
    model: str | None = None
    firmware: str | None = None
    owner: str | None = None
    serial: str | None = None
    taken_at: str | None = None  # ISO 8601 without zone: the camera's clock
    size: tuple[int, int] | None = None  # width and height in pixels
    exposure: dict[str, float] = field(default_factory=dict)  # seconds, f-number


def is_ciff(data: bytes) -> bool:
    """Tell whether the payload of an APP0 segment is a CIFF block."""
    return data[:2] in (b"II", b"MM") and data[6:14] == _MARK


def read_ciff(data: bytes) -> CiffBlock:
    """Return what a CIFF block states; what is damaged is left out, nothing is raised."""
    if not is_ciff(data):
        return CiffBlock()
    order = "<" if data[:2] == b"II" else ">"
    records = dict(_Heaps(data, order).records())
    names = _texts(records.get(_MAKE_MODEL, b""))
    return CiffBlock(
        make=names[0] if names else None,
        model=names[1] if len(names) > 1 else None,
        firmware=_text(records.get(_FIRMWARE)),
        owner=_text(records.get(_OWNER)),
        serial=_serial(records.get(_SERIAL), order),
        taken_at=_time(records.get(_TAKEN), order),
        size=_size(records.get(_IMAGE), order),
        exposure=_exposure(records.get(_EXPOSURE), order),
    )


class _Heaps:
    def __init__(self, data: bytes, order: str) -> None:
        self.data = data
        self.order = order
        self.seen: set[tuple[int, int]] = set()
        self.entries = 0

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Yield the number and the bytes of every record, the deepest first."""
        start = struct.unpack_from(self.order + "I", self.data, 2)[0]
        yield from self._heap(start, len(self.data), 0)

    def _heap(self, start: int, end: int, depth: int) -> Iterator[tuple[int, bytes]]:
        if depth > _DEPTH or (start, end) in self.seen or not 0 <= start <= end - 6:
            return
        self.seen.add((start, end))
        table = start + struct.unpack_from(self.order + "I", self.data, end - 4)[0]
        if not start <= table <= end - 6:
            return
        count = struct.unpack_from(self.order + "H", self.data, table)[0]
        for at in range(table + 2, min(table + 2 + 10 * count, end - 9), 10):
            self.entries += 1
            if self.entries > _MAX_ENTRIES:
                return
            kind, size, offset = struct.unpack_from(self.order + "HII", self.data, at)
            if kind & 0x4000:  # stored in the entry itself
                yield kind & _TYPE, self.data[at + 2 : at + 10]
                continue
            first, last = start + offset, start + offset + size
            if last > end:
                continue
            if kind & 0x3800 in _HEAPS:
                yield from self._heap(first, last, depth + 1)
            else:
                yield kind & _TYPE, self.data[first:last]


def _texts(raw: bytes) -> list[str]:
    parts = (part.decode("latin-1").strip() for part in raw[:400].split(b"\0"))
    return [part[:_MAX_TEXT] for part in parts if part]


def _text(raw: bytes | None) -> str | None:
    texts = _texts(raw or b"")
    return texts[0] if texts else None


def _serial(raw: bytes | None, order: str) -> str | None:
    if raw is None or len(raw) < 4:
        return None
    number: int = struct.unpack_from(order + "I", raw)[0]
    return str(number) if number else None


def _time(raw: bytes | None, order: str) -> str | None:
    """Seconds since 1970 by the camera's clock, which knows no zone."""
    if raw is None or len(raw) < 4:
        return None
    seconds: int = struct.unpack_from(order + "I", raw)[0]
    if not _OLDEST <= seconds < _NEWEST:  # a clock that was never set
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _size(raw: bytes | None, order: str) -> tuple[int, int] | None:
    if raw is None or len(raw) < 8:
        return None
    width, height = struct.unpack_from(order + "II", raw)
    return (width, height) if 16 <= width <= 65535 and 16 <= height <= 65535 else None


def _exposure(raw: bytes | None, order: str) -> dict[str, float]:
    """Compensation, Tv and Av as APEX values (CIPA DC-008 annex C)."""
    if raw is None or len(raw) < 12:
        return {}
    _, shutter, aperture = struct.unpack_from(order + "fff", raw)
    found: dict[str, float] = {}
    if math.isfinite(shutter) and 0 < abs(shutter) <= 16:
        found["ExposureTime"] = round(2.0**-shutter, 6)
    if math.isfinite(aperture) and 0 < aperture <= 14:
        found["FNumber"] = round(2.0 ** (aperture / 2), 2)
    return found
