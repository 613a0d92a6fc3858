"""Reads Apple's maker note: the identifiers that keep the parts of one photograph together.

The note is an IFD of its own behind "Apple iOS": big-endian as its header says, offsets counted
from the note's first byte. Source: exiftool.org/TagNames/Apple.html.
"""

from __future__ import annotations

from dataclasses import dataclass

_HEAD = b"Apple iOS\0"
_ORDER_AT = 12  # "MM" or "II", behind the head and a version
_MAX_ENTRIES = 256
_MAX_TEXT = 256  # bytes
_ASCII = 2
_BURST, _CONTENT = 0x000B, 0x0011


@dataclass(frozen=True, slots=True)
class AppleNote:
    content: str = ""  # the same in both halves of a Live Photo
    burst: str = ""  # the same in all pictures of a burst


def read_apple_note(note: bytes) -> AppleNote | None:
    """Return the identifiers of a maker note; None where it is not Apple's. Never raises."""
    order = {b"MM": "big", b"II": "little"}.get(note[_ORDER_AT : _ORDER_AT + 2])
    if not note.startswith(_HEAD) or order is None:
        return None

    def number(at: int, size: int) -> int:
        return int.from_bytes(note[at : at + size], order)  # type: ignore[arg-type]

    found: dict[int, str] = {}
    start = _ORDER_AT + 2
    count = min(number(start, 2), _MAX_ENTRIES, max(0, len(note) - start - 2) // 12)
    for index in range(count):
        at = start + 2 + 12 * index
        tag, kind, size = number(at, 2), number(at + 2, 2), number(at + 4, 4)
        if tag in (_BURST, _CONTENT) and kind == _ASCII and 0 < size <= _MAX_TEXT:
            value_at = at + 8 if size <= 4 else number(at + 8, 4)
            raw = note[value_at : value_at + size].split(b"\0", 1)[0]
            text = raw.decode("ascii", "replace").strip()
            if text.isprintable():
                found.setdefault(tag, text)
    return AppleNote(found.get(_CONTENT, ""), found.get(_BURST, ""))
