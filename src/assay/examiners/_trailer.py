"""What stands behind the end of a picture: named by its first and last bytes, nothing opened.

Phones append videos, depth maps and marks of their own; so do archivers and people who hide
something. The openers take out what can be opened; this only gives it a name.
Names: https://exiftool.org/TagNames (Samsung, CanonVRD, Trailer), Google "Motion Photo" and
"Ultra HDR" formats, CIPA DC-007 (MPF).
"""

from __future__ import annotations

from dataclasses import dataclass

from assay.core.slots import Slot, SlotKind, Walk

TAIL = 64  # bytes at the end of the file that the names need


@dataclass(frozen=True, slots=True)
class Trailer:
    """What follows the end of a picture."""

    what: str
    offset: int  # of its first byte in the file
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class _Mark:
    what: str
    starts: bytes = b""
    within: int = 0  # bytes after the first of the trailer at which ``starts`` may begin
    ends: bytes = b""  # anywhere in the last 64 bytes of the file


_MARKS = (
    _Mark("Samsung trailer (SEFT)", ends=b"SEFT"),
    _Mark("Canon raw recipe (CanonVRD)", starts=b"CANON OPTIONAL DATA\0"),
    _Mark("Insta360 trailer", ends=b"8db42d694ccc418790edff439fe026bf"),
    _Mark("FotoStation trailer", ends=b"\xa1\xb2\xc3\xd4"),
    _Mark("vivo trailer", starts=b"vivo{"),
    _Mark("MP4 video", starts=b"ftyp", within=4),  # behind the size of its box
    _Mark("another JPEG", starts=b"\xff\xd8\xff"),
    _Mark("PNG picture", starts=b"\x89PNG\r\n\x1a\n"),
    _Mark("RIFF file", starts=b"RIFF"),
    _Mark("ZIP archive", starts=b"PK\3\4"),
    _Mark("RAR archive", starts=b"Rar!\x1a\7"),
    _Mark("7z archive", starts=b"7z\xbc\xaf\x27\x1c"),
    _Mark("PDF document", starts=b"%PDF-"),
    _Mark("XMP packet", starts=b"<?xpacket"),
    _Mark("XMP packet", starts=b"<x:xmpmeta"),
)


def trailer_of(walk: Walk, end: bytes) -> Trailer | None:
    """Name what follows a picture; ``end`` are the last 64 bytes of the file. None: nothing."""
    slot = next((slot for slot in walk.slots if slot.kind is SlotKind.TRAILER), None)
    if slot is None or not slot.length:
        return None
    listed = any(other.kind is SlotKind.MPF for other in walk.slots)
    return Trailer(_name(slot, end[-TAIL:], listed=listed), slot.offset, slot.length)


def _name(slot: Slot, end: bytes, *, listed: bool) -> str:
    start = slot.data.lstrip(b"\0")  # makers align the next part
    for mark in _MARKS:
        if mark.starts and mark.starts not in start[: mark.within + len(mark.starts)]:
            continue
        if mark.ends and mark.ends not in end:
            continue
        if mark.what == "another JPEG" and listed:
            return "another JPEG, listed in the file (MPF)"
        return mark.what
    if b"MotionPhoto_Data" in start:
        return "Samsung motion photo"
    if slot.complete and not start:
        return "zeros"
    if slot.complete and not start.strip(b"\xff\xd9\0\r\n "):
        return "padding"
    head = start[:4096]
    if head and all(c in b"\t\r\n" or 0x20 <= c < 0x7F for c in head):
        return "plain text"
    return "unknown data"
