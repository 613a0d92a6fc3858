"""The items of a HEIF "meta" box that are metadata: Exif, XMP, and where their bytes lie.

It knows iinf, iloc and idat; it decodes no picture item. Source: ISO/IEC 14496-12 §8.11,
ISO/IEC 23008-12 annex A.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from assay.core.slots import SlotKind
from assay.media.gather import Gather

_MAX_ITEMS = 8192
_MAX_EXTENTS = 256
_XMP_TYPE = b"application/rdf+xml"
_PACKED = b"deflate"  # the one coding of an item that is undone (RFC 1950)
Range = tuple[int, int]


@dataclass(slots=True)
class Cursor:
    """Reads big-endian numbers one after another; zero beyond ``end``."""

    data: bytes
    pos: int
    end: int

    def number(self, size: int) -> int:
        value = int.from_bytes(self.data[self.pos : min(self.pos + size, self.end)], "big")
        self.pos += size
        return value

    @property
    def over(self) -> bool:
        return self.pos > self.end


def read_items(gather: Gather, children: Mapping[bytes, Range]) -> None:
    """Keep the Exif and XMP items of one meta box, given the ranges of its child boxes."""
    if b"iinf" not in children or b"iloc" not in children:
        return
    wanted = _wanted(gather, *children[b"iinf"])
    places = places_of(gather, *children[b"iloc"], set(wanted)) if wanted else {}
    idat = children.get(b"idat", (0, 0))
    for item, (kind, packed) in wanted.items():
        if item not in places:
            gather.trouble("malformed", f"metadata item {item} has no place in the file")
            continue
        _item(gather, item, kind, *places[item], idat, packed=packed)


def _wanted(gather: Gather, start: int, end: int) -> dict[int, tuple[SlotKind, bool]]:
    """Return the numbers of the items that are Exif or XMP, and whether they are deflated."""
    data = gather.data
    found: dict[int, tuple[SlotKind, bool]] = {}
    cursor = Cursor(data, start, end)
    version = cursor.number(4) >> 24
    count = cursor.number(4 if version else 2)
    for _ in range(min(count, _MAX_ITEMS)):
        gather.step()
        head = cursor.pos
        size = cursor.number(4)
        cursor.number(4)  # "infe"
        kind_version = cursor.number(4) >> 24
        if size < 12 or head + size > end:
            gather.trouble("malformed", f"item entry at byte {head} has {size} bytes")
            break
        if kind_version >= 2:
            item = cursor.number(4 if kind_version == 3 else 2)
            cursor.number(2)  # protection
            kind = data[cursor.pos : cursor.pos + 4]
            texts = data[cursor.pos + 4 : head + size].split(b"\0")  # name, content type, …
            if kind == b"Exif":
                found[item] = SlotKind.EXIF, False
            elif kind == b"mime" and len(texts) > 1 and texts[1] == _XMP_TYPE:
                found[item] = SlotKind.XMP, texts[2:3] == [_PACKED]
        cursor.pos = head + size
    return found


def places_of(
    gather: Gather, start: int, end: int, wanted: set[int]
) -> dict[int, tuple[int, list[Range]]]:
    """Return for each wanted item the construction method and its (offset, length) extents."""
    cursor = Cursor(gather.data, start, end)
    version = cursor.number(4) >> 24
    sizes = cursor.number(2)
    offset_size, length_size = sizes >> 12, sizes >> 8 & 15
    base_size, index_size = sizes >> 4 & 15, sizes & 15 if version in (1, 2) else 0
    count = cursor.number(4 if version == 2 else 2)
    found: dict[int, tuple[int, list[Range]]] = {}
    for _ in range(min(count, _MAX_ITEMS)):
        gather.step()
        item = cursor.number(4 if version == 2 else 2)
        method = cursor.number(2) & 15 if version in (1, 2) else 0
        cursor.number(2)  # data reference
        base = cursor.number(base_size)
        extents: list[Range] = []
        number = cursor.number(2)
        if number > _MAX_EXTENTS and item in wanted:
            gather.trouble("malformed", f"item {item} lies in {number} pieces")
        for _ in range(number):
            cursor.number(index_size)
            extent = (base + cursor.number(offset_size), cursor.number(length_size))
            if len(extents) < _MAX_EXTENTS:
                extents.append(extent)
            if cursor.over:
                gather.trouble("malformed", "the item location box ends early")
                return found
        if item in wanted:
            found[item] = (method, extents)
    return found


def _item(
    gather: Gather, item: int, kind: SlotKind, method: int, extents: list[Range], idat: Range,
    *, packed: bool,
) -> None:  # fmt: skip
    if method > 1 or not extents:
        gather.trouble("malformed", f"metadata item {item} lies inside another item")
        return
    shift, limit = (idat[0], idat[1]) if method == 1 else (0, len(gather.data))
    pieces, complete = [], True
    for offset, length in extents:
        start = shift + offset
        end = start + length if length else limit
        complete = complete and end <= limit
        pieces.append(gather.take(start, min(end, limit)))
    payload = b"".join(pieces)
    if not complete:
        gather.trouble("truncated", f"metadata item {item} ends beyond the file")
    first = shift + extents[0][0]
    skip = 0
    if kind is SlotKind.EXIF:  # four bytes say where the TIFF header begins
        skip = 4 + int.from_bytes(payload[:4], "big")
        if skip > len(payload):
            gather.trouble("malformed", f"Exif item {item} points beyond itself")
            return
    stored = len(payload)
    if packed:
        payload, whole = gather.inflate(payload, f"metadata item {item}")
        complete = complete and whole
    gather.slot(
        kind,
        first + skip,
        first + stored,
        key=f"item {item}",
        mechanism="HEIF item",
        payload=payload[skip:],
        complete=complete,
    )
