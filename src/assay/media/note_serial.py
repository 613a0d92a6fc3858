"""Reads the body's serial number, and nothing else, from the maker notes of four makers.

A maker note is a TIFF directory of the maker's own; what offsets are counted from differs. Tags:
exiftool.org/TagNames (Canon 0x000c, Nikon 0x001d, FujiFilm 0x0010, Panasonic 0x0025). The note is
hostile: every offset is checked, entries are bounded, nothing is raised.
"""

from __future__ import annotations

import re

_MAX_ENTRIES = 256
_MAX_TEXT = 64  # bytes
_ASCII, _LONG, _UNDEFINED = 2, 4, 7
_ORDERS = {b"II": True, b"MM": False}


def note_serial(make: str, note: bytes, block: bytes, start: int, *, little: bool) -> str:
    """Return the serial number that the maker note of a camera of that make states, or ''.

    ``block`` is the TIFF block that holds the note at byte ``start``; ``little`` is its byte order.
    """
    if note.startswith(b"Nikon\0\x02"):
        inner = note[10:]
        order = _ORDERS.get(inner[:2])
        at = _number(inner, 4, 4, little=bool(order))
        return "" if order is None else _find(inner, at, 0x001D, little=order)
    if note.startswith(b"FUJIFILM"):
        return _find(note, _number(note, 8, 4, little=True), 0x0010, little=True)
    if note.startswith(b"Panasonic\0\0\0"):
        return _find(block, start + 12, 0x0025, little=little)
    if make.casefold().startswith("canon"):  # its note has no head to know it by
        return _find(block, start, 0x000C, little=little, canon=True)
    return ""


def _find(data: bytes, at: int, wanted: int, *, little: bool, canon: bool = False) -> str:
    """Return the value of one tag of the directory at byte ``at`` of what offsets count from."""
    count = _number(data, at, 2, little=little)
    if not 0 < at + 2 + 12 * count <= len(data) or count > _MAX_ENTRIES:
        return ""
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        if _number(data, entry, 2, little=little) != wanted:
            continue
        kind = _number(data, entry + 2, 2, little=little)
        size = _number(data, entry + 4, 4, little=little)
        if canon:
            number = _number(data, entry + 8, 4, little=little)
            return str(number) if kind == _LONG and size == 1 and number else ""
        if kind not in (_ASCII, _UNDEFINED) or not 0 < size <= _MAX_TEXT:
            return ""
        value = entry + 8 if size <= 4 else _number(data, entry + 8, 4, little=little)
        return _text(data[value : value + size])
    return ""


def _number(data: bytes, at: int, size: int, *, little: bool) -> int:
    return int.from_bytes(data[at : at + size], "little" if little else "big")


def _text(raw: bytes) -> str:
    """Return printable ASCII without what pads it, or ''."""
    text = raw.split(b"\0", 1)[0].decode("ascii", "replace").strip()
    return text if re.fullmatch(r"[\x20-\x7e]+", text) else ""
