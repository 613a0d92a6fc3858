"""Where a picture ends by its own structure: JPEG, PNG, GIF, BMP, TIFF and RIFF (WebP, WAV, AVI).

Sources: ITU-T T.81 B.1; ISO 15948 §5.3; GIF89a; wingdi.h; TIFF 6.0 §2; RFC 9649.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from assay.media.span import MAX_STEPS, Extent, Span

_AFTER_SCAN = frozenset({0xC4, 0xCC, 0xDA, 0xDB, 0xDC, 0xDD, 0xFE, *range(0xE0, 0xF0)})
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # a stuffed or restart FF is no marker


def jpeg_extent(span: Span) -> Extent | None:
    pos, scanned = 2, False
    for _ in range(MAX_STEPS):
        head = span.read(pos, 4)
        if len(head) < 2 or head[0] != 0xFF:
            return Extent(min(pos, span.size), complete=False) if scanned else None
        marker = head[1]
        if marker == 0xFF:
            pos += 1
            continue
        if marker == 0xD9:
            return Extent(pos + 2, complete=True)
        known = marker in _AFTER_SCAN if scanned else 0xC0 <= marker <= 0xFE and marker != 0xD8
        if not known or len(head) < 4:
            return Extent(pos, complete=False) if scanned else None
        pos += 2 + int.from_bytes(head[2:4], "big")
        if marker == 0xDA:
            scanned = True
            found = span.find(_MARKER, pos)
            if found is None:
                return Extent(span.size, complete=False)
            pos = found
    return None


def png_extent(span: Span) -> Extent | None:
    pos = 8
    for _ in range(MAX_STEPS):
        head = span.read(pos, 8)
        if len(head) < 8 or not head[4:8].isalpha() or head[0] > 0x7F:
            return Extent(min(pos, span.size), complete=False) if pos > 8 else None
        pos += 12 + int.from_bytes(head[:4], "big")
        if head[4:8] == b"IEND":
            return Extent(pos, complete=True)
    return None


def gif_extent(span: Span) -> Extent | None:
    head = span.read(0, 13)
    pos = 13 + (3 << ((head[10] & 7) + 1) if head[10] & 0x80 else 0)
    drawn = False
    for _ in range(MAX_STEPS):
        kind = span.read(pos, 10)
        if kind[:1] == b";":
            return Extent(pos + 1, complete=True)
        if kind[:1] == b"!":
            pos += 2
        elif kind[:1] == b"," and len(kind) == 10:
            drawn = True
            pos += 10 + (3 << ((kind[9] & 7) + 1) if kind[9] & 0x80 else 0) + 1
        else:
            return Extent(min(pos, span.size), complete=False) if drawn else None
        pos = _sub_blocks(span, pos)
    return None


def _sub_blocks(span: Span, pos: int) -> int:
    data, at = span.read(pos, 1 << 16), 0
    while True:
        if at >= len(data):
            pos, at = pos + at, 0
            data = span.read(pos, 1 << 16)
            if not data:
                return span.size
        length = data[at]
        at += 1 + length
        if not length:
            return pos + at


def riff_extent(span: Span) -> Extent | None:
    end = 8 + span.number(4, 4, "little")
    pos = 12
    for _ in range(MAX_STEPS):
        if pos + 8 > min(end, span.size):
            break
        name = span.read(pos, 4)
        if not all(32 <= byte < 127 for byte in name):
            return Extent(pos, complete=False)
        size = span.number(pos + 4, 4, "little")
        pos += 8 + size + (size & 1)
    return Extent(end, complete=True)


def bitmap_extent(span: Span) -> Extent | None:
    head = span.read(0, 54)
    size, at = struct.unpack_from("<I4xI", head, 2)
    width, height, _, bits = struct.unpack_from("<iiHH", head, 18)
    row = (abs(width) * bits + 31) // 32 * 4
    packed = int.from_bytes(head[30:34], "little") in (1, 2)  # run lengths: any size below
    plain = at + row * abs(height)
    if not 0 < abs(width) < 1 << 17 or not 0 < abs(height) < 1 << 17 or not 26 <= at < 1 << 16:
        return None
    if packed:
        return Extent(size, complete=True) if at < size <= 2 * plain else None
    return Extent(max(plain, size) if size <= plain + 4096 else plain, complete=True)


_TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_TIFF_PAIRS = ((273, 279), (324, 325), (513, 514))  # offsets of strips, tiles, JPEG; their sizes
_TIFF_CHILDREN = (330, 34665, 34853)


def tiff_extent(span: Span) -> Extent | None:
    """Up to the last byte that any directory, value, strip or tile reaches."""
    order = "little" if span.read(0, 2) == b"II" else "big"
    end, drawn = 8, False
    pending, seen = [span.number(4, 4, order)], set[int]()
    while pending and len(seen) < 256:
        at = pending.pop()
        if at in seen or not 8 <= at < span.size:
            continue
        seen.add(at)
        count = span.number(at, 2, order)
        end = max(end, at + 2 + 12 * count + 4)
        arrays: dict[int, list[int]] = {}
        for index in range(min(count, 512)):
            entry = at + 2 + 12 * index
            tag, kind = span.number(entry, 2, order), span.number(entry + 2, 2, order)
            items = span.number(entry + 4, 4, order)
            size = _TIFF_SIZES.get(kind, 1) * items
            where = entry + 8 if size <= 4 else span.number(entry + 8, 4, order)
            if size > 4 and where + size <= span.size:
                end = max(end, where + size)
            if kind in (3, 4, 13) and items <= 1 << 16:
                arrays[tag] = list(_numbers(span, where, kind, items, order))
        for starts, sizes in _TIFF_PAIRS:
            for start, size in zip(arrays.get(starts, ()), arrays.get(sizes, ()), strict=False):
                end, drawn = max(end, start + size), True
        for tag in _TIFF_CHILDREN:
            pending.extend(arrays.get(tag, ())[:16])
        pending.extend(_numbers(span, at + 2 + 12 * count, 4, 1, order))
    return Extent(end, complete=True) if drawn else None


def _numbers(span: Span, at: int, kind: int, items: int, order: str) -> Iterator[int]:
    size = 2 if kind == 3 else 4
    data = span.read(at, size * items)
    for pos in range(0, len(data) - size + 1, size):
        yield int.from_bytes(data[pos : pos + size], "big" if order == "big" else "little")
