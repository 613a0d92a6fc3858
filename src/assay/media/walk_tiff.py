"""Walks the directories of a TIFF, BigTIFF or TIFF-shaped raw photo, for what lies beside EXIF.

The whole file is one EXIF slot (``media.tiff`` reads its tags); this module keeps XMP, IPTC,
colour profile and C2PA by their tags, the picture size and the number of pages.
Sources: TIFF 6.0; Adobe TIFF Technical Notes; XMP part 3 (700); C2PA 2.x A.3 (52545).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from assay.core.slots import SlotKind
from assay.media.gather import Gather
from assay.media.photoshop import read_resources

_MAX_PAGES = 4096
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}
_TAGS = {
    700: (SlotKind.XMP, "TIFF tag 700"),
    33723: (SlotKind.IPTC, "TIFF tag 33723"),
    34675: (SlotKind.ICC, "TIFF tag 34675"),
    52545: (SlotKind.C2PA, "TIFF tag 52545"),
}
_PHOTOSHOP = 34377
_WIDTH, _HEIGHT = 256, 257


@dataclass(frozen=True, slots=True)
class _Layout:
    order: str  # "<" or ">"
    big: bool

    @property
    def entry(self) -> struct.Struct:
        return struct.Struct(self.order + ("HHQ8s" if self.big else "HHI4s"))

    def number(self, data: bytes, pos: int, size: int) -> int:
        return int.from_bytes(data[pos : pos + size], "little" if self.order == "<" else "big")


def walk_tiff(gather: Gather) -> None:
    """Gather the slots of a TIFF that starts at byte 0."""
    data, size = gather.data, len(gather.data)
    layout = _Layout("<" if data[:2] == b"II" else ">", data[2:4] in (b"+\0", b"\0+"))
    gather.slot(SlotKind.EXIF, 0, size, mechanism="TIFF")
    seen: set[int] = set()
    word = 8 if layout.big else 4
    at = layout.number(data, 8 if layout.big else 4, word)
    if at == 0:
        gather.trouble("malformed", "the TIFF names no directory")
    while at:
        if at in seen:
            gather.trouble("metadata_loop", f"directory at byte {at} is its own successor")
            break
        if len(seen) >= _MAX_PAGES:
            gather.trouble("malformed", f"more than {_MAX_PAGES} directories; the rest unread")
            break
        if at + 2 > size:
            gather.trouble("truncated", f"a directory lies at byte {at} of {size}")
            break
        seen.add(at)
        at = _directory(gather, layout, at, first=len(seen) == 1)
    gather.facts["pages"] = str(len(seen))


def _directory(gather: Gather, layout: _Layout, at: int, *, first: bool) -> int:
    """Read one directory; returns where the next one lies, 0 at the end."""
    data = gather.data
    head, word = (8, 8) if layout.big else (2, 4)
    entry = layout.entry
    count = layout.number(data, at, head)
    start = at + head
    end = start + count * entry.size
    if end + word > len(data):
        gather.trouble("truncated", f"the directory at byte {at} ends beyond the file")
        count = max(0, (len(data) - start) // entry.size)
        end = len(data)  # no successor can be read
    for index in range(count):
        gather.step()
        pos = start + index * entry.size
        tag, kind, items, inline = entry.unpack_from(data, pos)
        if first and tag in (_WIDTH, _HEIGHT):
            value = layout.number(inline, 0, min(_SIZES.get(kind, 4), word))
            if tag == _WIDTH:
                gather.width = value
            else:
                gather.height = value
        elif tag in _TAGS or tag == _PHOTOSHOP:
            length = items * _SIZES.get(kind, 1)
            inside = length <= word
            where = pos + entry.size - word if inside else layout.number(inline, 0, word)
            _block(gather, tag, where, where + length)
    return layout.number(data, end, word)


def _block(gather: Gather, tag: int, start: int, end: int) -> None:
    size = len(gather.data)
    complete = end <= size
    if not complete:
        gather.trouble("malformed", f"TIFF tag {tag} ends beyond the file")
    if tag == _PHOTOSHOP:
        block = gather.take(start, end)
        read_resources(gather, block, start, "TIFF tag 34377", stored=True)
        return
    kind, mechanism = _TAGS[tag]
    gather.slot(kind, start, end, key=str(tag), mechanism=mechanism, complete=complete)
